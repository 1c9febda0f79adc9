"""Settings of a repository or of a user."""

from __future__ import annotations

from modules.context import Context
from modules.git.arguments import KEY, check, hidden
from modules.git.run import DEFAULTS, GitOptions, ask, failure, git
from shoal.errors import ArgumentError
from shoal.functions.function import function


@function(replay="safe")
def config_get(
    ctx: Context,
    key: str,
    cwd: str = "",
    global_: bool = False,
    all_: bool = False,
    options: GitOptions = DEFAULTS,
) -> str | list[str] | None:
    """Return a setting of a repository, or with `global` of a user; with `all` every value it has.

    Logins in addresses are hidden. Nothing comes back when it is not set.

    CLI Example:

        shoal '*' git.config_get user.email cwd=/srv/site
        shoal '*' git.config_get user.email global=true user=www
    """
    where = ["--global"] if _is_global(cwd, global_) else []
    values = _values(where, key, cwd or "/", options)
    if not values:
        return None
    return values if all_ else values[-1]


@function(replay="safe")
def config_set(
    ctx: Context,
    key: str,
    value: str | None = None,
    multivar: list[str] | None = None,
    cwd: str = "",
    global_: bool = False,
    options: GitOptions = DEFAULTS,
) -> list[str]:
    """Set a setting to one value, or with `multivar` to several, and return its values.

    Some of git's settings name programs that git starts: whoever may call this may run anything.

    CLI Example:

        shoal '*' git.config_set user.email me@example.com cwd=/srv/site
        shoal '*' git.config_set remote.origin.fetch multivar='["+refs/heads/*:refs/remotes/origin/*"]' cwd=/srv/site
    """
    if (value is None) == (multivar is None):
        raise ArgumentError("git.config_set: give value or multivar, one of them")
    words = ["config", "--global" if _is_global(cwd, global_) else "--local"]
    check(KEY, key, "a key")
    first, *more = multivar if multivar else [value or ""]
    ask([*words, "--replace-all", key, first], cwd or "/", options)
    for each in more:
        ask([*words, "--add", key, each], cwd or "/", options)
    return _values(words[1:], key, cwd or "/", options)


def _values(where: list[str], key: str, cwd: str, options: GitOptions) -> list[str]:
    words = ["config", *where, "--null", "--get-all", check(KEY, key, "a key")]
    done = git(words, cwd, options)
    if done.retcode not in (0, 1):  # 1: there is none
        raise failure(done, words, cwd)
    return [hidden(value) for value in done.stdout.split("\0")[:-1]]


def _is_global(cwd: str, global_: bool) -> bool:
    if not cwd and not global_:
        raise ArgumentError("git: give the repository, cwd=, or global=true")
    return global_
