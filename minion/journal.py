"""What was promised and what has begun: jobs that a power cut must neither lose, nor double, nor leave unexplained.

1. A queued job is on the disk before the master is told that it was received, and once more before it begins.
2. A `now` job comes here when it runs for a while, as the executor says: a write for each short one would wear
   out the flash of a box that is asked every minute.
3. After a restart: what had not begun runs, if its time is not over; what had begun is answered for.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from typing import Final, Literal, Protocol

from minion.ledger.entry import Entry
from minion.ledger.ledger import Ledger
from minion.ledger.replay import decide
from shoal.errors import LedgerError
from shoal.job import Job
from shoal.returns import Return, failure

log = logging.getLogger(__name__)

_ENDED: Final = (
    "The minion or its box stopped while this job ran: whether and how far it ran is not known. "
    "It has not been run again."
)
_EXPIRED: Final = "The job expired on this minion before it began."

Promise = Literal["fresh", "known", "not_kept"]
Start = Literal["go", "ended", "not_now"]


class Promises(Protocol):
    """Where a minion notes what it has taken and begun."""

    def accept(self, job: Job, now: float) -> Promise:
        """Keep a queued job; `not_kept`: it must come again."""

    def begin(self, jid: str, now: float) -> Start:
        """Note that an accepted job begins; `ended`: it must not; `not_now`: the disk refuses, try again."""

    def began(self, job: Job, at: float) -> None:
        """Note that a job which takes a while has begun."""


class NoJournal:
    """For minions that keep nothing, as the thousands in one process: every job is new, and may begin."""

    def accept(self, job: Job, now: float) -> Promise:
        """Take it."""
        return "fresh"

    def begin(self, jid: str, now: float) -> Start:
        """Let it begin."""
        return "go"

    def began(self, job: Job, at: float) -> None:
        """Forget it."""


class Journal:
    """See the module docstring."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def accept(self, job: Job, now: float) -> Promise:
        """Keep a queued job durably; `not_kept` when the disk refuses, and then it must come again."""
        try:
            return "fresh" if self._ledger.accept(job, now).verdict == "fresh" else "known"
        except LedgerError as error:
            _complain(error, job)
            return "not_kept"

    def begin(self, jid: str, now: float) -> Start:
        """Note durably that an accepted job begins; `ended`: it must not; `not_now`: the disk refuses, try again."""
        try:
            return "go" if self._ledger.started(jid, now) else "ended"
        except LedgerError as error:
            _complain(error)
            return "not_now"

    def began(self, job: Job, at: float) -> None:
        """Put on record that a job runs, at epoch second `at`, if it is not there yet."""
        try:
            self._ledger.record(job, at)
        except LedgerError as error:  # it runs all the same; only a power cut would find it unexplained
            _complain(error, job)

    def left_over(self, alive: Container[str], now: float) -> tuple[list[Return], list[Job]]:
        """Return the answers for jobs that an earlier daemon left and that do not run, and the jobs to run yet."""
        answers: list[Return] = []
        runnable: list[Job] = []
        for entry in self._unfinished():
            if entry.job.jid in alive:
                continue
            if decide(entry.state, entry.job.expires, now, None) == "run":
                runnable.append(entry.job)
            else:
                answers.append(_answer(entry, now))
        return answers, runnable

    def taken(self) -> list[tuple[str, float]]:
        """Return (jid, expires) of the jobs on record: their replay is to be refused."""
        try:
            return list(self._ledger.tombstones())
        except LedgerError as error:
            _complain(error)
            return []

    def prune(self, now: float) -> None:
        """Forget jobs whose replay is refused by their age."""
        try:
            while self._ledger.prune(now):
                pass
        except LedgerError as error:
            _complain(error)

    def _unfinished(self) -> list[Entry]:
        try:
            return self._ledger.unfinished()
        except LedgerError as error:
            _complain(error)
            return []


def _answer(entry: Entry, now: float) -> Return:
    job = entry.job
    if entry.state == "accepted":
        return failure(job.jid, job.fun, "expired", _EXPIRED, started=now)
    return failure(job.jid, job.fun, "outcome_unknown", _ENDED, started=entry.started_at or now)


def _complain(error: LedgerError, job: Job | None = None) -> None:
    about = {"job": job.log_context()} if job is not None else {}
    log.error("%s", error, extra={"action": "ledger_failed", **about})
