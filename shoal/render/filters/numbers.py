"""Filters of numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)
_LETTERS: Final = "bkmgtpezy"


def to_num(value: Any) -> Any:
    """Return the number that a text is, or the text."""
    text = str(value)
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return value


def avg(value: Any) -> float:
    """Return the mean of some numbers, or of one."""
    items = list(value) if isinstance(value, Iterable) else [value]
    return float(sum(items)) / len(items)


def human_to_bytes(size: Any, default_unit: str = "B", handle_metric: bool = False) -> int:
    """Return the bytes that `2G`, `2GiB` or `2GB` are; 0 for what is none. `GB` is binary unless `handle_metric`."""
    found = _SIZE.fullmatch(str(size).strip())
    if found is None:
        return 0
    unit = found[2] or default_unit
    letter, rest = unit[:1].lower(), unit[1:].lower()
    if letter not in _LETTERS or rest not in ("", "b", "ib") or (letter == "b" and rest):
        return 0
    base = 1000 if handle_metric and rest == "b" else 1024
    return int(float(found[1]) * base ** _LETTERS.index(letter))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "avg": avg,
    "human_to_bytes": human_to_bytes,
    "str_to_num": to_num,
    "to_num": to_num,
}
