"""The executor's side of one forked job: its pipe, its end, its killing.

A job ends when its result has arrived whole, or when its child has been reaped without one, or when it does
not even go after SIGKILL. Who else still holds the pipe, a daemon the function started, is not waited for.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import Any, Final, Protocol

from minion.executor import tree
from minion.executor.autopsy import Death, explain
from minion.executor.call import Bounds, Ending, ending
from minion.executor.settings import ExecutorSettings
from minion.loop import Loop, Timer
from shoal.errors import WireError
from shoal.frames import FrameReader
from shoal.job import Job
from shoal.returns import Return

_READ: Final = 64 * 1024
_HEADROOM: Final = 64 * 1024  # requests and the frame around a result
_LAST_WAIT_S: Final = 3.0  # after SIGKILL; then the process hangs in the kernel


class Owner(Protocol):
    """Who is told about a child."""

    def said(self, process: JobProcess, message: dict[str, Any]) -> None:
        """The job asks for something."""

    def finished(self, process: JobProcess, ret: Return) -> None:
        """The job has ended; said once."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why somebody ends a job. A `final` one holds even if the function still finds an end of its own."""

    outcome: str
    text: str
    final: bool


class JobProcess:
    """One running child."""

    def __init__(
        self, loop: Loop, job: Job, pid: int, fd: int, settings: ExecutorSettings, owner: Owner
    ) -> None:
        self.job = job
        self.pid = pid
        self.started = loop.clock.time()
        self.ended = False
        self._loop = loop
        self._since = loop.clock.monotonic()
        self._fd = fd
        self._settings = settings
        self._bounds = Bounds(output_max_bytes=settings.output_max_bytes)
        self._owner = owner
        self._reader = FrameReader(settings.output_max_bytes + _HEADROOM)
        self._verdict: Verdict | None = None
        self._sent: dict[int, Verdict] = {}
        self._known: set[tree.Proc] = set()
        self._killer: Timer | None = None
        self._reaped = False
        loop.watch(fd, self._readable)

    def terminate(self, verdict: Verdict, *, then_kill: bool = True) -> None:
        """Send SIGTERM to all processes of the job, and SIGKILL after the grace time if `then_kill`."""
        if self.ended:
            return
        self._judge(verdict)
        self._known |= tree.below([self.pid])
        tree.send(self._known, signal.SIGTERM)
        if then_kill and self._killer is None:
            self._killer = self._loop.call_later(self._settings.grace_s, self._kill)

    def kill(self, verdict: Verdict) -> None:
        """Send SIGKILL to all processes of the job."""
        if not self.ended:
            self._judge(verdict)
            self._kill()

    def send(self, number: int, verdict: Verdict) -> None:
        """Send any other signal to all processes of the job; `verdict` holds if it dies of it."""
        if not self.ended:
            self._sent[number] = verdict
            tree.send(tree.below([self.pid]), number)

    @property
    def gone(self) -> bool:
        """True when the child has been reaped."""
        return self._reaped

    @property
    def killing(self) -> bool:
        """True while processes of the job may still have to be killed."""
        return self._killer is not None

    def reaped(self, death: Death) -> None:
        """Note that the child is gone."""
        self._reaped = True
        while self._fd >= 0 and self._read():
            pass
        if not self.ended:
            self._end(self._without_result(death))

    def release(self) -> None:
        """Close the descriptor only: for a forked child, which shares the parent's epoll."""
        if self._fd >= 0:
            os.close(self._fd)

    def _judge(self, verdict: Verdict) -> None:
        if self._verdict is None or not self._verdict.final:
            self._verdict = verdict

    def _kill(self) -> None:
        # Also after the child's own end: what it left behind had the grace time, too.
        self._killer = None
        tree.kill(0 if self._reaped else self.pid, self._known)
        if not self.ended:
            self._killer = self._loop.call_later(_LAST_WAIT_S, self._give_up)

    def _give_up(self) -> None:
        self._killer = None
        if not self.ended and not self._reaped:
            text = f"The job's process {self.pid} does not end even by SIGKILL: it hangs in the kernel."
            outcome = self._verdict.outcome if self._verdict else "killed"
            self._end(ending(outcome, text, self._bounds))

    def _readable(self) -> None:
        self._read()

    def _read(self) -> bool:
        """Take what the pipe has; False when there is nothing more for now."""
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return False
        if not data:
            self._close()
            return False
        try:
            for message in self._reader.feed(data):
                self._handle(message)
        except WireError as error:
            self._close()
            self.kill(Verdict("failed", f"The job's process sent a broken message: {error}", final=True))
        return self._fd >= 0

    def _handle(self, message: dict[str, Any]) -> None:
        if self.ended:
            return
        if message.get("op") != "result":
            self._owner.said(self, message)
            return
        result = Ending.from_wire(message, self._settings.output_max_bytes)
        verdict = self._verdict or self._sent.get(signal.SIGINT)
        if verdict is not None and (verdict.final or result.outcome == "killed"):
            result = ending(verdict.outcome, verdict.text, self._bounds)
        self._end(result)

    def _without_result(self, death: Death) -> Ending:
        verdict = self._verdict
        if verdict is None and os.WIFSIGNALED(death.status):
            verdict = self._sent.get(os.WTERMSIG(death.status))
        if verdict is not None:
            return ending(verdict.outcome, verdict.text, self._bounds)
        outcome, text = explain(death, self._settings)
        return ending(outcome, text, self._bounds)

    def _end(self, result: Ending) -> None:
        self.ended = True
        self._close()
        if self._killer is not None and not tree.left(self._known, self.pid):
            self._killer.cancel()
            self._killer = None
        self._owner.finished(
            self,
            Return(
                jid=self.job.jid,
                fun=self.job.fun,
                outcome=result.outcome,
                retcode=result.retcode,
                packed=result.packed,
                started=self.started,
                duration_s=round(self._loop.clock.monotonic() - self._since, 6),
                trimmed=result.trimmed,
                out=result.out,
            ),
        )

    def _close(self) -> None:
        if self._fd >= 0:
            self._loop.unwatch(self._fd)
            os.close(self._fd)
            self._fd = -1
