"""A small file in which the system or a program of its says something: a note, a number, the words of a process."""

from __future__ import annotations

from pathlib import Path
from typing import Final

MAX_BYTES: Final = 64 * 1024


def read_small(path: Path) -> str:
    """Return the text of a file as far as it is read, "" if there is none to be read. Never raises OSError."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return file.read(MAX_BYTES)
    except OSError:
        return ""
