"""Brings a repository that is checked out to a commit, and back to where it was. For states."""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from modules.git.arguments import NAME, check
from modules.git.refs import current_branch, list_branches
from modules.git.remotes import fetch
from modules.git.run import DEFAULTS, GitOptions, ask, git
from shoal.errors import CommandError
from shoal.functions.function import function

COMMIT: Final = r"[0-9a-f]{7,64}"


@function
def bring_to(
    ctx: Context,
    cwd: str,
    commit: str,
    remote: str = "origin",
    branch: str = "",
    force: bool = False,
    options: GitOptions = DEFAULTS,
) -> dict[str, Any]:
    """Bring the branch that is checked out, or `branch`, to a commit, which is fetched if it is not there.

    A branch that is not there is made. What is no fast-forward, or would lose changes, is done with `force` only. Says
    whether something was `fetched` and `forced`.

    CLI Example:

        shoal '*' git.bring_to /srv/site 3f786850e387550fdab836ed7e6dc881de23001b force=true
    """
    check(COMMIT, commit, "a commit")
    fetched = git(["cat-file", "-e", f"{commit}^{{commit}}"], cwd, options).retcode != 0
    if fetched:
        fetch(ctx, cwd, remote, options=options)
    if branch and branch != current_branch(ctx, cwd, options):
        known = check(NAME, branch, "a branch") in list_branches(ctx, cwd, options=options)
        way = [] if known else ["-b"]
        ask(
            ["checkout", *(["--force"] if force else []), *way, branch, *([] if known else [commit]), "--"],
            cwd,
            options,
        )
    onward = git(["merge-base", "--is-ancestor", "HEAD", commit], cwd, options).retcode == 0
    if not onward and not force:
        raise CommandError(
            f"Repository would be updated to {commit[:7]}, but this is not a fast-forward merge. "
            "Set 'force_reset' to True to force this update."
        )
    if force:
        ask(["reset", "--hard", commit, "--"], cwd, options)
    else:
        ask(["merge", "--ff-only", commit, "--"], cwd, options)
    return {"fetched": fetched, "forced": not onward}


@function
def lead_back(
    ctx: Context, cwd: str, commit: str, branch: str = "", made: str = "", options: GitOptions = DEFAULTS
) -> bool:
    """Bring a repository back to a commit on a branch, "" = none; the branch `made` since then goes.

    Refused when files have changed that are not committed.

    CLI Example:

        shoal '*' git.lead_back /srv/site 3f786850e387550fdab836ed7e6dc881de23001b branch=main
    """
    check(COMMIT, commit, "a commit")
    if ask(["status", "--porcelain", "--untracked-files=no"], cwd, options):
        raise CommandError(f"git: {cwd} has changes that are not committed; it is not brought back")
    if branch:
        ask(["checkout", check(NAME, branch, "a branch"), "--"], cwd, options)
        ask(["reset", "--hard", commit, "--"], cwd, options)
    else:
        ask(["checkout", "--detach", commit, "--"], cwd, options)
    if made:
        ask(["branch", "-D", "--", check(NAME, made, "a branch")], cwd, options)
    return True
