"""`pprint`: as Python writes it, over several lines, sorted by key."""

from __future__ import annotations

import pprint
from typing import Any, Final

from shoal.outputters.style import Style
from shoal.outputters.terminal import clean

_ONE_LINE: Final = 2**31


def render(data: Any, style: Style) -> str:
    """Return `data` laid out by Python's own `pprint`."""
    width = 80 if style.indent >= 0 else _ONE_LINE
    return clean(pprint.pformat(data, indent=max(style.indent, 1), width=width))
