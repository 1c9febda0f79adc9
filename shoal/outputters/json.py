"""`json`: one document. Keys stay in the order they came; one object per minion unless `--static`."""

from __future__ import annotations

import json
from typing import Any, Final

from shoal.outputters.style import Style
from shoal.outputters.terminal import is_unsafe
from shoal.wire import plain

_MAX_DEPTH: Final = 100  # more than anything that came over the wire


def render(data: Any, style: Style) -> str:
    """Return `data` as JSON; bytes become the text they spell."""
    indent = style.indent if style.indent >= 0 else None
    text = json.dumps(plain(data, _MAX_DEPTH), indent=indent, ensure_ascii=False)
    if text.isascii() and "\x7f" not in text:
        return text
    # json itself leaves DEL, C1 and the like as they are; they can only stand inside a string.
    return "".join(f"\\u{ord(char):04x}" if is_unsafe(ord(char)) else char for char in text)
