"""Returns that the master has not stored yet, bounded by bytes; `trim.py` says what goes when it is full.

Every function works inside the transaction of the connection that it is given.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Container
from typing import Final

from minion.ledger import inbox
from minion.ledger.trim import OVERHEAD, Cut, Held, cuts, one_line, with_tail
from pki.keys import sha256
from shoal.returns import Return

log = logging.getLogger(__name__)

_INSERT: Final = """INSERT INTO returns
    (jid, fun, outcome, retcode, started, duration_s, trimmed, out, size, good, packed)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_SELECT: Final = """SELECT jid, fun, outcome, retcode, started, duration_s, trimmed, out, packed
    FROM returns WHERE place = ?"""


def totals(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return how many returns there are and what they cost in bytes."""
    count, size = connection.execute("SELECT count(*), coalesce(sum(size), 0) FROM returns").fetchone()
    return count, size + count * OVERHEAD


def put(connection: sqlite3.Connection, ret: Return) -> int:
    """Keep `ret` in place of what there was of its job; return by how many bytes the cost has grown."""
    before = remove(connection, ret.jid)
    connection.execute(
        _INSERT,
        (ret.jid, ret.fun, ret.outcome, ret.retcode, ret.started, ret.duration_s, ret.trimmed, ret.out,
         len(ret.packed), ret.success, ret.packed),
    )  # fmt: skip
    return len(ret.packed) + OVERHEAD - before


def remove(connection: sqlite3.Connection, jid: str) -> int:
    """Drop the return of `jid`; return what it has cost in bytes, 0 if there was none."""
    row = connection.execute("SELECT size FROM returns WHERE jid = ?", (jid,)).fetchone()
    if row is None:
        return 0
    connection.execute("DELETE FROM returns WHERE jid = ?", (jid,))
    return int(row[0]) + OVERHEAD


def holds(connection: sqlite3.Connection, jid: str) -> bool:
    """True when the return of `jid` waits here."""
    return connection.execute("SELECT 1 FROM returns WHERE jid = ?", (jid,)).fetchone() is not None


def following(connection: sqlite3.Connection, place: int, skip: Container[str]) -> tuple[int, Return] | None:
    """Return the first return after `place` whose job is not in `skip`, with its place; reads one value only."""
    rows = connection.execute("SELECT place, jid FROM returns WHERE place > ? ORDER BY place", (place,))
    found: int | None = next((at for at, jid in rows if jid not in skip), None)
    rows.close()
    if found is None:
        return None
    jid, fun, outcome, retcode, started, duration_s, trimmed, out, packed = connection.execute(
        _SELECT, (found,)
    ).fetchone()
    return found, Return(
        jid=jid, fun=fun, outcome=outcome, retcode=retcode, packed=packed, started=started,
        duration_s=duration_s, trimmed=trimmed, out=out,
    )  # fmt: skip


def make_room(connection: sqlite3.Connection, too_much: int) -> None:
    """Free at least `too_much` bytes, or everything."""
    rows = connection.execute("SELECT place, size, good FROM returns ORDER BY place")
    dropped: list[str] = []
    for one, cut in cuts((Held(place, size, bool(good)) for place, size, good in rows), too_much):
        if cut == "gone":
            dropped.append(_drop(connection, one.place))
        else:
            _cut(connection, one.place, cut)
    if dropped:  # one line for all of them: a log of thousands would fill the disk next
        text = "%d returns dropped, spool full: %s to %s"
        log.error(text, len(dropped), min(dropped), max(dropped), extra={"action": "returns_dropped"})


def fitting(ret: Return, max_bytes: int) -> bytes:
    """Return the value of `ret`, cut if it alone is more than the spool may hold."""
    if len(ret.packed) + OVERHEAD <= max_bytes:
        return ret.packed
    return with_tail(ret.packed, sha256(ret.packed).hex())


def _cut(connection: sqlite3.Connection, place: int, cut: Cut) -> None:
    packed, trimmed = connection.execute(
        "SELECT packed, trimmed FROM returns WHERE place = ?", (place,)
    ).fetchone()
    whole = trimmed + len(packed)
    left = with_tail(packed, sha256(packed).hex()) if cut == "tail" else one_line(whole)
    connection.execute(
        "UPDATE returns SET packed = ?, size = ?, trimmed = ? WHERE place = ?",
        (left, len(left), whole, place),
    )


def _drop(connection: sqlite3.Connection, place: int) -> str:
    jid: str = connection.execute("SELECT jid FROM returns WHERE place = ?", (place,)).fetchone()[0]
    remove(connection, jid)
    inbox.bury(connection, jid)
    return jid
