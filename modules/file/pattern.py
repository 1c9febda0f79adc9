"""Regular expressions as operators give them."""

from __future__ import annotations

import re
from typing import Final

from modules.file.place import shown
from shoal.errors import ArgumentError

_NAMES: Final = ("ASCII", "IGNORECASE", "MULTILINE", "DOTALL", "VERBOSE", "A", "I", "M", "S", "X")


def compiled(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Return the compiled expression. Raises ArgumentError."""
    try:
        return re.compile(pattern, flags)
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        raise ArgumentError(f"{shown(pattern)} is not a regular expression: {shown(str(error))}") from None


def flags_of(flags: int | str | list[str]) -> int:
    """Return Python's number for `flags`: a number, a name or several names. Raises ArgumentError."""
    if isinstance(flags, int):
        return int(flags) & (re.ASCII | re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE)
    found = 0
    for name in [flags] if isinstance(flags, str) else flags:
        if name.upper() not in _NAMES:
            raise ArgumentError(f"{shown(name)} is not a flag; there are {', '.join(_NAMES[:5])}")
        found |= int(re.RegexFlag[name.upper()])
    return found
