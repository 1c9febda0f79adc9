"""A checked-out repository that follows a revision of its remote."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from modules.context import Context
from modules.git.history import rev_parse
from modules.git.moving import bring_to, lead_back
from modules.git.refs import current_branch, list_branches
from modules.git.remotes import remote_set, remotes
from modules.git.repository import checkout, status, submodule
from modules.git.repository import reset as reset_to
from shoal.errors import ArgumentError
from states.declare import state
from states.git.place import Access, Revision, clone_steps, is_free, is_repository, revision_of, shown
from states.plan import Call, Done, Plan, Step, call, failed, unchanged

_DEFAULTS = Access()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be checked out. Spellings are Salt's."""

    rev: str = "HEAD"  # branch, tag or commit of the remote
    branch: str = ""  # the local one; "" = the one that is checked out
    remote: str = "origin"
    force_reset: bool = False  # give up changes, and commits that the remote does not have
    submodules: bool = False
    depth: int = 0  # how many commits of history a clone has; 0 = all


_REVISION = Wanted()


@state
def latest(
    ctx: Context, name: str, target: str, wanted: Wanted = _REVISION, options: Access = _DEFAULTS
) -> Plan:
    """Have a revision of a remote checked out in a folder; the remote is asked each time, also by a test run.

    What is no fast-forward, and changes that are not committed, are refused without `force_reset`. A clone of a branch
    is on a branch of that name.

    Example:

        https://git.example.com/site.git:
          git.latest:
            - target: /srv/site
            - rev: stable
            - user: www-data
            - identity: /etc/keys/deploy
    """
    access = options.options(name)
    revision = revision_of(ctx, name, wanted.rev, wanted.remote, access)
    if revision is None:
        return failed(f"No revision matching '{wanted.rev}' exists in the remote repository")
    if is_repository(target, access):
        return _Update(ctx, name, target, wanted, options, revision).plan()
    if not is_free(target):
        return failed(f"Target '{target}' exists, is non-empty and is not a git repository; it is left alone")
    return _cloning(name, target, wanted, options, revision)


def _cloning(url: str, target: str, wanted: Wanted, access: Access, revision: Revision) -> Plan:
    opts = [f"--origin={wanted.remote}"] if wanted.remote != "origin" else []
    opts += [f"--depth={wanted.depth}"] if wanted.depth else []
    opts += [f"--branch={revision.branch}"] if revision.branch else []
    first = clone_steps(url, target, access, opts)
    calls: list[Call] = []
    said, told = "", f"{revision.told} ({revision.commit[:7]})"
    if wanted.branch and wanted.branch != revision.branch:
        start = revision.told if revision.branch else revision.commit
        calls.append(call(checkout, cwd=target, opts=f"-b {wanted.branch} {start}", **access.as_kwargs()))
        said = f". Branch '{wanted.branch}' checked out, with {told} as a starting point."
    elif not revision.branch and wanted.rev != "HEAD":
        calls.append(call(reset_to, cwd=target, opts=f"--hard {revision.commit}", **access.as_kwargs()))
        said = f". Repository was reset to {told}."
    if wanted.submodules:
        calls.append(_submodules(target, access, url))
    rest = tuple(Step(do=each, undo=first[-1].undo, final=first[-1].final) for each in calls)
    return Plan(
        steps=(*first, *rest),
        changes={
            "new": f"{shown(url)} => {target}",
            "revision": {"old": None, "new": revision.commit},
        },
        would=f"Repository {shown(url)} would be cloned to {target}",
        did=f"{shown(url)} cloned to {target}{said}",
    )


@dataclass(slots=True)
class _Update:
    """A repository that is there, and what it is to become."""

    ctx: Context
    url: str
    target: str
    wanted: Wanted
    access: Access
    revision: Revision

    def plan(self) -> Plan:
        """Return the plan. Raises ModuleError."""
        options = self.access.options(self.url)
        now = rev_parse(self.ctx, self.target, options=options)
        on = current_branch(self.ctx, self.target, options)
        moves = not now.startswith(self.revision.commit) or self.wanted.branch not in ("", on)
        other = self._remote_step()
        if not moves and other is None:
            return unchanged(f"Repository {self.target} is up-to-date")
        files = status(self.ctx, self.target, options)
        dirty = moves and bool(files.keys() - {"untracked"})
        short = self.revision.commit[:7]
        if dirty and not self.wanted.force_reset:
            return failed(
                f"Repository would be updated from {now[:7]} to {short}, but there are uncommitted changes. Set "
                "'force_reset' to True to force this update and discard these changes."
            )
        steps = [other] if other else []
        changes: dict[str, Any] = {}
        if moves:
            steps.append(self._move(now, on, dirty=dirty))
            changes["revision"] = {"old": now, "new": self.revision.commit}
            if self.wanted.submodules:
                final = "submodules stay where they are"
                steps.append(Step(do=_submodules(self.target, self.access, self.url), final=final))
        if other:
            changes["remote"] = {"new": shown(self.url)}
        would = f"Remote '{self.wanted.remote}' would be fetched. "
        would += f"Repository would be updated from {now[:7]} to {short}."
        return Plan(
            steps=tuple(steps),
            changes=changes,
            would=would if moves else f"Remote '{self.wanted.remote}' would be changed to {shown(self.url)}",
            judge=lambda answers: self._judge(answers, changes, moves=moves, dirty=dirty),
        )

    def _remote_step(self) -> Step | None:
        """Return the step that gives the remote its address, None if it has it."""
        options = self.access.options(self.url)
        known = remotes(self.ctx, self.target, redact_auth=False, options=options).get(self.wanted.remote)
        old = (known or {}).get("fetch", "")
        if old == self.url:
            return None
        kwargs = {"cwd": self.target, "remote": self.wanted.remote, **self.access.as_kwargs(self.url)}
        do = call(remote_set, url=self.url, **kwargs)
        if not old:
            return Step(do=do, final=f"there was no remote {self.wanted.remote}")
        return Step(do=do, undo=call(remote_set, url=old, **kwargs))

    def _move(self, now: str, on: str, *, dirty: bool) -> Step:
        options, kwargs = self.access.options(self.url), self.access.as_kwargs(self.url)
        branch = self.wanted.branch
        do = call(
            bring_to, cwd=self.target, commit=self.revision.commit, remote=self.wanted.remote, branch=branch,
            force=self.wanted.force_reset, **kwargs,
        )  # fmt: skip
        if dirty:
            return Step(do=do, final="changes that were not committed are given up")
        known = list_branches(self.ctx, self.target, options=options)
        if branch not in ("", on) and branch in known:
            return Step(do=do, final=f"branch {branch} was somewhere else")
        back = "" if on == "HEAD" else on
        made = branch if branch not in ("", on) else ""
        return Step(
            do=do, undo=call(lead_back, cwd=self.target, commit=now, branch=back, made=made, **kwargs)
        )

    def _judge(self, answers: tuple[Any, ...], changes: dict[str, Any], *, moves: bool, dirty: bool) -> Done:
        said = [f"Remote '{self.wanted.remote}' changed to {shown(self.url)}"] if "remote" in changes else []
        told = dict(changes)
        if moves:
            answer = next(each for each in answers if isinstance(each, dict) and "forced" in each)
            if answer["fetched"]:
                said.append(f"{shown(self.url)} was fetched, resulting in updated refs")
            if dirty:
                said.append("Uncommitted changes were discarded")
            way = "hard-reset" if answer["forced"] else "fast-forwarded"
            said.append(f"Repository was {way} to {self.revision.told} ({self.revision.commit[:7]})")
            told |= {"forced update": True} if answer["forced"] else {}
        return Done(comment=". ".join(said) + ("." if len(said) > 1 else ""), changes=told)


@state
def detached(
    ctx: Context, name: str, target: str, rev: str, remote: str = "origin", options: Access = _DEFAULTS
) -> Plan:
    """Have a revision of a remote checked out in a folder, on no branch.

    Example:

        https://git.example.com/site.git:
          git.detached:
            - target: /srv/site
            - rev: v1.2
    """
    access, kwargs = options.options(name), options.as_kwargs(name)
    revision = revision_of(ctx, name, rev, remote, access)
    if revision is None:
        return failed(f"Revision '{rev}' does not exist")
    here = f"Commit ID {revision.commit} was checked out at {target}"
    if is_repository(target, access):
        now, on = rev_parse(ctx, target, options=access), current_branch(ctx, target, access)
        if now == revision.commit and on == "HEAD":
            return unchanged("Already checked out at correct revision.")
        if status(ctx, target, access).keys() - {"untracked"}:
            raise ArgumentError(f"git.detached: {target} has changes that are not committed")
        steps = (
            Step(
                do=call(checkout, cwd=target, opts=f"--detach {revision.commit}", **kwargs),
                undo=call(lead_back, cwd=target, commit=now, branch="" if on == "HEAD" else on, **kwargs),
            ),
        )
        would = f"Commit ID {revision.commit} would be checked out at {target}"
        return Plan(
            steps=steps, changes={"HEAD": {"old": now, "new": revision.commit}}, would=would, did=here
        )
    if not is_free(target):
        return failed(f"Target '{target}' exists, is non-empty and is not a git repository; it is left alone")
    first = clone_steps(name, target, options, [f"--origin={remote}"] if remote != "origin" else [])
    second = call(checkout, cwd=target, opts=f"--detach {revision.commit}", **kwargs)
    return Plan(
        steps=(*first, Step(do=second, undo=first[-1].undo, final=first[-1].final)),
        changes={"HEAD": {"old": None, "new": revision.commit}},
        would=f"Repository {shown(name)} would be cloned to {target}",
        did=f"{shown(name)} cloned to {target}. {here}.",
    )


def _submodules(target: str, access: Access, url: str) -> Call:
    return call(
        submodule, cwd=target, command="update", init=True, opts="--recursive", **access.as_kwargs(url)
    )
