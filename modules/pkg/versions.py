"""Compares versions as dpkg and rpm do, and picks the one that a wish such as `>=1.2,<2` means. Pure.

Written out here because a process for each comparison is too much for a list of a thousand packages.
Sources: deb-version(7); rpm-version(7) and the behaviour of rpmvercmp.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import cmp_to_key
from itertools import zip_longest
from typing import Final

from shoal.errors import ArgumentError

Compare = Callable[[str, str], int]
_CONDITION: Final = re.compile(r"(==|!=|>=|<=|>>|<<|=|>|<)\s*(\S+)")
_RPM_PARTS: Final = re.compile(r"[0-9]+|[A-Za-z]+|~|\^")
_HOLDS: Final[dict[str, Callable[[int], bool]]] = {
    "==": lambda order: order == 0,
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    ">=": lambda order: order >= 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">>": lambda order: order > 0,
    "<": lambda order: order < 0,
    "<<": lambda order: order < 0,
}


def compare_deb(left: str, right: str) -> int:
    """Return -1, 0 or 1, as `dpkg --compare-versions` says."""
    one, two = _split_deb(left), _split_deb(right)
    return _sign(one[0], two[0]) or _deb_text(one[1], two[1]) or _deb_text(one[2], two[2])


def compare_rpm(left: str, right: str) -> int:
    """Return -1, 0 or 1 for `[epoch:]version[-release]`, as rpm does; a side without release ignores both."""
    one, two = _split_rpm(left), _split_rpm(right)
    order = _sign(one[0], two[0]) or _rpm_text(one[1], two[1])
    if order or not one[2] or not two[2]:
        return order
    return _rpm_text(one[2], two[2])


def ordered(versions: Sequence[str], compare: Compare) -> list[str]:
    """Return versions, the oldest first."""
    return sorted(versions, key=cmp_to_key(compare))


def without_epoch(version: str) -> str:
    """Return the version after its `epoch:`."""
    return version.partition(":")[2] if re.match(r"[0-9]+:", version) else version


def is_wish(text: str) -> bool:
    """Say whether `text` stands for more than one version."""
    return any(each in text for each in "*?[<>=!,")


def chosen(wish: str, versions: Sequence[str], compare: Compare) -> str:
    """Return the first of `versions` (newest first) that fits a pattern or conditions, "" if none does."""
    if any(each in wish for each in "<>=!"):
        conditions = [_condition(part.strip()) for part in wish.split(",")]
        return next(
            (v for v in versions if all(_HOLDS[op](compare(v, to)) for op, to in conditions)),
            "",
        )
    return next((v for v in versions if fnmatchcase(v, wish) or fnmatchcase(without_epoch(v), wish)), "")


def _condition(text: str) -> tuple[str, str]:
    found = _CONDITION.fullmatch(text)
    if not found:
        raise ArgumentError(f"{text!r} is not a condition for a version; write e.g. '>=1.2'")
    return found[1], found[2]


def _sign(left: int, right: int) -> int:
    return (left > right) - (left < right)


def _split_deb(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdigit():
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    return int(epoch), *((upstream, revision) if dash else (rest, ""))


def _deb_text(left: str, right: str) -> int:
    """Compare by turns what is no digit and what is one; a missing revision is the same as `0`."""
    for one, two in zip_longest(_deb_parts(left), _deb_parts(right), fillvalue=("", 0)):
        width = max(len(one[0]), len(two[0]))
        keys = [[_deb_weight(text[i : i + 1]) for i in range(width)] for text in (one[0], two[0])]
        if keys[0] != keys[1]:
            return 1 if keys[0] > keys[1] else -1
        if one[1] != two[1]:
            return _sign(one[1], two[1])
    return 0


def _deb_parts(text: str) -> list[tuple[str, int]]:
    return [(word, int(number or 0)) for word, number in re.findall(r"([^0-9]*)([0-9]*)", text)]


def _deb_weight(char: str) -> int:
    if char == "~":
        return -1
    if not char:
        return 0
    return ord(char) if char.isalpha() else ord(char) + 256


def _split_rpm(version: str) -> tuple[int, str, str]:
    epoch, colon, rest = version.partition(":")
    if not colon or not epoch.isdigit():
        epoch, rest = "0", version
    upstream, dash, release = rest.rpartition("-")
    return int(epoch), *((upstream, release) if dash else (rest, ""))


def _rpm_text(left: str, right: str) -> int:
    for one, two in zip_longest(_RPM_PARTS.findall(left), _RPM_PARTS.findall(right), fillvalue=""):
        if one != two and (order := _rpm_part(one, two)):
            return order
    return 0


def _rpm_part(one: str, two: str) -> int:
    """`~` is before the end of the text, `^` just after it; digits are newer than letters."""
    if "~" in (one, two):
        return -1 if one == "~" else 1
    if "^" in (one, two):
        return (1 if not two else -1) if one == "^" else (-1 if not one else 1)
    if not one or not two:
        return 1 if one else -1
    if one.isdigit() and two.isdigit():
        return _sign(int(one), int(two))
    if one.isdigit() != two.isdigit():
        return 1 if one.isdigit() else -1
    return (one > two) - (one < two)
