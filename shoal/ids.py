"""Minion ids, job ids and random names: what they look like and how they are made.

An id that passes `check_minion_id` is safe as a file name, a topic and a table cell: no path, no control
character, no leading dash, ASCII only (so no look-alikes). Nothing else in Shoal checks ids again.
"""

from __future__ import annotations

import os  # not `secrets`: it loads OpenSSL, 4 MiB that a box can do without
import re
import time
from typing import Final

from shoal.errors import WireError

MAX_MINION_ID: Final = 253  # a DNS name's limit
_MINION_ID: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.@-]{0,251}[A-Za-z0-9_-])?")
_JID: Final = re.compile(r"[0-9]{20}")
_FUNCTION: Final = re.compile(r"[a-z_][a-z0-9_]{0,63}\.[a-z_][a-z0-9_]{0,63}")


def check_minion_id(value: object) -> str:
    """Return `value` if it is a legal minion id.

    Raises:
        WireError: not text, empty, too long, or a character outside `A-Z a-z 0-9 _ . @ -`, or a double dot.
    """
    if not isinstance(value, str) or not _MINION_ID.fullmatch(value) or ".." in value:
        raise WireError(
            f"bad minion id {str(value)[:60]!r}: use 1-{MAX_MINION_ID} of A-Z a-z 0-9 _ . @ -, "
            "start with a letter, digit or _, no '..', no '.' at the end"
        )
    return value


def check_jid(value: object) -> str:
    """Return `value` if it is a job id: exactly 20 digits. Raises WireError."""
    if not isinstance(value, str) or not _JID.fullmatch(value):
        raise WireError(f"bad job id {str(value)[:40]!r}: 20 digits expected")
    return value


def check_function_name(value: object) -> str:
    """Return `value` if it has the form `module.function`. Raises WireError."""
    if not isinstance(value, str) or not _FUNCTION.fullmatch(value):
        raise WireError(f"bad function name {str(value)[:80]!r}: module.function expected, e.g. test.ping")
    return value


class JidMaker:
    """Makes job ids as Salt spells them (`YYYYMMDDhhmmssffffff`, UTC), strictly increasing.

    Masters that share a database have a `slot` each, 0 to 9: the last digit, so that no two make the same id.
    """

    def __init__(self, slot: int | None = None) -> None:
        self._last = ""
        self._slot = slot

    def new(self, now: float) -> str:
        """Return the id for epoch second `now`, or the next one after the last id if that is later."""
        microseconds, step = int(now * 1_000_000), 1
        if self._slot is not None:
            microseconds, step = microseconds // 10 * 10 + self._slot, 10
        jid = _jid_at(microseconds)
        if jid <= self._last:
            jid = _jid_at(_microseconds(self._last) + step)
        self._last = jid
        return jid


def _jid_at(microseconds: int) -> str:
    seconds, rest = divmod(microseconds, 1_000_000)
    return time.strftime("%Y%m%d%H%M%S", time.gmtime(seconds)) + f"{rest:06d}"


def _microseconds(jid: str) -> int:
    import calendar  # only on a collision

    return calendar.timegm(time.strptime(jid[:14], "%Y%m%d%H%M%S")) * 1_000_000 + int(jid[14:])


def jid_time(jid: str) -> float:
    """Return the epoch second at which job `jid` was made."""
    return _microseconds(jid) / 1_000_000


def new_nonce() -> bytes:
    """Return 16 fresh random bytes for a challenge."""
    return os.urandom(16)
