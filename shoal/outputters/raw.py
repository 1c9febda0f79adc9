"""`raw`: the value on one line, as Python writes it."""

from __future__ import annotations

from typing import Any

from shoal.outputters.style import Style
from shoal.outputters.terminal import clean_line


def render(data: Any, style: Style) -> str:
    """Return `data` as `repr` writes it."""
    return clean_line(repr(data))
