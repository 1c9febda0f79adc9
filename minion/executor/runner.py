"""Admits jobs, starts them, and ends them when they must end.

In order, for each job: known already → ignored; inline → run here and now; a place free → forked; room in the
queue → waits; else refused. Inline functions take no place, so a full box still answers `minion.running`.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from minion.desk.client import DeskClient
from minion.executor.autopsy import Death, OomWatch, signal_name
from minion.executor.call import Bounds, Ending, Interruption, call_function, ending, from_error
from minion.executor.control import Entry, JobView, Post, World, make_context
from minion.executor.deadlines import Deadlines
from minion.executor.fork import Forker
from minion.executor.inline import time_limit
from minion.executor.interrupted import Known, unknown
from minion.executor.library import Library
from minion.executor.outbox import Outbox
from minion.executor.process import JobProcess, Verdict
from minion.executor.settings import ExecutorSettings
from minion.loop import Loop
from modules.context import Context
from shoal.job import Job
from shoal.progress import JobProgress
from shoal.returns import Return
from shoal.wire import Fields

log = logging.getLogger(__name__)

EXIT_WITHIN_S: Final = 10.0  # a child that has sent its result has nothing left to do
SAY_STARTED_AFTER_S: Final = 0.1  # a job that ends sooner is not announced: its result says it all


class Runner:
    """All jobs of this executor."""

    def __init__(
        self, loop: Loop, outbox: Outbox, settings: ExecutorSettings, release: Callable[[], None]
    ) -> None:
        self.settings = settings
        self.library = Library(settings.synced)
        self.world = World(minion_id=settings.minion_id)
        self._loop = loop
        self._outbox = outbox
        self._release = release
        self._forker = Forker(self.release_all)
        self._queue: dict[str, Job] = {}
        self._since: dict[
            str, float
        ] = {}  # when jobs began that a stop has interrupted, until they run again
        self._running: dict[str, JobProcess] = {}
        self._unreaped: dict[int, JobProcess] = {}
        self._lingering: list[JobProcess] = []  # gone, but what they left behind has its grace time still
        self._oom_watch = OomWatch(loop.clock)
        self._deadlines = Deadlines(loop, self._timed_out)
        self._announcements = Deadlines(loop, self._announce)
        self._exits = Deadlines(loop, self._kill_leftover)

    @property
    def idle(self) -> bool:
        """True when no job runs, waits or is being cleared away."""
        self._lingering = [process for process in self._lingering if process.killing]
        ending = any(process.killing for process in self._unreaped.values())
        return not (self._running or self._queue or self._lingering or ending)

    def entries(self) -> list[Entry]:
        """Return all jobs in hand, running ones first."""
        running = [Entry(job=p.job, pid=p.pid, started=p.started) for p in self._running.values()]
        return running + [Entry(job=job) for job in self._queue.values()]

    def submit(self, job: Job, since: float = 0.0) -> None:
        """Take `job`; with `since` it had begun at that epoch second, and the minion stopped."""
        if job.jid in self._running or job.jid in self._queue or job.jid in self._outbox:
            log.info("job is in hand already", extra={"action": "job_duplicate", "job": job.log_context()})
            return
        if since:
            self._since[job.jid] = since
        if self.library.prepare(job.fun):
            self._run_inline(job)
        elif self._has_place() and not self._queue:
            self._fork(job)
        elif len(self._queue) < self.settings.queue_max:
            self._queue[job.jid] = job
            self._outbox.tell({"op": "started", "jid": job.jid, "at": 0.0})  # it waits for a place
        else:
            self.refuse(
                job, f"{len(self._running)} jobs run and {len(self._queue)} wait, as many as it may have"
            )

    def refuse(self, job: Job, why: str) -> None:
        """Answer that `job` was not started."""
        self._not_begun(job, "refused", f"The minion did not start this job: {why}.")

    def signal(self, jid: str, number: int, who: str) -> None:
        """Send signal `number` to a job, on behalf of `who`; a waiting one can only be ended."""
        verdict = Verdict(
            "killed", f"The job was killed by {signal_name(number)}, sent by {who}.", final=False
        )
        process = self._running.get(jid)
        if process is None:
            if number in (signal.SIGTERM, signal.SIGKILL) and jid in self._queue:
                self._not_begun(self._queue.pop(jid), "killed", f"{verdict.text[:-1]}, before it began.")
        elif number == signal.SIGKILL:
            process.kill(verdict)
        elif number == signal.SIGTERM:
            process.terminate(verdict, then_kill=False)
        else:
            process.send(number, verdict)

    def end_all(self, why: str) -> None:
        """End every job: SIGTERM, and SIGKILL after the grace time."""
        for job in list(self._queue.values()):
            del self._queue[job.jid]
            self._not_begun(job, "killed", f"{why} before the job began.")
        for process in list(self._running.values()):
            process.terminate(Verdict("killed", f"The job was killed: {why}.", final=False))

    def reap(self) -> None:
        """Collect all children that have ended, jobs and strays."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            process = self._unreaped.pop(pid, None)
            if process is not None:
                self._exits.drop(str(pid))
                killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
                oom = killed and self._oom_watch.killed()
                process.reaped(Death(status, usage.ru_maxrss, usage.ru_utime + usage.ru_stime, oom))
                if process.killing:
                    self._lingering.append(process)

    # --- what a JobProcess tells its owner

    def said(self, process: JobProcess, message: dict[str, Any]) -> None:
        """Pass on what a job asks for."""
        self._from_job(process.job, message)

    def finished(self, process: JobProcess, ret: Return) -> None:
        """Hand the result on and give the place to the next."""
        jid = process.job.jid
        del self._running[jid]
        self._deadlines.drop(jid)
        self._announcements.drop(jid)
        if not process.gone:
            self._exits.set(str(process.pid), EXIT_WITHIN_S)
        self._outbox.put(ret)
        # Not from within the other child's callback: a fork there would copy half-handled state.
        if self._queue:
            self._loop.call_soon(self.start_waiting)

    # --- starting

    def start_waiting(self) -> None:
        """Begin jobs that wait, as far as there is room for them and for their results."""
        while self._queue and self._has_place():
            job = self._queue.pop(next(iter(self._queue)))
            if self._fork(job):
                self._announce(job.jid)

    def _has_place(self) -> bool:
        most = self.settings.process_count_max
        if self._outbox.crowded:
            return False
        return not most or len(self._running) < most

    def _run_inline(self, job: Job) -> None:
        started, since = self._loop.clock.time(), self._loop.clock.monotonic()
        begun = self._since.pop(job.jid, 0.0)
        post = partial(self._from_job, job)
        try:
            with time_limit(self.settings.inline_timeout_s, f"The inline function {job.fun}"):
                done = call_function(job, self._context(job, post), self._bounds(), begun)
        except Interruption as error:  # rang between the function's end and the alarm's
            done = self._ending(error.outcome, error.text)
        except Exception as error:
            done = from_error(error, job, self._bounds())
        self._answer(job, done, started=started, duration_s=self._loop.clock.monotonic() - since)

    def _fork(self, job: Job) -> bool:
        try:
            begun = self._since.get(job.jid, 0.0)
            pid, fd = self._forker.fork(job, partial(self._context, job), self.settings, begun)
        except OSError as error:
            self.refuse(job, f"no process can be started: {error}")
            return False
        self._took_off(job, pid, fd)
        return True

    def _took_off(self, job: Job, pid: int, fd: int) -> None:
        self._since.pop(job.jid, None)
        self._oom_watch.look()
        process = JobProcess(self._loop, job, pid, fd, self.settings, self)
        self._running[job.jid] = self._unreaped[pid] = process
        self._announcements.set(job.jid, SAY_STARTED_AFTER_S)
        timeout_s = job.timeout_s or self.settings.timeout_s
        if timeout_s:
            self._deadlines.set(job.jid, timeout_s)

    def _context(self, job: Job, post: Post) -> Context:
        settings = self.settings
        desk = DeskClient(Path(settings.desk), Path(settings.file_cache))
        jobs = JobView(job, self.entries, post)
        return make_context(self.world, self.library.registry, job, jobs, post, desk)

    def release_all(self) -> None:
        """Close, in a child, what belongs to this process."""
        self._release()
        for process in self._running.values():
            process.release()

    # --- ending

    def _timed_out(self, jid: str) -> None:
        process = self._running[jid]
        after = process.job.timeout_s or self.settings.timeout_s
        process.terminate(
            Verdict("timed_out", f"The job was killed: it took longer than {after:g} s.", final=True)
        )

    def _kill_leftover(self, pid: str) -> None:
        """Kill a child that does not end by itself: its standard output is stuck, say."""
        if int(pid) in self._unreaped:
            os.kill(int(pid), signal.SIGKILL)

    def _announce(self, jid: str) -> None:
        process = self._running.get(jid)
        if process is not None:
            self._announcements.drop(jid)
            self._outbox.tell({"op": "started", "jid": jid, "at": process.started})

    def _from_job(self, job: Job, message: dict[str, Any]) -> None:
        if message.get("op") == "progress":
            self._tell_progress(job, message)
            return
        fields = Fields(message, f"message of job {job.jid}")
        if fields.text("op", 16) == "signal":
            self.signal(fields.text("jid", 20), fields.integer("number", 1, 64), fields.text("who", 200))
        else:
            data = {"action": fields.text("action", 64), "data": fields.mapping("data", 1000)}
            self._outbox.request({"op": "request", **data})
        fields.done()

    def _not_begun(self, job: Job, outcome: str, text: str) -> None:
        """Answer for a job that does not begin, or not again."""
        begun = self._since.pop(job.jid, 0.0)
        known = unknown(begun, text) if begun else Known(outcome, text)
        self._answer(job, self._ending(known.outcome, known.text))

    def _tell_progress(self, job: Job, message: dict[str, Any]) -> None:
        """Pass on what a job says while it runs, if anybody wanted that and a daemon is there to take it."""
        said = JobProgress.from_wire({key: value for key, value in message.items() if key != "op"})
        if job.stream and said.jid == job.jid:
            self._outbox.tell(message)

    def _answer(self, job: Job, done: Ending, started: float | None = None, duration_s: float = 0.0) -> None:
        self._outbox.put(
            Return(
                jid=job.jid,
                fun=job.fun,
                outcome=done.outcome,
                retcode=done.retcode,
                packed=done.packed,
                started=self._loop.clock.time() if started is None else started,
                duration_s=round(duration_s, 6),
                trimmed=done.trimmed,
                out=done.out,
            )
        )

    def _ending(self, outcome: str, text: str) -> Ending:
        return ending(outcome, text, self._bounds())

    def _bounds(self) -> Bounds:
        return Bounds(output_max_bytes=self.settings.output_max_bytes, disabled=self.settings.disabled)
