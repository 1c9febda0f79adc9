"""Checks what an operator gives to git, and hides what nobody may read. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Final

from shoal.errors import ArgumentError

REV: Final = r"[^-\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,254}"  # HEAD~2, v1^{commit}, :/text of a message
NAME: Final = r"(?![-./])(?!.*(?:\.\.|@\{|//|\.lock$|[./]$))[^\s~^:?*\[\\\x00-\x20\x7f]{1,200}"
COUNT: Final = r"[1-9][0-9]{0,8}"
KEY: Final = r"[A-Za-z][A-Za-z0-9-]*(?:\.[^\x00-\x1f\x7f=]+)?\.[A-Za-z][A-Za-z0-9-]*"
REFSPEC: Final = r"(?!\+?-)[^\s~^?\[\\\x00-\x20\x7f]{1,500}"
NETWORK: Final = ("https", "http", "ssh", "git")

_URL: Final = re.compile(r"([a-z][a-z0-9+]*)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_SCP: Final = re.compile(r"(?:[\w.+-]+@)?(?!-)[\w.-]+:(?!:|//)[^\s\x00-\x1f]+")
_WEB_LOGIN: Final = re.compile(r"\b((?:https?|ftps?)://)[^/\s'\"]*@", re.IGNORECASE)
_SSH_PASSWORD: Final = re.compile(r"\b([a-z][a-z0-9+]*://[^/\s:@'\"]+):[^/\s'\"]*@", re.IGNORECASE)


def hidden(text: str) -> str:
    """Return `text` without names and passwords of web addresses and without passwords of others."""
    return _SSH_PASSWORD.sub(r"\1:******@", _WEB_LOGIN.sub(r"\1******@", text))


def secrets_of(url: str) -> tuple[str, ...]:
    """Return what of `url` no error may show: the login of a web address, else the password."""
    found = _URL.fullmatch(url)
    login = found[2].rpartition("@")[0] if found else ""
    if not login or found is None:
        return ()
    _, colon, password = login.partition(":")
    if found[1].lower() in ("http", "https"):
        return (login, password) if colon else (login,)
    return (password,) if colon else ()


def is_local(url: str) -> bool:
    """Say whether `url` is a path on this box."""
    return url.startswith("/") or url.lower().startswith("file://")


def check_url(url: str) -> str:
    """Return `url` if git may use it. Raises ArgumentError, without the login."""
    found = _URL.fullmatch(url)
    plain = not url.startswith("-") and not re.search(r"[\x00-\x20\x7f]", url)
    if found:
        fine = plain and found[1].lower() in (*NETWORK, "file") and bool(found[2] or is_local(url))
        fine = fine and not re.match(r"-|.*@-", found[2])
    else:
        fine = plain and (url.startswith("/") or _SCP.fullmatch(url) is not None)
    if not fine:
        raise ArgumentError(
            f"{hidden(url)!r} is no address to use: https://…, http://…, ssh://…, git://…, host:path or /path"
        )
    return url


def check(pattern: str, value: str, what: str) -> str:
    """Return `value` if all of it is as `pattern` says. Raises ArgumentError."""
    if not re.fullmatch(pattern, value):
        raise ArgumentError(f"{hidden(value)!r} cannot be {what}")
    return value


def check_rev(value: str) -> str:
    """Return `value` if it can name a commit. Raises ArgumentError."""
    return check(REV, value, "a revision")


def check_path(value: str) -> str:
    """Return `value` if it is an absolute path. Raises ArgumentError."""
    return check(r"/[^\x00]*", value, "a path here; it must be absolute")


def split_opts(opts: str, allowed: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Return the options in `opts` and the words that are none.

    `allowed` has the pattern of each option's value, "" for one without. Raises ArgumentError for any other.
    """
    try:
        words = shlex.split(opts)
    except ValueError as error:
        raise ArgumentError(f"opts cannot be split into words: {str(error).lower()}") from None
    options: list[str] = []
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            rest.append(word)
            continue
        name, equals, value = word.partition("=")
        if name not in allowed or (equals and not allowed[name]):
            raise ArgumentError(f"opts: {hidden(word)} is not taken here; {_known(allowed)}")
        if allowed[name]:
            value = value if equals or not words else words.pop(0)
            check(allowed[name], value, f"the value of {name}")
            options += [f"{name}={value}"] if name.startswith("--") else [name, value]
        else:
            options.append(name)
    return options, rest


def only_options(opts: str, allowed: Mapping[str, str]) -> list[str]:
    """Return the options in `opts`, which has nothing else. Raises ArgumentError."""
    options, rest = split_opts(opts, allowed)
    if rest:
        raise ArgumentError(f"opts: {hidden(rest[0])!r} is no option; {_known(allowed)}")
    return options


def _known(allowed: Mapping[str, str]) -> str:
    return f"these are: {', '.join(allowed)}" if allowed else "none are"
