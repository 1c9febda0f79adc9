"""Which names of users and groups may reach a program that changes accounts.

What the box's database already holds may be looked up by any name; what is made or changed is checked here
first, so that no name is an option, a number, a path or a second line of a file.
"""

from __future__ import annotations

import re
from typing import Final

from shoal.errors import ArgumentError

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}\$?", re.ASCII)
_LARGEST_ID: Final = 2**32 - 2  # the last number is -1, which means "leave it" to the kernel


def check_user_name(name: str) -> str:
    """Return `name`. Raises ArgumentError unless it can be a user's name."""
    return _check(name, "user")


def check_group_name(name: str) -> str:
    """Return `name`. Raises ArgumentError unless it can be a group's name."""
    return _check(name, "group")


def check_id(number: int, what: str) -> str:
    """Return `number`, a uid or gid, as a program takes it. Raises ArgumentError when it is out of range."""
    if not 0 <= number <= _LARGEST_ID:
        raise ArgumentError(f"{what} {number} is out of range, 0 to {_LARGEST_ID}")
    return str(number)


def check_group(group: int | str) -> str:
    """Return a group, given by name or number, as a program takes it. Raises ArgumentError."""
    if isinstance(group, int):
        return check_id(group, "gid")
    return check_id(int(group), "gid") if group.isascii() and group.isdigit() else check_group_name(group)


def _check(name: str, what: str) -> str:
    if not _NAME.fullmatch(name) or name.isdigit():
        raise ArgumentError(
            f"{name[:40]!r} cannot be the name of a {what}: up to 32 letters, digits and _ . - are, "
            "not a number, no - or . in front"
        )
    return name
