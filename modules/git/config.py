"""Settings of a repository or of a user."""

from __future__ import annotations

import re
from typing import Final

from modules.context import Context
from modules.git.arguments import KEY, check, hidden
from modules.git.run import DEFAULTS, GitOptions, ask, failure, git
from shoal.errors import ArgumentError
from shoal.functions.function import function

REGEX: Final = r"(?!-)[^\x00-\x1f\x7f]{1,500}"


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


@function(replay="safe")
def config_get_regexp(
    ctx: Context,
    key: str,
    value_regex: str = "",
    cwd: str = "",
    global_: bool = False,
    options: GitOptions = DEFAULTS,
) -> dict[str, list[str]]:
    """Return all settings whose keys, and with `value_regex` values, match, each with its values.

    Logins in addresses are hidden.

    CLI Example:

        shoal '*' git.config_get_regexp '^user[.]' cwd=/srv/site
    """
    found = matching(key, value_regex, cwd, global_, options)
    return {name: [hidden(value) for value in values] for name, values in found.items()}


@function(replay="safe")
def config_unset(
    ctx: Context,
    key: str,
    value_regex: str = "",
    cwd: str = "",
    all_: bool = False,
    global_: bool = False,
    options: GitOptions = DEFAULTS,
) -> bool:
    """Take a setting away, with `value_regex` only a value that matches; several values only with `all`.

    CLI Example:

        shoal '*' git.config_unset user.email cwd=/srv/site
    """
    where = "--global" if _is_global(cwd, global_) else "--local"
    words = ["config", where, "--unset-all" if all_ else "--unset", check(KEY, key, "a key")]
    pattern = [check(REGEX, value_regex, "a regular expression")] if value_regex else []
    done = git([*words, *pattern], cwd or "/", options)
    if done.retcode not in (0, 5):  # 5: there is none, or there are several
        raise failure(done, words, cwd)
    if done.retcode == 5 and matching(exactly(key), value_regex, cwd, global_, options):
        raise ArgumentError(f"git.config_unset: {key} has several values; give all=true to take all")
    return done.retcode == 0


def exactly(key: str) -> str:
    """Return the regular expression that matches one key only, which git spells in lower case but for its middle."""
    section, _, rest = key.partition(".")
    middle, dot, name = rest.rpartition(".")
    return f"^{re.escape(f'{section.lower()}.{middle}{dot}{name.lower()}')}$"


def matching(
    key: str, value_regex: str, cwd: str, global_: bool, options: GitOptions
) -> dict[str, list[str]]:
    """Return what `config_get_regexp` does, logins too."""
    where = "--global" if _is_global(cwd, global_) else "--local"
    words = ["config", where, "--null", "--get-regexp", check(REGEX, key, "a regular expression")]
    pattern = [check(REGEX, value_regex, "a regular expression")] if value_regex else []
    done = git([*words, *pattern], cwd or "/", options)
    if done.retcode not in (0, 1):  # 1: there is none
        raise failure(done, words, cwd)
    found: dict[str, list[str]] = {}
    for entry in done.stdout.split("\0")[:-1]:
        name, _, value = entry.partition("\n")
        found.setdefault(name, []).append(value)
    return found


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
