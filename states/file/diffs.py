"""How a change of content is told, in Salt's shape. Pure."""

from __future__ import annotations

import re

from modules.file.content import to_text
from modules.file.difference import unified
from states.file.paths import Now
from states.file.steps import Content

HIDDEN = "<show_changes=False>"
_MARKER = re.compile(r"^(--- |\+\+\+ |@@ .* @@)$", re.MULTILINE)


def told(now: Now, content: Content, *, show: bool) -> str:
    """Return what `changes` says of a file that changes."""
    if not show:
        return HIDDEN
    if now.data is None or content.data is None:
        return f"{now.size} bytes or more are too many to compare"
    kinds = [_kind(now.data), _kind(content.data)]
    if kinds != ["text", "text"]:
        return f"Replace {kinds[0]} file with {kinds[1]} file"
    return text_diff(to_text(now.data), to_text(content.data))


def text_diff(before: str, after: str) -> str:
    """Return the unified difference of two texts under Salt's empty names."""
    return unified(before, after, "", "")


def spaced_diff(before: str, after: str) -> str:
    """Return the difference as `file.append` tells it: an empty line after each line of the head."""
    return _MARKER.sub(r"\1\n", text_diff(before, after)).removesuffix("\n")


def _kind(data: bytes) -> str:
    if not data:
        return "text"
    try:
        data.decode()
    except UnicodeDecodeError:
        return "binary"
    return "binary" if b"\0" in data else "text"
