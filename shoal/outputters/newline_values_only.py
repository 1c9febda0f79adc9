"""`newline_values_only`: the values, one a line, without ids and keys; for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shoal.outputters.style import Style
from shoal.outputters.terminal import as_text, clean


def render(data: Any, style: Style) -> str:
    """Return all values inside `data`, in the order they came."""
    return "\n".join(_values(data))


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _values(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _values(item)
    else:
        yield clean(as_text(value))
