"""The functions. Several lines of one address are one entry to whoever asks, and stay several in the file."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from modules.context import Context
from modules.hosts.table import Table
from modules.text_file import edit_text, read_text
from shoal.errors import ArgumentError
from shoal.functions.function import function

HOSTS: Final = "/etc/hosts"
_NAME: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?\.?", re.ASCII)


@function(replay="safe")
def list_hosts(ctx: Context) -> dict[str, dict[str, Any]]:
    """Return the `aliases` of each address, and its `comment` if it has one.

    Lines that are only a comment are left out; Salt has them as entries called `comment-0` and so on.

    CLI Example:

        shoal '*' hosts.list_hosts
    """
    table = _table()
    found: dict[str, dict[str, Any]] = {}
    for line in table.entries():
        entry = found.setdefault(line.ip, {"aliases": table.names(line.ip)})
        if line.comment:
            entry.setdefault("comment", line.comment)
    return found


@function(replay="safe")
def get_ip(ctx: Context, host: str) -> str:
    """Return the first address of a name, an empty text if it has none.

    CLI Example:

        shoal '*' hosts.get_ip localhost
    """
    wanted = host.lower()
    return next((line.ip for line in _table().entries() if wanted in map(str.lower, line.names)), "")


@function(replay="safe")
def get_alias(ctx: Context, ip: str) -> list[str]:
    """List the names of an address.

    CLI Example:

        shoal '*' hosts.get_alias 127.0.0.1
    """
    return _table().names(ip)


@function(replay="safe")
def has_pair(ctx: Context, ip: str, alias: str | list[str]) -> bool:
    """Say whether an address has a name, or all of several.

    CLI Example:

        shoal '*' hosts.has_pair 127.0.0.1 localhost
    """
    there = [name.lower() for name in _table().names(ip)]
    asked = _split(alias)
    return bool(asked) and all(name.lower() in there for name in asked)


@function(replay="safe")
def set_host(ctx: Context, ip: str, alias: str | list[str], comment: str | None = None) -> bool:
    """Give an address exactly these names; with none it is removed.

    CLI Example:

        shoal '*' hosts.set_host 10.1.2.3 'web1 web1.example.org'
    """
    names = _names(alias)
    said = None if comment is None else _comment(comment)
    edit_text(HOSTS, lambda text: _text(text, lambda table: table.set(_address(ip), names, said)))
    return True


@function(replay="safe")
def add_host(ctx: Context, ip: str, alias: str | list[str]) -> bool:
    """Give an address one more name, or several; what it has stays.

    CLI Example:

        shoal '*' hosts.add_host 10.1.2.3 web1
    """
    names = _names(alias)
    if not names:
        raise ArgumentError("hosts.add_host needs a name to add")
    edit_text(HOSTS, lambda text: _text(text, lambda table: table.add(_address(ip), names)))
    return True


@function(replay="safe")
def rm_host(ctx: Context, ip: str, alias: str) -> bool:
    """Take a name from an address; say True also if it was not there, as Salt does.

    CLI Example:

        shoal '*' hosts.rm_host 10.1.2.3 web1
    """
    edit_text(HOSTS, lambda text: _text(text, lambda table: table.remove(ip, alias)))
    return True


@function(replay="safe")
def set_comment(ctx: Context, ip: str, comment: str) -> bool:
    """Put a comment behind the line of an address; say False if there is no such address.

    CLI Example:

        shoal '*' hosts.set_comment 10.1.2.3 'moves in June'
    """
    said = _comment(comment)
    edit_text(HOSTS, lambda text: _text(text, lambda table: table.comment(ip, said)))
    return bool(_table().names(ip))


def _table() -> Table:
    return Table.parse(read_text(HOSTS))


def _text(text: str, change: Any) -> str:
    before = Table.parse(text)
    after: Table = change(before)
    return text if after == before else after.text()


def _address(ip: str) -> str:
    try:
        ipaddress.ip_address(ip)
    except ValueError:
        raise ArgumentError(f"{ip!r} is not an IP address") from None
    return ip


def _split(alias: str | list[str]) -> list[str]:
    return [word for part in ([alias] if isinstance(alias, str) else alias) for word in part.split()]


def _names(alias: str | list[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(_split(alias)))
    if bad := [name for name in found if not _NAME.fullmatch(name)]:
        raise ArgumentError(f"{bad[0]!r} is not a host name")
    return found


def _comment(text: str) -> str:
    if any(not c.isprintable() for c in text):
        raise ArgumentError("a comment is one line of plain text")
    return text.strip()
