"""What was promised and what has begun: jobs that a power cut must neither lose, nor double, nor leave unexplained.

1. A queued job is on the disk before the master is told that it was received, and once more before it begins.
2. A `now` job comes here when it runs for a while, as the executor says: a write for each short one would wear
   out the flash of a box that is asked every minute.
3. After a restart: what had not begun runs, if its time is not over; what had begun is resumed, which is for the
   executor to judge by its function, or answered for.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from minion.ledger.entry import Entry
from minion.ledger.ledger import Ledger
from minion.ledger.replay import MAX_RUNS, decide
from shoal.errors import LedgerError
from shoal.job import Job
from shoal.returns import Return, failure

log = logging.getLogger(__name__)

_WORN_OUT: Final = f"The minion or its box stopped {MAX_RUNS} times while this job ran. It is not run again."
_EXPIRED: Final = "The job expired on this minion before it began."

Promise = Literal["fresh", "known", "not_kept"]
Start = Literal["go", "ended", "not_now", "worn_out"]


@dataclass(slots=True)
class LeftOver:
    """What an earlier daemon has left: answers to give, jobs to run, and jobs to resume with their first start."""

    answers: list[Return] = field(default_factory=list)
    runnable: list[Job] = field(default_factory=list)
    resumable: list[tuple[Job, float]] = field(default_factory=list)
    doubtful: int = 0  # jobs that may have expired: the time is not sure


class Promises(Protocol):
    """Where a minion notes what it has taken and begun."""

    def accept(self, job: Job, now: float) -> Promise:
        """Keep a queued job; `not_kept`: it must come again."""

    def begin(self, jid: str, now: float) -> Start:
        """Note that a job begins, or begins again. See `Journal.begin`."""

    def began(self, job: Job, at: float) -> None:
        """Note that a job which takes a while has begun."""

    def recall(self, jid: str) -> Job | None:
        """Return a job that is on record and has no return."""


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

    def recall(self, jid: str) -> Job | None:
        """There are none."""
        return None


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
        """Note durably that a job begins, or begins again.

        `ended`: it must not. `worn_out`: it was interrupted too often. `not_now`: the disk refuses, try again.
        """
        try:
            runs = self._ledger.started(jid, now)
        except LedgerError as error:
            _complain(error)
            return "not_now"
        if runs > MAX_RUNS:
            return "worn_out"
        return "go" if runs else "ended"

    def began(self, job: Job, at: float) -> None:
        """Put on record that a job runs, at epoch second `at`, if it is not there yet."""
        try:
            self._ledger.record(job, at)
        except LedgerError as error:  # it runs all the same; only a power cut would find it unexplained
            _complain(error, job)

    def left_over(self, alive: Container[str], now: float, *, sure: bool = True) -> LeftOver | None:
        """Return what is to be done about jobs that an earlier daemon left and that are not among `alive`.

        Unless `now` is `sure`, those that seem to have expired are only counted (`doubtful`): ask again later.
        None: the disk does not say; ask again.
        """
        left = LeftOver()
        try:
            unfinished = self._ledger.unfinished()
        except LedgerError as error:
            _complain(error)
            return None
        for entry in unfinished:
            job, since = entry.job, entry.started_at or now
            if job.jid in alive:
                continue
            decision = decide(entry.state, job.expires, now, entry.runs)
            if decision == "run":
                left.runnable.append(job)
            elif decision == "resume":
                left.resumable.append((job, since))
            elif decision == "expire" and not sure:
                left.doubtful += 1
            elif decision == "expire":
                left.answers.append(failure(job.jid, job.fun, "expired", _EXPIRED, started=now))
            else:
                left.answers.append(worn_out(job, since))
        return left

    def recall(self, jid: str) -> Job | None:
        """Return a job that is on record and has no return."""
        return next((entry.job for entry in self._unfinished() if entry.job.jid == jid), None)

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


def worn_out(job: Job, since: float) -> Return:
    """Return the answer for a job that was interrupted too often; it began at epoch second `since`."""
    return failure(job.jid, job.fun, "outcome_unknown", _WORN_OUT, started=since)


def _complain(error: LedgerError, job: Job | None = None) -> None:
    about = {"job": job.log_context()} if job is not None else {}
    log.error("%s", error, extra={"action": "ledger_failed", **about})
