"""`table`: lists of maps as boxes with a heading, lists of lists as boxes without; anything else as text.

edge-1:
----------
    users:
    ----------
        ---------------
        | Name | Uid  |
        ---------------
        |  a   |  1   |
        ---------------
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

from shoal.outputters.style import BOLD_WHITE, DARK_GREY, WHITE, Style
from shoal.outputters.terminal import as_text, clean_line, lines

_RULE: Final = "----------"
_STEP: Final = "    "

Row = list[Any]


def render(data: Any, style: Style) -> str:
    """Return `data` with its tables drawn."""
    return "\n".join(_show(data, "", style))


def _show(value: Any, indent: str, style: Style) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{indent}{style.paint(clean_line(as_text(key)), DARK_GREY)}:"
            yield f"{indent}{style.paint(_RULE, DARK_GREY)}"
            yield from _show(item, indent + _STEP, style)
    elif isinstance(value, (list, tuple)):
        yield from (indent + line for line in _box(_rows(value), style))
    else:
        yield from (indent + style.paint(line, BOLD_WHITE) for line in lines(as_text(value)))


def _rows(items: Sequence[Any]) -> list[Row]:
    """Return the cells of `items`; the first row is the heading when there are maps."""
    if not any(isinstance(item, dict) for item in items):
        return [list(item) if isinstance(item, (list, tuple)) else [item] for item in items]
    columns = list(dict.fromkeys(key for item in items if isinstance(item, dict) for key in item))
    rows: list[Row] = [[as_text(column).replace("_", " ").title() for column in columns]]
    for item in items:
        rows.append([item.get(column) for column in columns] if isinstance(item, dict) else [item])
    return rows


def _box(rows: list[Row], style: Style) -> Iterator[str]:
    cells = [[_cell(value) for value in row] for row in rows]
    columns = max((len(row) for row in cells), default=0)
    if not columns:
        return
    for row in cells:
        row.extend([""] for _ in range(columns - len(row)))
    widths = [max(_width(line) for row in cells for line in row[column]) for column in range(columns)]
    rule = style.paint("-" * (sum(widths) + 3 * columns + 1), WHITE)
    yield rule
    for row in cells:
        for line in zip_longest(*row, fillvalue=""):
            inside = " | ".join(_centred(text, width) for text, width in zip(line, widths, strict=True))
            yield style.paint(f"| {inside} |", BOLD_WHITE)
        yield rule


def _cell(value: Any) -> list[str]:
    if value is None:
        return [""]
    text = repr(value) if isinstance(value, (dict, list, tuple)) else as_text(value)
    return [line.replace("\t", " ") for line in lines(text)] or [""]


def _centred(text: str, width: int) -> str:
    room = width - _width(text)
    return " " * (room // 2) + text + " " * (room - room // 2)


def _width(text: str) -> int:
    """Return how many columns a terminal gives `text`: two for a Chinese character, none for an accent."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
