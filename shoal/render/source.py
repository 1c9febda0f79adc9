"""A text to be rendered, and where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file. `name` is relative to its root; `path` is for messages; the same `key` is the same text."""

    name: str
    path: str
    text: str
    key: bytes


FindSource = Callable[[str], "Source | None"]  # by name; None: there is no such file


def lines_around(text: str, line: int) -> tuple[tuple[int, str], ...]:
    """Return the line with its number, the one before and the one after it."""
    lines = text.split("\n")
    return tuple((number, lines[number - 1]) for number in _near(line, len(lines)))


def _near(line: int, count: int) -> Iterable[int]:
    return range(max(1, line - 1), min(count, line + 1) + 1) if 0 < line <= count else ()
