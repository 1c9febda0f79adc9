"""Jobs that were taken: in which order, how far they came, and the tombstones of those that are done with.

Every function works inside the transaction of the connection that it is given.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

from minion.ledger.entry import Entry
from pki.seen import LINGER_S
from shoal.errors import WireError
from shoal.job import MAX_JOB_BYTES, Job
from shoal.wire import decode, encode

_BATCH: Final = 500  # rows that one pruning deletes
_PAGE: Final = 500  # rows that are read at once


def knows(connection: sqlite3.Connection, jid: str) -> bool:
    """True when `jid` was taken, or is as old as ids that had to be forgotten."""
    found = connection.execute(
        "SELECT 1 FROM jobs WHERE jid = ?1 UNION ALL SELECT 1 FROM floor WHERE jid >= ?1", (jid,)
    )
    return found.fetchone() is not None


def insert(connection: sqlite3.Connection, job: Job, now: float) -> None:
    """Keep `job` as accepted."""
    connection.execute(
        "INSERT INTO jobs (jid, fun, channel, expires, accepted, state, job) VALUES (?, ?, ?, ?, ?, 'accepted', ?)",
        (job.jid, job.fun, job.channel, job.expires, now, encode(job.to_wire())),
    )


def waiting_before(connection: sqlite3.Connection, channel: str, jid: str) -> list[tuple[str, str]]:
    """Return (jid, fun) of the channel's jobs older than `jid` that have not begun."""
    rows = connection.execute(
        "SELECT jid, fun FROM jobs WHERE channel = ? AND channel <> '' AND jid < ? AND state = 'accepted' ORDER BY jid",
        (channel, jid),
    )
    return rows.fetchall()


def newest_after(connection: sqlite3.Connection, channel: str, jid: str) -> str:
    """Return the newest job of the channel that is newer than `jid`, "" if there is none."""
    (newest,) = connection.execute(
        "SELECT max(jid) FROM jobs WHERE channel = ? AND channel <> '' AND jid > ?", (channel, jid)
    ).fetchone()
    return newest or ""


def state(connection: sqlite3.Connection, jid: str) -> tuple[str, str]:
    """Return (state, fun) of a job, ("", "") if it is not known."""
    row: tuple[str, str] | None = connection.execute(
        "SELECT state, fun FROM jobs WHERE jid = ?", (jid,)
    ).fetchone()
    return row or ("", "")


def mark_started(connection: sqlite3.Connection, jid: str, at: float) -> int:
    """Note that a job begins, and return how often it has; 0 if it is not to begin, or not known."""
    connection.execute(
        "UPDATE jobs SET state = 'started', started = coalesce(started, ?), runs = runs + 1 "
        "WHERE jid = ? AND state IN ('accepted', 'started')",
        (at, jid),
    )
    row = connection.execute("SELECT runs FROM jobs WHERE jid = ? AND state = 'started'", (jid,)).fetchone()
    return int(row[0]) if row else 0


def mark_done(connection: sqlite3.Connection, jid: str) -> None:
    """Note that a job has its return; its own text is not needed any more."""
    connection.execute("UPDATE jobs SET state = 'done', job = NULL WHERE jid = ? AND state <> 'done'", (jid,))


def bury(connection: sqlite3.Connection, jid: str) -> None:
    """Leave nothing of a job that is done but its tombstone."""
    connection.execute("UPDATE jobs SET state = 'tombstone' WHERE jid = ? AND state = 'done'", (jid,))


def expiries(connection: sqlite3.Connection, after: int) -> list[tuple[int, str, float]]:
    """Return some (place, jid, expires) of jobs that come after `after`, with tombstones."""
    rows = connection.execute(
        "SELECT place, jid, expires FROM jobs WHERE place > ? ORDER BY place LIMIT ?", (after, _PAGE)
    )
    return rows.fetchall()


def unfinished(connection: sqlite3.Connection) -> Iterator[Entry | tuple[str, str, str, float]]:
    """Yield jobs without a return in the order of their coming.

    One that this version cannot read comes as (jid, fun, state, epoch seconds when it was accepted or begun).
    """
    rows = connection.execute(
        "SELECT jid, fun, state, accepted, started, runs, job FROM jobs "
        "WHERE state IN ('accepted', 'started') ORDER BY place"
    )
    for jid, fun, known, accepted, started, runs, packed in rows:
        try:
            job = Job.from_wire(decode(packed, MAX_JOB_BYTES))
        except WireError:
            yield jid, fun, known, accepted if started is None else started
        else:
            yield Entry(job=job, state=known, started_at=started, runs=runs)


def prune(connection: sqlite3.Connection, now: float, max_tombstones: int) -> int:
    """Drop some tombstones that are past their time, and the oldest above `max_tombstones`; return how many."""
    connection.execute("DELETE FROM floor WHERE expires <= ?", (now - LINGER_S,))
    gone = connection.execute(
        "DELETE FROM jobs WHERE place IN "
        "(SELECT place FROM jobs WHERE state = 'tombstone' AND expires <= ? LIMIT ?)",
        (now - LINGER_S, _BATCH),
    ).rowcount
    (held,) = connection.execute("SELECT count(*) FROM jobs WHERE state = 'tombstone'").fetchone()
    return gone + (_forget(connection, min(held - max_tombstones, _BATCH)) if held > max_tombstones else 0)


def _forget(connection: sqlite3.Connection, count: int) -> int:
    """Drop the `count` oldest tombstones before their time; from then on ids as old as those count as seen."""
    oldest = connection.execute(
        "SELECT jid, expires FROM jobs WHERE state = 'tombstone' ORDER BY jid LIMIT ?", (count,)
    ).fetchall()
    connection.execute(
        "INSERT INTO floor VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE SET "
        "jid = max(jid, excluded.jid), expires = max(expires, excluded.expires)",
        (oldest[-1][0], max(expires for _jid, expires in oldest)),
    )
    connection.executemany("DELETE FROM jobs WHERE jid = ?", [(jid,) for jid, _expires in oldest])
    return len(oldest)
