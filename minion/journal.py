"""Jobs that have begun and have no answer yet: what a power cut ends is answered for, not forgotten.

Only jobs that run for a while come here, those that the executor says have started: a write for each short one
would wear out the flash of a box that is asked every minute.
"""

from __future__ import annotations

import logging
from collections.abc import Container
from typing import Final

from minion.ledger.ledger import Ledger
from shoal.errors import LedgerError
from shoal.job import Job
from shoal.returns import Return, failure

log = logging.getLogger(__name__)

_ENDED: Final = (
    "The minion or its box stopped while this job ran: whether and how far it ran is not known. "
    "It has not been run again."
)


class Journal:
    """See the module docstring."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def began(self, job: Job, at: float) -> None:
        """Put on record that `job` has begun, at epoch second `at`."""
        try:
            self._ledger.record(job, at)
        except LedgerError as error:  # it runs all the same; only a power cut would find it unexplained
            log.error("%s", error, extra={"action": "ledger_failed", "job": job.log_context()})

    def abandoned(self, alive: Container[str]) -> list[Return]:
        """Return answers for jobs that had begun and are not among those that still run."""
        try:
            entries = self._ledger.unfinished()
        except LedgerError as error:
            log.error("%s", error, extra={"action": "ledger_failed"})
            return []
        return [
            failure(
                entry.job.jid,
                entry.job.fun,
                "outcome_unknown",
                _ENDED,
                started=entry.started_at or entry.job.issued,
            )
            for entry in entries
            if entry.job.jid not in alive
        ]

    def taken(self) -> list[tuple[str, float]]:
        """Return (jid, expires) of the jobs on record: their replay is to be refused."""
        try:
            return list(self._ledger.tombstones())
        except LedgerError as error:
            log.error("%s", error, extra={"action": "ledger_failed"})
            return []
