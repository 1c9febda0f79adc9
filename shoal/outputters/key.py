"""`key`: minions by the state of their key, under the headings of salt-key.

Knows the states by Shoal's words (`accepted`, `denied`, `pending`, `rejected`) and by the names of Salt's
folders (`minions`, `minions_denied`, `minions_pre`, `minions_rejected`). Anything else is shown nested.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from shoal.outputters import nested
from shoal.outputters.style import (
    BLUE,
    BOLD_BLUE,
    BOLD_GREEN,
    BOLD_MAGENTA,
    BOLD_RED,
    GREEN,
    RED,
    Style,
)
from shoal.outputters.terminal import as_text, clean, clean_line

_MAGENTA: Final = "0;35"

# Shoal's word, Salt's word, heading, colour of the heading, colour of the names; in the order they are shown
_SECTIONS: Final = (
    ("local", "local", "Local Keys:", BOLD_MAGENTA, _MAGENTA),
    ("accepted", "minions", "Accepted Keys:", BOLD_GREEN, GREEN),
    ("denied", "minions_denied", "Denied Keys:", BOLD_MAGENTA, _MAGENTA),
    ("pending", "minions_pre", "Unaccepted Keys:", BOLD_RED, RED),
    ("rejected", "minions_rejected", "Rejected Keys:", BOLD_BLUE, BLUE),
)
_KNOWN: Final = frozenset(word for section in _SECTIONS for word in section[:2])


def render(data: Any, style: Style) -> str:
    """Return the headings for the states in `data`, each with its minions.

    A state is a list of ids, or a map of id to fingerprint or key.
    """
    if not isinstance(data, dict) or not _KNOWN.issuperset(data):
        return nested.render(data, style)
    return "\n".join(_headings(data, style))


def _headings(data: dict[str, Any], style: Style) -> Iterator[str]:
    for word, salt_word, heading, head_colour, name_colour in _SECTIONS:
        for name in dict.fromkeys((word, salt_word)):
            if name in data:
                yield style.paint(heading, head_colour)
                yield from (style.paint(line, name_colour) for line in _members(data[name]))


def _members(section: Any) -> list[str]:
    if isinstance(section, dict):
        return [
            f"{clean_line(as_text(name))}:  {clean(as_text(value))}"
            for name, value in sorted(section.items(), key=lambda item: str(item[0]))
        ]
    if isinstance(section, (list, tuple)):
        return sorted(clean_line(as_text(name)) for name in section)
    return [clean_line(as_text(section))]
