r"""The escapes of fstab and of the kernel's tables: a space is `\040`, a tab `\011`, a line feed `\012`."""

from __future__ import annotations

import re
from typing import Final

_OCTAL: Final = re.compile(rb"\\([0-3][0-7]{2})")
_BLANKS: Final = re.compile(r"[ \t]+")
_ESCAPED: Final = {ord(c): f"\\{ord(c):03o}" for c in " \t\n\\"}


def unescape(word: str) -> str:
    """Return a field of a table as the text it stands for."""
    data = word.encode("utf-8", "surrogateescape")
    return _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), data).decode("utf-8", "surrogateescape")


def fields_of(line: str) -> list[str]:
    """Return the fields of a line. Only space and tab part them: a path may hold what `str.split` parts at."""
    return _BLANKS.split(line.strip(" \t\r")) if line.strip(" \t\r") else []


def escape(text: str) -> str:
    """Return a text as a field of a table."""
    escaped = text.translate(_ESCAPED)
    return "\\043" + escaped[1:] if escaped.startswith("#") else escaped
