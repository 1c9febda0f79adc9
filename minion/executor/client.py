"""The daemon's executor: hands jobs over, passes on what comes back, and explains what was lost.

1. What was never handed over waits for an executor. What a dead one had in hand goes to `on_lost`, which may
   resume it; without that, and when we are stopping, it comes back as `outcome_unknown`.
2. A result is acknowledged when `on_return` has taken it; after a daemon restart it may be offered again.
3. The processes themselves are `Keeper`'s work.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from minion.executor.contract import (
    OnAlert,
    OnGrains,
    OnLost,
    OnProgress,
    OnReady,
    OnRequest,
    OnReturn,
    OnStarted,
    Spawn,
)
from minion.executor.custom_file import CustomFile
from minion.executor.interrupted import Known, unknown
from minion.executor.keeper import Keeper
from minion.executor.peer import Handed, Peer
from minion.loop import Loop
from shoal.job import Job
from shoal.progress import JobProgress
from shoal.returns import Return, failure
from shoal.wire import plain

log = logging.getLogger(__name__)

_MAX_WAITING: Final = 1000  # jobs while there is no executor
_RECENT: Final = 1000  # returned jobs to know again
_RETRY_S: Final = 5.0
_DIED: Final = "The executor process died while it had this job: whether and how far it ran is not known."


class ExecutorClient:
    """See `minion.executor.contract.Executor`. Call `start()` once the callbacks can be served."""

    def __init__(
        self,
        loop: Loop,
        spawn: Spawn,
        on_started: OnStarted,
        on_return: OnReturn,
        on_request: OnRequest,
        on_alert: OnAlert,
        *,
        on_ready: OnReady | None = None,
        on_lost: OnLost | None = None,
        on_progress: OnProgress | None = None,
        on_grains: OnGrains | None = None,
    ) -> None:
        self._loop = loop
        self._on_started = on_started
        self._on_return = on_return
        self._on_request = on_request
        self._on_alert = on_alert
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._on_progress = on_progress
        self._on_grains = on_grains
        self._keeper = Keeper(loop, spawn, self)
        self._waiting: dict[str, tuple[Job, float]] = {}  # and since when it has run, if it has
        self._stopping = False
        self._recent: dict[str, None] = {}
        self._facts: dict[str, Any] | None = None
        self._pillar = b""
        self._modules: dict[str, bytes] = {}  # the synced ones
        self._wanted: dict[str, Any] | None = None  # custom grains that have not been told yet

    # --- Executor

    def start(self) -> None:
        """Adopt a living executor, or start one."""
        self._keeper.start()

    def submit(self, job: Job) -> None:
        """Run `job`; a jid that is already in hand is ignored."""
        self._hand(job, 0.0)

    def resume(self, job: Job, since: float) -> None:
        """Take a job up again that began at epoch second `since`, if its function may be run twice."""
        self._hand(job, since)

    def _hand(self, job: Job, since: float) -> None:
        peer = self._keeper.ready
        if job.jid in self._waiting or self._keeper.knows(job.jid):
            log.info("job is in hand already", extra={"action": "job_duplicate", "job": job.log_context()})
        elif peer is not None and not peer.full and peer.run(job, since):
            return
        elif len(self._waiting) < _MAX_WAITING and (peer is None or not peer.full):
            self._waiting[job.jid] = job, since
        else:
            self._refuse(job, since, "The minion did not start this job: its executor does not keep up.")

    def signal(self, jid: str, number: int) -> None:
        """Send signal `number` to job `jid`; TERM and KILL reach all its processes."""
        peer = self._keeper.who_has(jid)
        if peer is not None:
            peer.say("signal", jid=jid, number=number)
        elif number in (signal.SIGTERM, signal.SIGKILL) and jid in self._waiting:
            self._refuse(*self._waiting.pop(jid), "The job was killed before it began.", "killed")

    def set_facts(
        self,
        grains: Mapping[str, Any],
        tags: Mapping[str, str],
        settings: Mapping[str, Any],
    ) -> None:
        """Let later jobs see these."""
        facts = {"grains": grains, "tags": tags, "settings": settings}
        self._facts = {name: plain(value) for name, value in facts.items()}
        peer = self._keeper.ready
        if peer is not None:
            peer.say("facts", **self._facts)

    def use_pillar(self, packed: bytes) -> None:
        """Let later jobs see this pillar."""
        self._pillar = packed
        peer = self._keeper.ready
        if peer is not None:
            peer.say("pillar", packed=packed)

    def gather_grains(self, files: Sequence[CustomFile], grains: Mapping[str, Any]) -> None:
        """Run the files of custom grains, telling them `grains`; `on_grains` gets the answer."""
        self._wanted = {"files": [each.to_wire() for each in files], "grains": plain(grains)}
        peer = self._keeper.ready
        if peer is not None:
            peer.say("grains", **self._wanted)

    def use_modules(self, digests: Mapping[str, bytes]) -> None:
        """Take these for the synced modules there are, by the digests of their files."""
        self._modules = dict(digests)
        peer = self._keeper.ready
        if peer is not None:
            peer.say("modules", digests=self._modules)

    def stop(self, *, kill_jobs: bool = False, on_stopped: Callable[[], None] | None = None) -> None:
        """Let go of the executor: end its jobs too, or leave them running for the next daemon.

        Jobs that were never handed over are forgotten. With `kill_jobs` the results come before `on_stopped`.
        """
        self._stopping = True
        self._waiting.clear()
        self._keeper.stop(kill_jobs, on_stopped or (lambda: None))

    # --- what a Peer says of jobs

    def started(self, jid: str, at: float) -> None:
        """Pass on that a job has begun."""
        self._on_started(jid, at)

    def returned(self, peer: Peer, ret: Return) -> None:
        """Pass on a result, and acknowledge it when it was taken."""
        if ret.jid not in self._recent:
            if not self._took(ret):
                self._loop.call_later(_RETRY_S, partial(self.returned, peer, ret))
                return
            self._recent[ret.jid] = None
            if len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        peer.acknowledge(ret.jid)

    def requested(self, action: str, data: dict[str, Any]) -> None:
        """Pass on what a job asks for."""
        self._on_request(action, data)

    def progressed(self, said: JobProgress) -> None:
        """Pass on what a job says while it runs."""
        if self._on_progress is not None:
            self._on_progress(said)

    def gathered(self, grains: dict[str, Any], errors: tuple[str, ...]) -> None:
        """Pass custom grains on."""
        self._wanted = None
        if self._on_grains is not None:
            self._on_grains(grains, errors)

    # --- what the Keeper says

    def welcome(self, peer: Peer) -> None:
        """Send what a new executor must know, and what has waited for it."""
        if self._facts is not None:
            peer.say("facts", **self._facts)
        peer.say("pillar", packed=self._pillar)
        peer.say("modules", digests=self._modules)
        if self._wanted is not None:  # nobody was there, or who was there is dead
            peer.say("grains", **self._wanted)
        waiting, self._waiting = self._waiting, {}
        for job, since in waiting.values():
            if not peer.run(job, since):
                self._waiting[job.jid] = job, since

    def settled(self, jids: frozenset[str]) -> None:
        """Pass on which jobs are in hand, and since when those run that an earlier daemon has handed over."""
        if self._on_ready is not None:
            self._on_ready(jids)
        peer = self._keeper.ready
        for jid in jids:  # and no other: what was handed over just now tells by itself when it begins
            handed = peer.jobs.get(jid) if peer is not None else None
            if handed is not None and handed.since:
                self._on_started(jid, handed.since)

    def give_up(self, jobs: Mapping[str, Handed]) -> None:
        """Answer for jobs whose executor is dead."""
        for jid, handed in jobs.items():
            if self._on_lost is not None and not self._stopping:
                self._loop.call_soon(partial(self._on_lost, jid, handed.fun, handed.since))
                continue
            self._answer(failure(jid, handed.fun, "outcome_unknown", _DIED, started=handed.since))

    def alert(self, text: str) -> None:
        """Pass on a line for people."""
        self._on_alert(text)

    # --- answers of our own

    def _refuse(self, job: Job, since: float, text: str, outcome: str = "refused") -> None:
        known = unknown(since, text) if since else Known(outcome, text)
        ret = failure(job.jid, job.fun, known.outcome, known.text, started=since or self._loop.clock.time())
        self._loop.call_soon(partial(self._answer, ret))

    def _answer(self, ret: Return) -> None:
        if not self._took(ret):
            self._loop.call_later(_RETRY_S, partial(self._answer, ret))

    def _took(self, ret: Return) -> bool:
        try:
            self._on_return(ret)
        except Exception:  # a full disk, say: it is offered again, and the connection lives on
            log.exception("a result was not taken", extra={"action": "return_not_taken", "jid": ret.jid})
            return False
        return True
