"""`no_return`: what is said of minions that did not answer, in red under the minion's id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.outputters.style import CYAN, RED, Style
from shoal.outputters.terminal import as_text, clean_line, lines


def render(data: Any, style: Style) -> str:
    """Return ids and, indented below each, the text that goes with it."""
    return "\n".join(_show(data, "", style))


def _show(value: Any, indent: str, style: Style) -> Iterator[str]:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield style.paint(indent + clean_line(as_text(key)), CYAN) + ":"
            yield from _show(value[key], indent + "    ", style)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _show(item, indent, style)
    else:
        for line in lines(as_text(value)):
            yield style.paint(indent + line, RED)
