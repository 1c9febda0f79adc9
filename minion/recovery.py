"""After a restart: what an earlier daemon has taken is run, resumed or answered for, once it can be told which.

That takes three things: the executor says what still runs, the disk says what was taken, and what seems to have
expired waits until the master has told the time, for the box's own clock may be ahead.
"""

from __future__ import annotations

import logging
from typing import Final

from minion.jobs import Jobs
from minion.journal import Journal
from minion.loop import Loop
from shoal.clock import FloorClock

log = logging.getLogger(__name__)

_DISK_RETRY_S: Final = 15.0


class Recovery:
    """See the module docstring."""

    def __init__(self, loop: Loop, clock: FloorClock, journal: Journal, jobs: Jobs) -> None:
        self._loop = loop
        self._clock = clock
        self._journal = journal
        self._jobs = jobs
        self._begun = False
        self._doubtful = False

    def executor_ready(self, jids: frozenset[str]) -> None:
        """Know of the jobs that run; the first time, see to the others."""
        self._jobs.adopted(jids)
        if not self._begun:
            self._begun = True
            self._see_to_them()

    def time_told(self) -> None:
        """See to those that seemed to have expired: the master has told the time."""
        if self._doubtful:
            self._see_to_them()

    def _see_to_them(self) -> None:
        left = self._journal.left_over(self._jobs, self._clock.now(), sure=self._clock.anchored)
        if left is None:
            self._loop.call_later(_DISK_RETRY_S, self._see_to_them)
            return
        self._doubtful = bool(left.doubtful)
        for ret in left.answers:
            log.warning(
                "%s", ret.value(), extra={"action": "job_abandoned", "job": {"jid": ret.jid, "fun": ret.fun}}
            )
            self._jobs.returned(ret)
        for job in left.runnable:
            self._jobs.run_accepted(job)
        for job, since in left.resumable:
            self._jobs.resume(job, since)
