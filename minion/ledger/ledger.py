"""The ledger of a minion. At most three writes a job wait for the disk: accepted, started, finished.

accept ──► started ──► finished ──► acknowledged ──► tombstone, until the job's own expiry and a little longer
   └──── superseded ─────┘

Every method raises LedgerError when the file cannot be read or written; nothing of that call is kept then, and
the next one tries again. Times are epoch seconds, UTC.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from minion.ledger import inbox, spool
from minion.ledger.entry import Accepted, Entry
from minion.ledger.file import LedgerFile
from shoal.job import Job
from shoal.returns import Return, failure

MAX_TOMBSTONES: Final = 100_000
_SLACK: Final = (
    16  # a full spool is freed by another 1/16, so that not every return goes through all the others
)
_UNREADABLE: Final = "This version of the minion cannot read the job, which another one had taken."


def open_ledger(path: Path, *, max_bytes: int, max_tombstones: int = MAX_TOMBSTONES) -> Ledger:
    """Open the ledger at `path`, made 0600 if need be; `max_bytes` bounds the returns that wait.

    A damaged file is set aside as NAME.corrupt-N and a fresh one taken: `Ledger.trouble` then says so.

    Raises:
        ConfigError: a newer Shoal has written the file.
        LedgerError: it cannot be opened.
    """
    ledger = Ledger(path, max_bytes, max_tombstones)
    ledger.open()
    return ledger


class Ledger:
    """See the module docstring; made by `open_ledger`. For one thread."""

    def __init__(self, path: Path, max_bytes: int, max_tombstones: int) -> None:
        self._file = LedgerFile(path, self._forget_totals)
        self._max = max_bytes
        self._max_tombstones = max_tombstones
        self._totals: tuple[int, int] | None = None  # returns and their bytes, once counted

    def open(self) -> None:
        """Open the file. Raises ConfigError, LedgerError."""
        self._file.open()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def trouble(self) -> str:
        """What people should know: one line, "" when all is well."""
        return self._file.trouble

    @property
    def durable_commits(self) -> int:
        """How many writes have waited for the disk."""
        return self._file.durable_commits

    # ------------------------------------------------------------------ jobs

    def accept(self, job: Job, now: float) -> Accepted:
        """Take `job` durably, unless it was taken before.

        With a channel only its newest job stays: older ones that have not begun end as `superseded`, and so does
        `job` itself when a newer one was here first.
        """
        with self._file.write("taking a job") as connection:
            if inbox.knows(connection, job.jid) or spool.holds(connection, job.jid):
                return Accepted(verdict="known")
            inbox.insert(connection, job, now)
            newer = inbox.newest_after(connection, job.channel, job.jid)
            if newer:
                self._supersede(connection, job.jid, job.fun, newer, now)
                return Accepted(verdict="superseded")
            older = inbox.waiting_before(connection, job.channel, job.jid)
            for jid, fun in older:
                self._supersede(connection, jid, fun, job.jid, now)
        return Accepted(verdict="fresh", superseded=tuple(jid for jid, _fun in older))

    def started(self, jid: str, at: float) -> int:
        """Note durably that a job begins, before its effect; return how often it has.

        0: it must not begin, for it was never accepted here, or has ended.
        """
        with self._file.write("noting that a job begins") as connection:
            return inbox.mark_started(connection, jid, at)

    def record(self, job: Job, at: float) -> None:
        """Note durably that `job` has begun, which was not accepted beforehand; nothing if it is known."""
        with self._file.write("noting that a job runs") as connection:
            if not inbox.knows(connection, job.jid) and not spool.holds(connection, job.jid):
                inbox.insert(connection, job, at)
                inbox.mark_started(connection, job.jid, at)

    def finished(self, *returns: Return) -> None:
        """Keep returns durably, all at once, also of jobs that were never accepted here.

        Each replaces an earlier return of its job, unless the master has that one already.
        """
        with self._file.write("keeping a return") as connection:
            for ret in returns:
                if inbox.state(connection, ret.jid)[0] != "tombstone":
                    self._finish(connection, ret)

    def seen(self, jid: str) -> bool:
        """True when a job was taken before, however it went on."""
        with self._file.read("looking for a job") as connection:
            return inbox.knows(connection, jid) or spool.holds(connection, jid)

    def tombstones(self) -> Iterator[tuple[str, float]]:
        """Yield (jid, expires) of all jobs that were taken and must not be taken again, oldest first."""
        place = 0
        while True:
            with self._file.read("reading the jobs") as connection:
                rows = inbox.expiries(connection, place)
            if not rows:
                return
            yield from ((jid, expires) for _place, jid, expires in rows)
            place = rows[-1][0]

    def unfinished(self) -> list[Entry]:
        """Return the jobs without a return, in the order of their coming; for the time after a restart.

        One that this version cannot read is answered on the spot.
        """
        entries: list[Entry] = []
        unreadable: list[tuple[str, str, str, float]] = []
        with self._file.read("reading the jobs") as connection:
            for found in inbox.unfinished(connection):
                (entries if isinstance(found, Entry) else unreadable).append(found)  # type: ignore[arg-type]
        for jid, fun, state, since in unreadable:
            outcome = "refused" if state == "accepted" else "outcome_unknown"
            self.finished(failure(jid, fun, outcome, _UNREADABLE, started=since))
        return entries

    def prune(self, now: float) -> int:
        """Drop some tombstones whose time is over; return how many. Call it now and then; it is not durable."""
        with self._file.write("dropping what is over", durable=False) as connection:
            return inbox.prune(connection, now, self._max_tombstones)

    # --------------------------------------------------------------- returns

    @property
    def unsent_count(self) -> int:
        """How many returns the master has not stored yet."""
        if self._totals is None:
            with self._file.read("counting the returns") as connection:
                self._totals = spool.totals(connection)
        return self._totals[0]

    def __contains__(self, jid: object) -> bool:
        """True when the return of `jid` waits for the master."""
        if not isinstance(jid, str):
            return False
        with self._file.read("looking for a return") as connection:
            return spool.holds(connection, jid)

    def unsent(self, skip: Container[str] = ()) -> Iterator[Return]:
        """Yield the returns that wait, oldest first, but those of `skip`; one value is in memory at a time.

        The ledger may be written to while somebody goes through this; what is added meanwhile may wait for the
        next time.
        """
        place = 0
        while True:
            with self._file.read("reading a return") as connection:
                found = spool.following(connection, place, skip)
            if found is None:
                return
            place, ret = found
            yield ret

    def acknowledged(self, jids: Iterable[str]) -> None:
        """Drop returns that the master has stored. Not durable: after a power cut they may go out once more."""
        with self._file.write("dropping a return", durable=False) as connection:
            count, size = self._count(connection)
            for jid in jids:
                cost = spool.remove(connection, jid)
                if cost:
                    count, size = count - 1, size - cost
                    inbox.bury(connection, jid)
        self._totals = (count, size)

    def ended(self, jids: Iterable[str]) -> None:
        """Note that the master has the returns of these jobs, which were never kept here. Not durable."""
        with self._file.write("noting that a job has ended", durable=False) as connection:
            for jid in jids:
                if not spool.holds(connection, jid):
                    inbox.mark_done(connection, jid)
                    inbox.bury(connection, jid)

    # ------------------------------------------------------------ within one transaction

    def _supersede(self, connection: sqlite3.Connection, jid: str, fun: str, by: str, now: float) -> None:
        self._finish(connection, failure(jid, fun, "superseded", f"superseded by job {by}", started=now))

    def _finish(self, connection: sqlite3.Connection, ret: Return) -> None:
        packed = spool.fitting(ret, self._max)
        if packed is not ret.packed:
            ret = replace(ret, packed=packed, trimmed=ret.trimmed + len(ret.packed))
        count, size = self._count(connection)
        known = spool.holds(connection, ret.jid)
        size += spool.put(connection, ret)
        inbox.mark_done(connection, ret.jid)
        self._totals = (count + (not known), size)
        if size > self._max:
            spool.make_room(connection, size - self._max + self._max // _SLACK)
            self._totals = spool.totals(connection)

    def _count(self, connection: sqlite3.Connection) -> tuple[int, int]:
        return self._totals or spool.totals(connection)

    def _forget_totals(self) -> None:
        self._totals = None
