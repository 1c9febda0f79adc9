"""Remotes: where a repository's commits come from, and fetching them."""

from __future__ import annotations

import re
from typing import Any, Final

from modules.context import Context
from modules.git.arguments import (
    COUNT,
    NAME,
    REFSPEC,
    check,
    check_rev,
    check_url,
    hidden,
    is_local,
    only_options,
    split_opts,
)
from modules.git.run import DEFAULTS, GitOptions, ask, ask_whole
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_FETCH: Final = {
    **dict.fromkeys(
        ("--all", "--prune", "-p", "--tags", "-t", "--no-tags", "--unshallow", "--force", "-f"), ""
    ),
    **{"--depth": COUNT, "--jobs": COUNT},
}
_PULL: Final = {
    **dict.fromkeys(("--rebase", "--no-rebase", "--ff-only", "--ff", "--no-ff", "--prune", "--tags"), ""),
    **dict.fromkeys(("--autostash", "--recurse-submodules"), ""),
    "--depth": COUNT,
}
_LINE: Final = re.compile(r"(\S+)\t(.*) \((fetch|push)\)(?: \[.*\])?")


@function(replay="safe")
def fetch(
    ctx: Context,
    cwd: str,
    remote: str = "",
    refspecs: list[str] | None = None,
    force: bool = False,
    opts: str = "",
    options: GitOptions = DEFAULTS,
) -> dict[str, Any]:
    """Fetch from a remote and return what that changed: `new branches`, `updated branches`, `new tags` and so on.

    A kind of change that did not happen has no entry.

    CLI Example:

        shoal '*' git.fetch /srv/site
        shoal '*' git.fetch /srv/site origin opts=--prune user=www identity=/home/www/.ssh/id_ed25519
    """
    words = ["fetch", *only_options(opts, _FETCH), *(["--force"] if force else []), "--"]
    if remote or refspecs:
        words.append(_remote(remote or "origin"))
    words += [check(REFSPEC, each, "a refspec") for each in refspecs or ()]
    before = _refs(cwd, options)
    ask(words, cwd, options, url=remote)
    return changes(before, _refs(cwd, options))


@function
def pull(ctx: Context, cwd: str, opts: str = "", options: GitOptions = DEFAULTS) -> str:
    """Fetch and merge and return what git says of it; words in `opts` are the remote and its branch.

    CLI Example:

        shoal '*' git.pull /srv/site
        shoal '*' git.pull /srv/site opts='--ff-only origin main' user=www
    """
    flags, rest = split_opts(opts, _PULL)
    places = [_remote(rest[0]), *(check(REFSPEC, each, "a refspec") for each in rest[1:])] if rest else []
    return hidden(ask(["pull", *flags, "--", *places], cwd, options, url=rest[0] if rest else ""))


@function(replay="safe")
def remotes(
    ctx: Context, cwd: str, redact_auth: bool = True, options: GitOptions = DEFAULTS
) -> dict[str, dict[str, str]]:
    """Return the addresses of all remotes, for fetching and for pushing, without logins.

    CLI Example:

        shoal '*' git.remotes /srv/site
    """
    found: dict[str, dict[str, str]] = {}
    for line in ask_whole(["remote", "--verbose"], cwd, options).splitlines():
        if parts := _LINE.fullmatch(line):
            found.setdefault(parts[1], {})[parts[3]] = hidden(parts[2]) if redact_auth else parts[2]
    return found


@function(replay="safe")
def remote_get(
    ctx: Context, cwd: str, remote: str = "origin", redact_auth: bool = True, options: GitOptions = DEFAULTS
) -> dict[str, str]:
    """Return the addresses of one remote, for fetching and for pushing, without a login.

    CLI Example:

        shoal '*' git.remote_get /srv/site
    """
    found = remotes(ctx, cwd, redact_auth, options)
    if remote not in found:
        raise ModuleError(f"git: {cwd} has no remote {hidden(remote)!r}")
    return found[remote]


@function(replay="safe")
def remote_set(
    ctx: Context,
    cwd: str,
    url: str,
    remote: str = "origin",
    push_url: str = "",
    options: GitOptions = DEFAULTS,
) -> dict[str, str]:
    """Set a remote's address, or make the remote, and return its addresses.

    CLI Example:

        shoal '*' git.remote_set /srv/site https://git.example.com/site.git
        shoal '*' git.remote_set /srv/site https://git.example.com/site.git remote=mirror
    """
    check(NAME, remote, "a remote's name")
    is_there = remote in remotes(ctx, cwd, options=options)
    words = ["remote", "set-url" if is_there else "add", "--", remote, check_url(url)]
    ask(words, cwd, options, url=url)
    if push_url:
        push = ["remote", "set-url", "--push", "--", remote, check_url(push_url)]
        ask(push, cwd, options, url=push_url)
    return remote_get(ctx, cwd, remote, options=options)


@function(replay="safe")
def ls_remote(
    ctx: Context,
    cwd: str = "",
    remote: str = "origin",
    ref: str = "",
    opts: str = "",
    options: GitOptions = DEFAULTS,
) -> dict[str, str]:
    """Return the commits of a remote's branches and tags; the remote is a name in `cwd`, or an address.

    CLI Example:

        shoal '*' git.ls_remote /srv/site
        shoal '*' git.ls_remote remote=https://git.example.com/site.git ref=main opts=--heads
    """
    allowed = dict.fromkeys(("--heads", "-h", "--tags", "-t", "--refs"), "")
    words = [
        "ls-remote",
        *only_options(opts, allowed),
        "--",
        _remote(remote),
        *map(check_rev, filter(None, (ref,))),
    ]
    if not cwd and "/" not in remote and ":" not in remote:
        raise ArgumentError("git.ls_remote: give the repository, cwd=, or the remote's address")
    lines = ask_whole(words, cwd or "/", options, url=remote).splitlines()
    return {name: commit for commit, _, name in (line.partition("\t") for line in lines)}


def changes(before: dict[str, str], after: dict[str, str]) -> dict[str, Any]:
    """Return what is new, updated and gone among refs: names of branches and tags by kind of change."""
    found: dict[str, Any] = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ""), after.get(name, "")
        kind = "tags" if name.startswith("refs/tags/") else "branches"
        short = name.split("/", 2)[-1]
        if old == new:
            continue
        if old and new:
            found.setdefault(f"updated {kind}", {})[short] = {"old": old, "new": new}
        else:
            found.setdefault(f"{'new' if new else 'deleted'} {kind}", []).append(short)
    return found


def _refs(cwd: str, options: GitOptions) -> dict[str, str]:
    words = ["for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes", "refs/tags", "refs/heads"]
    lines = ask_whole(words, cwd, options).splitlines()
    found = {name: commit for commit, _, name in (line.partition(" ") for line in lines)}
    return {
        name: commit for name, commit in found.items() if not name.endswith("/HEAD")
    }  # only points at another


def _remote(name: str) -> str:
    """Return the name of a remote, or an address, if it may be one. Raises ArgumentError."""
    if is_local(name) or ":" in name:
        return check_url(name)
    return check(NAME, name, "a remote's name or address")
