"""`nested`, the default: indented keys and values, as Salt shows them.

edge-1:
    ----------
    os:
        Debian
    roles:
        - web
        - db
"""

from __future__ import annotations

from typing import Any, Final

from shoal.outputters.style import BOLD_YELLOW, CYAN, GREEN, Style
from shoal.outputters.terminal import as_text, clean_line, lines

_RULE: Final = "----------"


def render(data: Any, style: Style) -> str:
    """Return `data` as indented lines. Keys are sorted."""
    page = _Page(style)
    page.show(data, 0, "")
    return "\n".join(page.lines)


def indented(value: Any, indent: int, style: Style) -> list[str]:
    """Return the lines of `value` inside another look, `indent` columns from the left edge."""
    page = _Page(style)
    page.show(value, indent, "")
    return page.lines


class _Page:
    """Collects the lines."""

    def __init__(self, style: Style) -> None:
        self.lines: list[str] = []
        self._paint = style.paint

    def show(self, value: Any, indent: int, prefix: str) -> None:
        if isinstance(value, dict):
            self._show_map(value, indent)
        elif isinstance(value, (list, tuple)):
            self._show_list(value, indent)
        elif value is None or isinstance(value, (bool, int, float)):
            self._add(indent, BOLD_YELLOW, prefix + str(value))
        else:
            for line in lines(as_text(value)):
                self._add(indent, GREEN, prefix + line)
                prefix = " " * len(prefix)

    def _show_map(self, value: dict[Any, Any], indent: int) -> None:
        if indent:
            self._add(indent, CYAN, _RULE)
        for key in sorted(value, key=str):
            self._add(indent, CYAN, clean_line(as_text(key)), ":")
            self.show(value[key], indent + 4, "")

    def _show_list(self, items: list[Any] | tuple[Any, ...], indent: int) -> None:
        for item in items:
            if isinstance(item, (dict, list, tuple)):
                self._add(indent, GREEN, "|_")
                self.show(item, indent + 2, "")
            else:
                self.show(item, indent, "- ")

    def _add(self, indent: int, code: str, text: str, after: str = "") -> None:
        self.lines.append(f"{' ' * indent}{self._paint(text, code)}{after}")
