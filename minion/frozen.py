"""Kept jobs that wait on the box until its blackout ends.

To refuse them would lose what somebody has queued for a box that happens to be frozen; so they wait as they would if
the box were away, until they expire. They are looked at again when the box's facts change, and every half minute.
They are on record in the journal, so a restart finds them again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from minion.loop import Loop
from shoal.job import Job

log = logging.getLogger(__name__)

_LOOK_AGAIN_S: Final = 30.0


class Frozen:
    """`reason(job)` says why a job must wait, nothing if it may begin; `go` gets each again, and when it had begun."""

    def __init__(self, loop: Loop, reason: Callable[[Job], str], go: Callable[[Job, float], None]) -> None:
        self._loop = loop
        self._reason = reason
        self._go = go
        self._jobs: dict[str, tuple[Job, float]] = {}
        self._told: set[str] = set()  # those of which the log says so already
        self._timed = False

    def __contains__(self, jid: object) -> bool:
        return jid in self._jobs

    def why(self, job: Job) -> str:
        """Return why a job must wait, nothing if it may begin."""
        return "" if job.mode == "now" else self._reason(job)

    def takes(self, job: Job, since: float) -> bool:
        """Keep `job` if it must wait; `since`: it had begun at that epoch second, and the minion stopped."""
        reason = self.why(job)
        if not reason:
            self._told.discard(job.jid)
            return False
        if job.jid not in self._told:
            self._told.add(job.jid)
            log.warning(
                "a job waits: %s", reason, extra={"action": "blackout_waits", "job": job.log_context()}
            )
        self._jobs[job.jid] = job, since
        if not self._timed:
            self._timed = True
            self._loop.call_later(_LOOK_AGAIN_S, self._look_later)
        return True

    def drop(self, jid: str) -> float:
        """Let a job go that waits; return when it had begun, 0 if it had not."""
        self._told.discard(jid)
        _job, since = self._jobs.pop(jid)
        return since

    def look(self) -> None:
        """Try them all again, in the order in which they came."""
        jobs, self._jobs = self._jobs, {}
        for job, since in jobs.values():
            self._go(job, since)
        self._told &= self._jobs.keys()

    def _look_later(self) -> None:
        self._timed = False
        self.look()
