"""`quiet`: nothing at all; the exit code says it."""

from __future__ import annotations

from typing import Any

from shoal.outputters.style import Style


def render(data: Any, style: Style) -> str:
    """Return no text."""
    return ""
