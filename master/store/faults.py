"""Database errors in words an operator can use: what happened and what to do.

The driver's own text is passed on only where it can hold no stored value: SQLite names tables and columns,
PostgreSQL's primary message likewise; its DETAIL line quotes rows and is dropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from shoal.disk_state import trouble_of

_LOCKED: Final = "is locked by another process: is a second master running on it?"
_FULL: Final = "cannot grow, its disk is full: free some space; nothing was stored"
_DAMAGED: Final = "is not a SQLite database or is damaged: restore a backup or name another file"
_READONLY: Final = "is read-only: check owner and mode of the file and its folder"
_READONLY_DISK: Final = "is on a disk that is mounted read-only: mount it writable; nothing was stored"
_FAILING: Final = "is on a disk that reports errors: look at dmesg; nothing was stored"
_BY_TROUBLE: Final = {"full": _FULL, "read-only": _READONLY_DISK}

# What the message contains: SQLite's (its codes are only in Python 3.11's exceptions) or SQLAlchemy's own.
_TEXTS: Final = (
    ("is locked", _LOCKED),
    ("disk is full", _FULL),
    ("not a database", _DAMAGED),
    ("malformed", _DAMAGED),
    ("readonly", _READONLY),
    ("unable to open", "cannot be opened: check that its folder exists and belongs to the master"),
    ("disk I/O error", _FAILING),
    ("QueuePool limit", "has no free connection here: too many requests at once"),
)
# Where SQLite says little, the file's disk is asked: a full, a read-only and a failing one have the same name there.
_VAGUE: Final = ("disk I/O error", "unable to open", "readonly")
# PostgreSQL's SQLSTATE, or its first two characters.
_POSTGRES: Final = {
    "55P03": _LOCKED,
    "40P01": "undid this change in a deadlock with another writer: try again",
    "40": "undid this change because of another writer: try again",
    "53100": _FULL,
    "53300": "has no free connection: raise max_connections or stop other clients",
    "3D000": "does not exist: create it with createdb",
    "28": "refused the master's user or password",
    "42501": "refuses this to the master's user: make it the owner of the database",
    "25006": _READONLY,
    "57P": "is shutting down or starting: try again",
    "08": "is away: the connection broke",
}


def describe(error: BaseException, place: str) -> str:
    """Return one line for `error`, which SQLAlchemy or a driver raised about the database at `place`."""
    cause: BaseException = getattr(error, "orig", None) or error
    sqlstate = getattr(cause, "sqlstate", None)
    said = _first_line(cause)
    advice = _by_state(sqlstate) if sqlstate else (_by_disk(said, place) or _by_text(said))
    if advice:
        return f"the database {place} {advice}"
    if type(cause).__module__ == "builtins":  # OverflowError and such: their text may quote the value
        return f"the database {place} cannot hold a value of this kind ({type(cause).__name__})"
    return f"the database {place} refused: {said or type(cause).__name__}"


def is_conflict(error: BaseException) -> bool:
    """Say whether PostgreSQL gave up a transaction because of another one: it may succeed if tried again.

    Undone in a deadlock, or the lock was not to be had in time: a master that stands still may hold it.
    """
    cause: BaseException = getattr(error, "orig", None) or error
    state = getattr(cause, "sqlstate", None) or ""
    return state[:2] == "40" or state == "55P03"


def _by_state(sqlstate: str) -> str:
    return _POSTGRES.get(sqlstate) or _POSTGRES.get(sqlstate[:3]) or _POSTGRES.get(sqlstate[:2]) or ""


def _by_text(said: str) -> str:
    return next((advice for fragment, advice in _TEXTS if fragment in said), "")


def _by_disk(said: str, place: str) -> str:
    if not place.startswith("/") or not any(fragment in said for fragment in _VAGUE):
        return ""
    return _BY_TROUBLE.get(trouble_of(Path(place).parent), "")


def _first_line(cause: BaseException) -> str:
    diagnosis = getattr(cause, "diag", None)
    by_server = bool(getattr(cause, "sqlstate", None))
    text = getattr(diagnosis, "message_primary", None) or ("" if by_server else str(cause))
    return str(text).strip().split("\n", 1)[0][:300]
