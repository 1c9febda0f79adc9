"""Branches and tags."""

from __future__ import annotations

from typing import Final

from modules.context import Context
from modules.git.arguments import NAME, check, check_rev, only_options, split_opts
from modules.git.run import DEFAULTS, GitOptions, ask, ask_whole, failure, git
from shoal.errors import ArgumentError
from shoal.functions.function import function

_BRANCH: Final = {
    **dict.fromkeys(("--delete", "-d", "-D", "--force", "-f", "--track", "--no-track", "--move", "-m"), ""),
    **{"--set-upstream-to": NAME, "-u": NAME},
}


@function(replay="safe")
def current_branch(ctx: Context, cwd: str, options: GitOptions = DEFAULTS) -> str:
    """Return the branch that is checked out, `HEAD` when it is none.

    CLI Example:

        shoal '*' git.current_branch /srv/site
    """
    words = ["symbolic-ref", "--quiet", "--short", "HEAD"]
    done = git(words, cwd, options)
    if done.retcode == 1:
        return "HEAD"
    if done.retcode != 0:
        raise failure(done, words, cwd)
    return done.stdout.strip()


@function(replay="safe")
def list_branches(ctx: Context, cwd: str, remote: bool = False, options: GitOptions = DEFAULTS) -> list[str]:
    """List the branches, or those of the remotes as they were last fetched.

    CLI Example:

        shoal '*' git.list_branches /srv/site
        shoal '*' git.list_branches /srv/site remote=true
    """
    return _names(cwd, "refs/remotes" if remote else "refs/heads", options)


@function(replay="safe")
def list_tags(ctx: Context, cwd: str, options: GitOptions = DEFAULTS) -> list[str]:
    """List the tags.

    CLI Example:

        shoal '*' git.list_tags /srv/site
    """
    return _names(cwd, "refs/tags", options)


@function
def branch(ctx: Context, cwd: str, name: str, opts: str = "", options: GitOptions = DEFAULTS) -> bool:
    """Make a branch, or with options delete, rename or change one; a word in `opts` is where it starts.

    CLI Example:

        shoal '*' git.branch /srv/site feature
        shoal '*' git.branch /srv/site feature opts='--force origin/main'
        shoal '*' git.branch /srv/site feature opts=-d
    """
    flags, rest = split_opts(opts, _BRANCH)
    if len(rest) > 1:
        raise ArgumentError(f"git.branch: {rest[1]!r} has no place")
    words = ["branch", *flags, "--", check(NAME, name, "a branch"), *map(check_rev, rest)]
    ask(words, cwd, options)
    return True


@function
def tag(
    ctx: Context,
    cwd: str,
    name: str,
    ref: str = "HEAD",
    message: str = "",
    opts: str = "",
    options: GitOptions = DEFAULTS,
) -> str:
    """Make a tag, with `message` an annotated one, or delete one by `-d`.

    CLI Example:

        shoal '*' git.tag /srv/site v1.2
        shoal '*' git.tag /srv/site v1.2 message='Version 1.2' ref=main
        shoal '*' git.tag /srv/site v1.2 opts=-d
    """
    flags = only_options(opts, dict.fromkeys(("--force", "-f", "--delete", "-d"), ""))
    deletes = "-d" in flags or "--delete" in flags
    annotated = ["--annotate", "--file=-"] if message and not deletes else []
    target = [] if deletes else [check_rev(ref)]
    words = ["tag", *flags, *annotated, "--", check(NAME, name, "a tag"), *target]
    return ask(words, cwd, options, stdin=message if annotated else "")


def _names(cwd: str, below: str, options: GitOptions) -> list[str]:
    lines = ask_whole(["for-each-ref", "--format=%(refname:strip=2)", below], cwd, options).splitlines()
    return [line for line in lines if not line.endswith("/HEAD")] if below == "refs/remotes" else lines
