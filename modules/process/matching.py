"""Finds processes by a text in their name or command line. An empty text would fit all and is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from shoal.errors import ArgumentError

_MAX_PATTERN: Final = 500


def matching(pattern: str, user: str, full: bool, regex: bool = False) -> Iterator[Any]:
    """Yield psutil's processes that fit, with `info`: name, cmdline, username. Raises ArgumentError."""
    import psutil  # 1.5 MB that only this module needs; the same in its other files

    expression = checked(pattern, regex=regex)
    for process in psutil.process_iter(["name", "cmdline", "username"]):
        text = " ".join(process.info["cmdline"] or ()) if full else process.info["name"] or ""
        if expression.search(text) and (not user or process.info["username"] == user):
            yield process


def checked(pattern: str, *, regex: bool = False) -> re.Pattern[str]:
    """Return what finds `pattern`. Raises ArgumentError."""
    if not pattern.strip() or len(pattern) > _MAX_PATTERN:
        raise ArgumentError(
            f"a pattern has 1 to {_MAX_PATTERN} characters; an empty one would fit every process"
        )
    try:
        return re.compile(pattern if regex else re.escape(pattern))
    except re.error as error:
        raise ArgumentError(f"{pattern!r} is no regular expression: {error}") from None
