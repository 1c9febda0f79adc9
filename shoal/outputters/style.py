"""How output is to look: indentation and colours, with the codes that Salt uses."""

from __future__ import annotations

from typing import Final, NamedTuple

from shoal.state_look import StateLook

RED: Final = "0;31"
GREEN: Final = "0;32"
BLUE: Final = "0;34"
CYAN: Final = "0;36"
WHITE: Final = "0;37"
DARK_GREY: Final = "0;1;30"
BOLD_RED: Final = "0;1;31"
BOLD_GREEN: Final = "0;1;32"
BOLD_YELLOW: Final = "0;1;33"
BOLD_BLUE: Final = "0;1;34"
BOLD_MAGENTA: Final = "0;1;35"
BOLD_WHITE: Final = "0;1;37"
_OFF: Final = "\x1b[0;0m"


class Style(NamedTuple):
    """What the operator asked for. A NamedTuple, because `dataclasses` costs 7 ms at start."""

    indent: int = 4
    colour: bool = False
    states: StateLook = StateLook()

    def paint(self, text: str, code: str) -> str:
        """Return `text` in the colour of `code` if colours are on."""
        return f"\x1b[{code}m{text}{_OFF}" if self.colour else text
