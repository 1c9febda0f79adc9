"""`txt`: `minion: line`, for each line of text; anything but text on one line as Python writes it."""

from __future__ import annotations

from typing import Any

from shoal.outputters.style import Style
from shoal.outputters.terminal import as_text, clean_line, lines


def render(data: Any, style: Style) -> str:
    """Return the lines of `data`, each after its minion's id; of a bare value, only its lines."""
    if not isinstance(data, dict):
        return "\n".join(_lines(data))
    return "\n".join(
        f"{clean_line(as_text(key))}: {line}" for key, value in data.items() for line in _lines(value)
    )


def _lines(value: Any) -> list[str]:
    if isinstance(value, (dict, list, tuple)):
        return [clean_line(repr(value))]
    return lines(as_text(value))
