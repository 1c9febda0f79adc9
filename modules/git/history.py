"""Reads a repository's history: revisions, descriptions, differences; and exports a tree of it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modules.context import Context
from modules.git.arguments import COUNT, check, check_path, check_rev, only_options
from modules.git.run import DEFAULTS, GitOptions, ask, failure, git
from shoal.errors import ArgumentError
from shoal.functions.function import function

_DIFF: Final = {
    **dict.fromkeys(("--stat", "--shortstat", "--numstat", "--name-only", "--name-status", "--summary"), ""),
    **dict.fromkeys(("--cached", "--staged", "--ignore-all-space", "-w", "--ignore-space-change", "-b"), ""),
    "--unified": COUNT,
}
_DESCRIBE: Final = dict.fromkeys(("--tags", "--all", "--always", "--long", "--contains", "--dirty"), "")


@function(replay="safe", aliases=("git.revision",))
def rev_parse(
    ctx: Context, cwd: str, rev: str = "HEAD", short: bool = False, options: GitOptions = DEFAULTS
) -> str:
    """Return the commit that a revision names, with `short` only as much of it as is needed.

    CLI Example:

        shoal '*' git.rev_parse /srv/site v1.2
        shoal '*' git.revision /srv/site
    """
    words = ["rev-parse", "--verify", *(["--short"] if short else []), check_rev(rev)]
    return ask(words, cwd, options)


@function(replay="safe")
def describe(
    ctx: Context, cwd: str, rev: str = "HEAD", opts: str = "", options: GitOptions = DEFAULTS
) -> str:
    """Return the tag that is nearest before a revision, as `git describe` does.

    CLI Example:

        shoal '*' git.describe /srv/site opts=--tags
    """
    flags = only_options(opts, _DESCRIBE)
    return ask(["describe", *flags, *([] if "--dirty" in flags else [check_rev(rev)])], cwd, options)


@function(replay="safe")
def merge_base(
    ctx: Context,
    cwd: str,
    refs: list[str],
    octopus: bool = False,
    is_ancestor: bool = False,
    options: GitOptions = DEFAULTS,
) -> str | bool:
    """Return the commit that revisions have in common; with `is_ancestor` whether the first leads to the second.

    CLI Example:

        shoal '*' git.merge_base /srv/site HEAD,origin/main
        shoal '*' git.merge_base /srv/site v1.2,HEAD is_ancestor=true
    """
    if is_ancestor and (len(refs) != 2 or octopus):
        raise ArgumentError("git.merge_base: is_ancestor takes two revisions and no octopus")
    flag = ["--is-ancestor"] if is_ancestor else ["--octopus"] if octopus else []
    words = ["merge-base", *flag, *map(check_rev, refs)]
    done = git(words, cwd, options)
    if is_ancestor and done.retcode in (0, 1):
        return done.retcode == 0
    if done.retcode == 1 and not done.stderr:
        return ""  # they have nothing in common
    if done.retcode != 0:
        raise failure(done, words, cwd)
    return done.stdout.strip()


@function(replay="safe")
def diff(
    ctx: Context,
    cwd: str,
    item1: str = "",
    item2: str = "",
    paths: list[str] | None = None,
    opts: str = "",
    options: GitOptions = DEFAULTS,
) -> str:
    """Return the difference between two revisions, a revision and the files, or what is and is not yet added.

    CLI Example:

        shoal '*' git.diff /srv/site
        shoal '*' git.diff /srv/site v1.2 HEAD paths=prices.csv opts=--stat
        shoal '*' git.diff /srv/site opts=--cached
    """
    flags = only_options(opts, _DIFF)
    revs = [check_rev(each) for each in (item1, item2) if each]
    return ask(["diff", "--no-ext-diff", "--no-textconv", *flags, *revs, "--", *(paths or [])], cwd, options)


@function
def archive(
    ctx: Context,
    cwd: str,
    output: str,
    rev: str = "HEAD",
    prefix: str | None = None,
    options: GitOptions = DEFAULTS,
) -> bool:
    """Export a revision's files to an archive: `.tar`, `.tar.gz`, `.tgz` or `.zip`, as the name says.

    Names in it begin with the folder's name, or with `prefix`, which may be empty.

    CLI Example:

        shoal '*' git.archive /srv/site /srv/upload/site.tar.gz
        shoal '*' git.archive /srv/site /srv/upload/site.zip rev=v1.2 prefix=site/
    """
    lead = f"{Path(check_path(cwd)).name}/" if prefix is None else prefix
    check(r"(?!/)(?!(?:.*/)?\.\./)[^\x00-\x1f]*", lead, "a prefix")
    words = ["archive", f"--output={check_path(output)}", f"--prefix={lead}", check_rev(rev)]
    ask(words, cwd, options)
    return True
