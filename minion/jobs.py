"""Jobs on this box: believed, promised, handed to the executor, and known until their return.

    sealed ──judge──▶ `now`: executor
              │       `queue`: journal ──▶ the master hears `received` ──▶ journal again ──▶ executor
              └─refused: counted; the master is told if it is to know

A job that the master takes back ends as `cancelled` if it has not begun, else it is sent SIGTERM, then SIGKILL.

A kept job that a blackout forbids waits here until that ends, or the job's time is over.

Nothing here blocks: what the disk refuses comes again, from the master or by a timer.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

from minion.executor.contract import Executor
from minion.executor.interrupted import unknown
from minion.frozen import Frozen
from minion.journal import Promises, worn_out
from minion.loop import Loop
from minion.reporter import Reporter
from minion.spool import Waiting
from pki.trust import EARLY, JobRefusedError, JobTrust
from shoal.cancel import Cancel
from shoal.clock import FloorClock
from shoal.job import Job
from shoal.returns import Return, failure

_RETRY_S: Final = 30.0  # for a disk that refuses
_MAX_TOLD: Final = 50  # jobs that run, to a master that may not know
_KILL_AFTER_S: Final = 10.0  # between SIGTERM and SIGKILL for a cancelled job
_CANCELLED: Final = "The job was cancelled before it began."
_CANCELLED_FROZEN: Final = "It was cancelled while it waited for the end of a blackout."
_DIED: Final = "The executor process died while it had this job: whether and how far it ran is not known."
_TOLD: Final = frozenset({"not allowed", "expired", EARLY, "bad lifetime"})


class Jobs:
    """See the module docstring."""

    def __init__(
        self,
        *,
        loop: Loop,
        clock: FloorClock,
        trust: JobTrust,
        journal: Promises,
        waiting: Waiting,
        reporter: Reporter,
        send: Callable[[str, Any], bool],
        holds: Callable[[Job], str],
    ) -> None:
        self._frozen = Frozen(loop, holds, self._thawed)
        self._loop = loop
        self._clock = clock
        self._trust = trust
        self._journal = journal
        self._waiting = waiting
        self._reporter = reporter
        self._send = send
        self._running: dict[str, Job | None] = {}  # None: taken by an earlier daemon
        self._began: dict[str, float] = {}  # of those, the ones that take a while, and since when
        self._held: set[str] = set()  # of those, the ones that wait for the disk and have not begun
        self.executor: Executor | None = None  # set before the first job can come

    def __len__(self) -> int:
        return len(self._running)

    def __contains__(self, jid: object) -> bool:
        """Say whether this daemon has the job in hand, or its return."""
        return jid in self._running or jid in self._waiting or jid in self._frozen

    def take(self, sealed: bytes, *, again: bool = False) -> None:
        """Take a job as it was published. Raises WireError, TrustError, JobRefusedError.

        One from the future is not answered for unless it is taken `again`, by the master's time of then.
        """
        try:
            job = self._trust.judge(sealed, self._clock.now())
        except JobRefusedError as refusal:
            if again or refusal.reason != EARLY:
                self._report_refusal(refusal)
            raise
        self._clock.raise_floor(job.issued)
        if job.mode == "now":
            self._run(job)
        else:
            self._accept(job)

    def run_accepted(self, job: Job) -> None:
        """Run a job that is in the journal and has not begun."""
        now = self._clock.now()
        if job.jid in self._waiting:
            return  # it was cancelled, or superseded
        if now >= job.expires:
            text = f"It expired before it began. {self._frozen.why(job)}".rstrip()
            self.returned(failure(job.jid, job.fun, "expired", text, started=now))
            return
        self._begin(job, 0.0)

    def resume(self, job: Job, since: float) -> None:
        """Take up a job again that began at epoch second `since` and was interrupted."""
        self._begin(job, since)

    def lost(self, jid: str, fun: str, since: float) -> None:
        """Take up, or answer for, a job that a dead executor had in hand since epoch second `since`."""
        job = self._running.get(jid) or self._journal.recall(jid)
        if job is None:
            self.returned(failure(jid, fun, "outcome_unknown", _DIED, started=since))
            return
        self._journal.began(job, since)
        self.resume(job, since)

    def cancel(self, cancel: Cancel) -> None:
        """Let a job not begin, or end it. Its return, or one that says `cancelled`, goes to the master."""
        jid = cancel.jid
        if jid in self._waiting:
            return  # it has ended, and its return is on its way
        frozen = jid in self._frozen
        since = self._frozen.drop(jid) if frozen else 0.0
        if since:
            known = unknown(since, _CANCELLED_FROZEN)
            self.returned(failure(jid, cancel.fun, known.outcome, known.text, started=since))
        elif jid in self._running and jid not in self._held:
            self._signal(jid, signal.SIGTERM)
            self._loop.call_later(_KILL_AFTER_S, partial(self._signal, jid, signal.SIGKILL))
        elif frozen or jid in self._running or not self._trust.knows(jid):
            now = self._clock.now()
            self._trust.remember(jid, cancel.expires, now)
            self.returned(failure(jid, cancel.fun, "cancelled", _CANCELLED, started=now))

    def _signal(self, jid: str, number: int) -> None:
        assert self.executor is not None
        if jid in self._running:
            self.executor.signal(jid, number)

    def look_again(self) -> None:
        """Begin what waits for the end of a blackout, if it has ended: the box's facts have changed."""
        self._frozen.look()

    def _thawed(self, job: Job, since: float) -> None:
        if since:
            self.resume(job, since)
        else:
            self.run_accepted(job)

    def _begin(self, job: Job, since: float) -> None:
        assert self.executor is not None
        if self._frozen.takes(job, since):
            self._running.pop(job.jid, None)
            self._held.discard(job.jid)
            return
        self._running[job.jid] = job
        self._held.discard(job.jid)
        may = self._journal.begin(job.jid, self._clock.now())
        if may == "not_now":
            if not since:
                self._held.add(job.jid)
            again = partial(self.resume, job, since) if since else partial(self.run_accepted, job)
            self._loop.call_later(_RETRY_S, again)
        elif may == "worn_out":
            self.returned(worn_out(job, since))
        elif may == "ended":
            self._running.pop(job.jid)
        elif since:
            self.executor.resume(job, since)
        else:
            self.executor.submit(job)

    def adopted(self, jids: Iterable[str]) -> None:
        """Know of the jobs that run, also those of an earlier daemon."""
        for jid in jids:
            self._running.setdefault(jid, None)

    def started(self, jid: str, at: float) -> None:
        """Tell that a job runs (only for those that take a while)."""
        job = self._running.get(jid)
        if job is not None and at:
            self._journal.began(job, at)
        if jid in self._running:
            self._began[jid] = at
        self._send("started", {"jid": jid, "at": at})

    def connected(self) -> None:
        """Tell what runs: this master may be another one than the one that was told, or have been restarted."""
        for jid, at in list(self._began.items())[-_MAX_TOLD:]:
            self._send("started", {"jid": jid, "at": at})

    def returned(self, ret: Return) -> None:
        """Bring a return home: kept until the master has it."""
        self._running.pop(ret.jid, None)
        self._began.pop(ret.jid, None)
        self._held.discard(ret.jid)
        self._reporter.take(ret)

    def _accept(self, job: Job) -> None:
        promise = self._journal.accept(job, self._clock.now())
        if promise == "not_kept":
            self._trust.forget(job.jid)  # it comes again
            return
        self._send("received", {"jids": [job.jid]})
        if promise == "fresh":
            self.run_accepted(job)
        if job.channel:
            self._reporter.look()  # jobs that this one has superseded have their returns

    def _run(self, job: Job) -> None:
        self._running[job.jid] = job
        assert self.executor is not None
        self.executor.submit(job)

    def _report_refusal(self, refusal: JobRefusedError) -> None:
        """Tell the master why an authentic job does not run here; a replay gets no second answer."""
        job: Job = refusal.job
        if job.jid in self or self._journal.recall(job.jid) is not None:
            if refusal.reason == "replayed" and job.mode != "now":
                self._send("received", {"jids": [job.jid]})  # our first word was lost
            return  # its true answer is not to be replaced
        if refusal.reason in _TOLD:
            text = f"Refused by this minion: {refusal}"
            self.returned(failure(job.jid, job.fun, "refused", text, started=self._clock.now()))
