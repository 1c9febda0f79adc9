"""Turns what SQLite and the operating system say into one line that says what, where and what to do.

By text, not by number: Python 3.10 does not tell SQLite's error codes.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path
from typing import Final

from shoal.disk_state import trouble_of
from shoal.errors import LedgerError

_DAMAGED: Final = (
    "malformed",
    "not a database",
    "unsupported file format",
    "no such table",
    "no such column",
)
_ADVICE: Final = (
    ("disk is full", "the disk is full: make room"),
    ("readonly", "it is read-only: mount the file system writable and let the minion's user write there"),
    ("unable to open", "it cannot be opened: the folder must exist and the minion's user may write there"),
    ("disk i/o error", "the disk reports I/O errors: look at dmesg, replace the disk or card"),
    ("locked", "another process uses it: stop that one, e.g. a second minion"),
)
_VAGUE: Final = ("disk i/o error", "unable to open")
_BY_TROUBLE: Final = {"full": _ADVICE[0][1], "read-only": _ADVICE[1][1]}
_BY_ERRNO: Final = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "the disk quota is used up: make room",
    errno.EROFS: _ADVICE[1][1],
    errno.EACCES: _ADVICE[1][1],
    errno.EPERM: _ADVICE[1][1],
    errno.ENOENT: _ADVICE[2][1],
    errno.EIO: _ADVICE[3][1],
}


def is_damage(error: Exception) -> bool:
    """True when the file itself is not, or no longer, a ledger."""
    return isinstance(error, sqlite3.Error) and any(word in str(error).lower() for word in _DAMAGED)


def explained(error: Exception, path: Path, doing: str) -> LedgerError:
    """Return the error to raise for `error`, which came up in the ledger at `path` while `doing` something."""
    # SQLite calls most troubles "disk I/O error", and a sound card is not to be replaced for a full disk.
    vague = any(word in str(error).lower() for word in _VAGUE)
    advice = (_BY_TROUBLE.get(trouble_of(path.parent)) if vague else None) or _advice(error)
    return LedgerError(f"{path}: {doing} failed: {advice}")


def _advice(error: Exception) -> str:
    if isinstance(error, OSError):
        return _BY_ERRNO.get(error.errno or 0, error.strerror or str(error))
    text = str(error).lower()
    if is_damage(error):
        return f"the file is damaged ({error}): it is set aside, a fresh one takes its place"
    known = (advice for word, advice in _ADVICE if word in text)
    return next(known, str(error).replace("\n", " "))
