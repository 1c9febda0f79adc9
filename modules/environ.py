"""Environment variables: those of the job's process, and those of /etc/environment for who logs in.

A job runs in a process of its own. What is set there ends with the job: no other job and not the minion sees it.
Only `persist=True` lasts. A value may be a secret: no error shows one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, Final

from modules.context import Context
from modules.text_file import edit_text, lines_of, text_of
from shoal.errors import ArgumentError
from shoal.functions.function import function

ENVIRONMENT: Final = "/etc/environment"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}", re.ASCII)
_LINE: Final = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=", re.ASCII)
_MAX: Final = 1000  # pam_env reads lines of about 1024 bytes


@function(replay="safe")
def get(ctx: Context, key: str, default: str = "") -> str:
    """Return one variable of the job's process, or the default.

    CLI Example:

        shoal '*' environ.get PATH
        shoal '*' environ.get http_proxy default=none
    """
    return os.environ.get(key, default)


@function(replay="safe")
def has_value(ctx: Context, key: str, value: str | None = None) -> bool:
    """Say whether a variable is set, or has this value.

    CLI Example:

        shoal '*' environ.has_value PATH
        shoal '*' environ.has_value LANG C.UTF-8
    """
    return key in os.environ if value is None else os.environ.get(key) == value


@function(replay="safe")
def item(ctx: Context, keys: list[str], default: str = "") -> dict[str, str]:
    """Return some variables by name, with the default for those that are not set.

    CLI Example:

        shoal '*' environ.item PATH,LANG
    """
    return {key: os.environ.get(key, default) for key in keys}


@function(replay="safe")
def items(ctx: Context) -> dict[str, str]:
    """Return all variables of the job's process.

    CLI Example:

        shoal '*' environ.items
    """
    return dict(os.environ)


@function(replay="safe")
def setval(
    ctx: Context, key: str, val: str | bool, false_unsets: bool = False, persist: bool = False
) -> str | None:
    """Set a variable in the job's process, which ends with the job; `persist` writes it to /etc/environment.

    With `false_unsets` the value False removes it. What is persisted counts for who logs in from then on, not for
    services. Salt sets it in its minion's process, for all later jobs; here no job changes another's surroundings.

    CLI Example:

        shoal '*' environ.setval http_proxy http://proxy:3128 persist=True
        shoal '*' environ.setval http_proxy False false_unsets=True persist=True
    """
    return setenv(ctx, {key: val}, false_unsets, False, persist)[key]


@function(replay="safe")
def setenv(
    ctx: Context,
    environ: dict[str, Any],
    false_unsets: bool = False,
    clear_all: bool = False,
    persist: bool = False,
) -> dict[str, str | None]:
    """Set several variables in the job's process, which ends with the job; `persist` writes /etc/environment.

    `clear_all` first removes all others from the process; it never clears the file.

    CLI Example:

        shoal '*' environ.setenv '{"http_proxy": "http://proxy:3128", "no_proxy": "localhost"}' persist=True
    """
    values = values_of(environ, false_unsets)
    if persist:
        lines = lines_for(values)
        edit_text(ENVIRONMENT, lambda text: with_lines(text, lines))
    if clear_all:
        for key in set(os.environ) - set(values):
            del os.environ[key]
    for key, value in values.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value
    return values


def values_of(given: Mapping[str, Any], false_unsets: bool) -> dict[str, str | None]:
    """Return the variables as text, None for one that is to be removed. Raises ArgumentError."""
    return {key: _value(key, val, false_unsets) for key, val in given.items()}


def lines_for(values: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the lines of /etc/environment that set the variables. Raises ArgumentError."""
    return {key: None if value is None else _line(key, value) for key, value in values.items()}


def with_lines(text: str, lines: Mapping[str, str | None]) -> str:
    """Return /etc/environment with these lines in place of the last ones that set the names; None removes."""
    found = [(line, set_[1] if (set_ := _LINE.match(line)) else "") for line in lines_of(text)]
    last = {name: i for i, (_, name) in enumerate(found) if name}
    kept: list[str] = []
    for i, (line, name) in enumerate(found):
        if name not in lines:
            kept.append(line)
        elif last[name] == i and (new := lines[name]) is not None:
            kept.append(new)
    kept += [line for name, line in lines.items() if line is not None and name not in last]
    return text_of(kept)


def _value(key: str, val: Any, false_unsets: bool) -> str | None:
    if not _NAME.fullmatch(key):
        raise ArgumentError(f"{key!r} is not the name of an environment variable")
    if val is None or val is False or (false_unsets and val in ("False", "false")):
        return None if false_unsets else ""
    if not isinstance(val, (str, int, float)):
        raise ArgumentError(f"the value of {key} must be text")
    text = str(val)
    if "\0" in text:
        raise ArgumentError(f"the value of {key} has a NUL byte")
    return text


def _line(key: str, value: str) -> str:
    """Return a line as pam_env and systemd both read it: neither knows an escape that the other does."""
    if "\n" in value or "\r" in value or len(value.encode()) > _MAX:
        raise ArgumentError(f"the value of {key} must be one line of at most {_MAX} bytes to be persisted")
    if re.fullmatch(r"[\w@%+:,./=-]*", value, re.ASCII):
        return f"{key}={value}"
    sign = '"' if not any(c in value for c in '"\\$`') else "'"
    if sign in value:
        raise ArgumentError(f"the value of {key} has signs that cannot be quoted in {ENVIRONMENT}")
    return f"{key}={sign}{value}{sign}"
