"""A file as lines and back. Only a new line ends a line: what else Python takes for one may stand in a comment."""

from __future__ import annotations

from collections.abc import Iterable


def split(text: str) -> list[str]:
    """Return the lines of a file."""
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def join(lines: Iterable[str]) -> str:
    """Return the file of these lines, each of them ended."""
    return "".join(f"{line}\n" for line in lines)
