"""Makes repositories and works in them: clone, init, status, add, commit, checkout, reset, submodules."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

from modules.context import Context
from modules.git.arguments import (
    COUNT,
    NAME,
    check,
    check_path,
    check_rev,
    check_url,
    hidden,
    only_options,
    split_opts,
)
from modules.git.run import DEFAULTS, GitOptions, ask, ask_whole, failure, git
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_CLONE: Final = {
    **dict.fromkeys(
        ("--bare", "--mirror", "--no-checkout", "-n", "--single-branch", "--no-single-branch"), ""
    ),
    **dict.fromkeys(("--no-tags", "--recurse-submodules", "--recursive", "--shallow-submodules"), ""),
    **{"--depth": COUNT, "--branch": NAME, "-b": NAME, "--origin": NAME, "-o": NAME, "--jobs": COUNT},
}
_COMMIT: Final = {
    **dict.fromkeys(("--all", "-a", "--amend", "--allow-empty", "--no-verify", "-n", "--signoff", "-s"), ""),
    "--author": r"[^<>\x00-\x1f]+ <[^<>\x00-\x1f]*>",
    "--date": r"[\w:+. -]+",
}
_SUBMODULE: Final = {
    **dict.fromkeys(("--init", "--recursive", "--remote", "--force", "-f", "--all", "--cached"), ""),
    **{"--depth": COUNT, "--jobs": COUNT},
}
_STATES: Final = {
    "M": "modified",
    "A": "new",
    "D": "deleted",
    "?": "untracked",
    "R": "renamed",
    "C": "copied",
}


@function
def clone(
    ctx: Context, cwd: str, url: str, name: str = "", opts: str = "", options: GitOptions = DEFAULTS
) -> bool:
    """Clone a repository into the folder `cwd`, or into `cwd/name`.

    A login in the URL is kept by git in the clone's settings and seen in the process list; a key for ssh
    (`identity`) or git's credential store is better. It is never shown in errors.

    CLI Example:

        shoal '*' git.clone /srv/site https://git.example.com/site.git
        shoal '*' git.clone /srv https://git.example.com/site.git name=site opts='--depth 1' user=www
        shoal '*' git.clone /srv/site git@git.example.com:site.git identity=/etc/keys/deploy
    """
    target = str(
        Path(check_path(cwd), check(r"(?!\.\.?$)[^/\x00-\x1f]+", name, "a folder's name") if name else "")
    )
    words = ["clone", *only_options(opts, _CLONE), "--", check_url(url), target]
    ask(words, "/", options, url=url)
    return True


@function(replay="safe")
def init(
    ctx: Context, cwd: str, bare: bool = False, initial_branch: str = "", options: GitOptions = DEFAULTS
) -> str:
    """Make an empty repository in the folder `cwd`; one that is there stays as it is.

    CLI Example:

        shoal '*' git.init /srv/site.git bare=true
    """
    words = ["init", *(["--bare"] if bare else [])]
    if initial_branch:
        words.append(f"--initial-branch={check(NAME, initial_branch, 'a branch')}")
    return ask([*words, "--", check_path(cwd)], "/", options)


@function(replay="safe")
def status(ctx: Context, cwd: str, options: GitOptions = DEFAULTS) -> dict[str, list[str]]:
    """Return the files that differ from the last commit: `modified`, `new`, `deleted`, `untracked` and others.

    CLI Example:

        shoal '*' git.status /srv/site
    """
    return parse_status(ask_whole(["status", "--porcelain", "-z"], cwd, options))


def parse_status(text: str) -> dict[str, list[str]]:
    """Return the files by state from `git status --porcelain -z`."""
    found: dict[str, list[str]] = {}
    entries = iter(text.split("\0"))
    for entry in entries:
        if len(entry) < 4:
            continue
        state, path = entry[:2], entry[3:]
        clash = "U" in state or state in ("AA", "DD")
        kind = "unmerged" if clash else _STATES.get(state.strip()[:1], state.strip())
        if state[0] in "RC":
            next(entries, "")  # the old name
        found.setdefault(kind, []).append(path)
    return found


@function(replay="safe")
def add(ctx: Context, cwd: str, filename: str, opts: str = "", options: GitOptions = DEFAULTS) -> str:
    """Put a file, a folder or a pattern of git's into the next commit and return what was added.

    CLI Example:

        shoal '*' git.add /srv/site index.html
        shoal '*' git.add /srv/site . opts=--all
    """
    allowed = dict.fromkeys(("--all", "-A", "--update", "-u", "--force", "-f"), "")
    return ask(["add", "--verbose", *only_options(opts, allowed), "--", filename], cwd, options)


@function
def commit(
    ctx: Context, cwd: str, message: str, filename: str = "", opts: str = "", options: GitOptions = DEFAULTS
) -> str:
    """Commit what was added, or one file, and return what git says of it.

    CLI Example:

        shoal '*' git.commit /srv/site 'New prices'
        shoal '*' git.commit /srv/site 'New prices' filename=prices.csv user=www
    """
    if not message.strip():
        raise ArgumentError("git.commit: there is no message")
    words = ["commit", *only_options(opts, _COMMIT), "--file=-", *(["--", filename] if filename else [])]
    return ask(words, cwd, options, stdin=message)


@function
def checkout(
    ctx: Context, cwd: str, rev: str = "", force: bool = False, opts: str = "", options: GitOptions = DEFAULTS
) -> str:
    """Switch to a branch, a tag or a commit and return what git says of it.

    CLI Example:

        shoal '*' git.checkout /srv/site v1.2
        shoal '*' git.checkout /srv/site opts='-b feature origin/main'
    """
    names = {"-b": NAME, "-B": NAME, "--detach": "", "--track": "", "-t": "", "--force": "", "-f": ""}
    flags, rest = split_opts(opts, names)
    revs = [check_rev(each) for each in (*filter(None, (rev,)), *rest)]
    if not revs and not flags:
        raise ArgumentError("git.checkout: give the revision to switch to, rev=")
    if len(revs) > 1:
        raise ArgumentError(f"git.checkout: {revs[0]!r} and {revs[1]!r} are two revisions; give one")
    words = ["checkout", *(["--force"] if force else []), *flags, *revs, "--"]
    done = git(words, cwd, options)
    if done.retcode != 0:
        raise failure(done, words, cwd)
    return hidden(done.stderr.strip() or done.stdout.strip())


@function
def reset(ctx: Context, cwd: str, opts: str = "", options: GitOptions = DEFAULTS) -> str:
    """Set the branch to a revision, with `--soft`, `--mixed`, `--hard`, `--merge` or `--keep`.

    CLI Example:

        shoal '*' git.reset /srv/site opts='--hard origin/main'
    """
    flags, rest = split_opts(opts, dict.fromkeys(("--soft", "--mixed", "--hard", "--merge", "--keep"), ""))
    if len(rest) > 1:
        raise ArgumentError(f"git.reset: {rest[0]!r} and {rest[1]!r} are two revisions; give one")
    return ask(["reset", *flags, *map(check_rev, rest), "--"], cwd, options)


@function
def submodule(
    ctx: Context,
    cwd: str,
    command: Literal["init", "update", "sync", "status", "deinit"],
    opts: str = "",
    init: bool = False,
    options: GitOptions = DEFAULTS,
) -> str:
    """Run a command of `git submodule` and return what it says; `init` goes with `update`.

    `foreach` is not here: it is a way to run shell lines, as cmd.run is.

    CLI Example:

        shoal '*' git.submodule /srv/site update init=true opts=--recursive
        shoal '*' git.submodule /srv/site sync
    """
    if init and command != "update":
        raise ArgumentError("git.submodule: init=true goes only with update")
    words = ["submodule", command, *only_options(opts, _SUBMODULE), *(["--init"] if init else [])]
    return hidden(ask(words, cwd, options))


@function(replay="safe")
def version(ctx: Context, versioninfo: bool = False) -> str | list[int]:
    """Return the version of git; with `versioninfo` as a list of numbers.

    CLI Example:

        shoal '*' git.version
    """
    words = ask(["version"], "/", DEFAULTS).split()
    if len(words) < 3:
        raise ModuleError("git does not tell its version")
    numbers = [int(part) for part in words[2].split(".") if part.isdigit()]
    return numbers if versioninfo else words[2]
