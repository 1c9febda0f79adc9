"""An empty repository, and a clone that is left alone from then on."""

from __future__ import annotations

from modules.context import Context
from modules.git.refs import current_branch
from modules.git.repository import checkout, init
from states.declare import state
from states.git.place import Access, clone_steps, fresh_steps, is_free, is_repository, shown
from states.plan import Plan, Step, call, failed, unchanged

_DEFAULTS = Access()


@state
def present(ctx: Context, name: str, bare: bool = True, options: Access = _DEFAULTS) -> Plan:
    """Have a repository in a folder, bare unless said otherwise; one that is there stays as it is.

    Example:

        /srv/git/site.git:
          git.present:
            - user: git
    """
    if is_repository(name, options.options()):
        return unchanged("")
    if not is_free(name):
        return failed(f"Target '{name}' exists, is non-empty, and is not a git repository; it is left alone")
    kind = "bare repository" if bare else "repository"
    return Plan(
        steps=fresh_steps(call(init, cwd=name, bare=bare, **options.as_kwargs()), name, options.user),
        changes={"new": name},
        would=f"New {kind} would be created",
        did=f"Initialized {kind} in {name}",
    )


@state
def cloned(ctx: Context, name: str, target: str, branch: str = "", options: Access = _DEFAULTS) -> Plan:
    """Have a clone in a folder, and this branch checked out; it is never updated.

    Example:

        https://git.example.com/site.git:
          git.cloned:
            - target: /srv/site
            - branch: stable
    """
    if is_repository(target, options.options()):
        return _on_branch(ctx, target, branch, options)
    if not is_free(target):
        return failed(f"Target '{target}' exists, is non-empty and is not a git repository; it is left alone")
    with_branch = f" with branch '{branch}'" if branch else ""
    return Plan(
        steps=clone_steps(name, target, options, [f"--branch={branch}"] if branch else []),
        changes={"new": f"{shown(name)} => {target}"},
        would=f"{shown(name)} would be cloned to {target}{with_branch}",
        did=f"{shown(name)} cloned to {target}{with_branch}",
    )


def _on_branch(ctx: Context, target: str, branch: str, access: Access) -> Plan:
    now = current_branch(ctx, target, access.options())
    if not branch:
        return unchanged(f"Repository already exists at {target}")
    if now == branch:
        return unchanged(f"Repository already exists at {target} and is checked out to branch '{branch}'")
    do = call(checkout, cwd=target, rev=branch, **access.as_kwargs())
    if now == "HEAD":
        step = Step(do=do, final="no branch was checked out")
    else:
        step = Step(do=do, undo=call(checkout, cwd=target, rev=now, **access.as_kwargs()))
    return Plan(
        steps=(step,),
        changes={"branch": {"old": now, "new": branch}},
        would=f"Branch would be changed to '{branch}'",
        did=f"Branch changed to '{branch}'",
    )
