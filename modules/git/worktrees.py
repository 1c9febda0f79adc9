"""Further working folders of a repository."""

from __future__ import annotations

import os

from modules.context import Context
from modules.git.arguments import NAME, check, check_path, check_rev
from modules.git.run import DEFAULTS, GitOptions, ask, git
from shoal.errors import ModuleError
from shoal.functions.function import function


@function(replay="safe")
def is_worktree(ctx: Context, cwd: str, options: GitOptions = DEFAULTS) -> bool:
    """Say whether a folder is a further working folder of a repository that lies elsewhere.

    CLI Example:

        shoal '*' git.is_worktree /srv/site
    """
    if not os.path.isdir(check_path(cwd)):  # noqa: PTH112
        return False
    done = git(["rev-parse", "--absolute-git-dir", "--git-common-dir"], cwd, options)
    lines = done.stdout.splitlines()
    if done.retcode != 0 or len(lines) != 2:
        return False
    own, common = (os.path.realpath(os.path.join(cwd, line)) for line in lines)  # noqa: PTH118  either may be relative
    return own != common


@function
def worktree_add(
    ctx: Context,
    cwd: str,
    worktree_path: str,
    ref: str = "",
    reset_branch: str = "",
    detach: bool = False,
    options: GitOptions = DEFAULTS,
) -> str:
    """Make a further working folder; on a branch of its own name, on `ref`, or on `reset_branch`, set to `ref`.

    CLI Example:

        shoal '*' git.worktree_add /srv/site /srv/site-next ref=origin/main detach=true
    """
    words = ["worktree", "add", *(["--detach"] if detach else [])]
    if reset_branch:
        words += ["-B", check(NAME, reset_branch, "a branch")]
    words += ["--", check_path(worktree_path), *([check_rev(ref)] if ref else [])]
    return ask(words, cwd, options)


@function
def worktree_rm(ctx: Context, cwd: str, options: GitOptions = DEFAULTS) -> bool:
    """Remove a further working folder with all that is in it; the repository's main folder is refused.

    CLI Example:

        shoal '*' git.worktree_rm /srv/site-next
    """
    if not is_worktree(ctx, cwd, options):
        raise ModuleError(f"{cwd} is no further working folder of a repository, so it was not removed")
    common = ask(["rev-parse", "--git-common-dir"], cwd, options)
    ask(["worktree", "remove", "--force", "--", cwd], os.path.join(cwd, common), options)  # noqa: PTH118
    return True
