"""Filters that say yes or no."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any, Final


def to_bool(value: Any) -> bool:
    """Return what Salt takes for true: yes, 1, true; numbers above 0; what is not empty."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return value.lower() in ("yes", "1", "true")
    if isinstance(value, (int, float)):
        return value > 0
    try:
        return len(value) > 0
    except TypeError:
        return False


def is_list(value: Any) -> bool:
    """Say whether it is a list."""
    return isinstance(value, list)


def is_iter(value: Any) -> bool:
    """Say whether it can be gone through; a text cannot."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


def is_hex(value: Any) -> bool:
    """Say whether a text is a hexadecimal number."""
    try:
        int(str(value), 16)
    except ValueError:
        return False
    return True


def is_sorted(value: Iterable[Any], reverse: bool = False) -> bool:
    """Say whether the items are in order."""
    items = list(value)
    return items == sorted(items, reverse=reverse)


def contains_whitespace(value: Any) -> bool:
    """Say whether a text has a blank in it."""
    return any(char.isspace() for char in str(value))


def substring_in_list(value: str, items: Iterable[Any]) -> bool:
    """Say whether a text is part of any of `items`."""
    return any(value in str(item) for item in items)


def check_whitelist_blacklist(
    value: str, whitelist: Iterable[str] | str | None = None, blacklist: Iterable[str] | str | None = None
) -> bool:
    """Say whether a text matches a glob of `whitelist` (if there is one) and none of `blacklist`."""
    if blacklist and _matches(value, blacklist):
        return False
    return _matches(value, whitelist) if whitelist else True


def _matches(value: str, globs: Iterable[str] | str) -> bool:
    return any(fnmatchcase(str(value), str(each)) for each in ([globs] if isinstance(globs, str) else globs))


def exactly_n_true(items: Iterable[Any], amount: int = 1) -> bool:
    """Say whether just `amount` of the items are true."""
    return sum(1 for item in items if item) == amount


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "check_whitelist_blacklist": check_whitelist_blacklist,
    "contains_whitespace": contains_whitespace,
    "exactly_n_true": exactly_n_true,
    "exactly_one_true": exactly_n_true,
    "is_hex": is_hex,
    "is_iter": is_iter,
    "is_list": is_list,
    "is_sorted": is_sorted,
    "substring_in_list": substring_in_list,
    "to_bool": to_bool,
}
