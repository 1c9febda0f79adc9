"""When a password has to be changed and when an account ends. All through chage; -1 takes a limit away."""

from __future__ import annotations

import re
from datetime import date as Date  # noqa: N812  `date` is Salt's name of the parameter
from typing import Final

from modules.context import Context
from modules.shadow import entry
from modules.user.names import check_user_name
from modules.user.program import change
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_EPOCH: Final = Date(1970, 1, 1)
_DAYS: Final = re.compile(r"-1|[0-9]{1,6}", re.ASCII)
_MOST: Final = 999_999


@function(replay="safe")
def set_date(ctx: Context, name: str, date: int | str) -> bool:
    """Set when a password was last changed: YYYY-MM-DD or days since 1970; 0 asks for a new one at login.

    CLI Example:

        shoal '*' shadow.set_date alice 2026-01-31
        shoal '*' shadow.set_date alice 0
    """
    return _set(name, "--lastday", "lstchg", day(date))


@function(replay="safe")
def set_expire(ctx: Context, name: str, expire: int | str) -> bool:
    """Set when an account ends: YYYY-MM-DD or days since 1970; -1 for never.

    CLI Example:

        shoal '*' shadow.set_expire alice 2027-12-31
        shoal '*' shadow.set_expire alice -1
    """
    return _set(name, "--expiredate", "expire", day(expire))


@function(replay="safe")
def set_inactdays(ctx: Context, name: str, inactdays: int) -> bool:
    """Set after how many days with an expired password an account is locked.

    CLI Example:

        shoal '*' shadow.set_inactdays alice 7
    """
    return _set(name, "--inactive", "inact", inactdays)


@function(replay="safe")
def set_maxdays(ctx: Context, name: str, maxdays: int) -> bool:
    """Set after how many days a password must be changed.

    CLI Example:

        shoal '*' shadow.set_maxdays alice 90
    """
    return _set(name, "--maxdays", "max", maxdays)


@function(replay="safe")
def set_mindays(ctx: Context, name: str, mindays: int) -> bool:
    """Set how many days a password must be kept.

    CLI Example:

        shoal '*' shadow.set_mindays alice 7
    """
    return _set(name, "--mindays", "min", mindays)


@function(replay="safe")
def set_warndays(ctx: Context, name: str, warndays: int) -> bool:
    """Set how many days before a password expires its user is warned.

    CLI Example:

        shoal '*' shadow.set_warndays alice 7
    """
    return _set(name, "--warndays", "warn", warndays)


def _set(name: str, flag: str, field: str, days: int) -> bool:
    if not -1 <= days <= _MOST:
        raise ArgumentError(f"{days} days are out of range, -1 to {_MOST}")
    if getattr(entry.must_find(check_user_name(name)), field) != days:
        change("chage", flag, str(days), "--", name)
        if getattr(entry.must_find(name), field) != days:
            raise ModuleError(f"chage ended well, but {entry.PATH} does not hold the new value for {name}")
    return True


def day(given: int | str) -> int:
    text = str(given)
    if _DAYS.fullmatch(text):
        return int(text)
    try:
        return (Date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        raise ArgumentError(f"{text[:40]!r} is no day: write YYYY-MM-DD, or days since 1970") from None
