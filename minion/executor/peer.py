"""The daemon's conversation with one executor process."""

from __future__ import annotations

import logging
import socket
from typing import Any, Final, NamedTuple, Protocol

from minion.executor.link import Link
from minion.executor.settings import ExecutorSettings
from minion.loop import Loop, Timer
from shoal.errors import WireError
from shoal.ids import check_function_name, check_jid
from shoal.job import Job
from shoal.progress import JobProgress
from shoal.returns import Return
from shoal.version import VERSION
from shoal.wire import Fields

log = logging.getLogger(__name__)

BEAT_S: Final = 30.0
SILENT_S: Final = 120.0  # an executor that does not even answer a ping for so long is stuck
_MAX_BACKLOG: Final = 8 * 1024 * 1024


class Handed(NamedTuple):
    """What must be known of a job to explain its loss."""

    fun: str
    since: float  # epoch seconds


class JobEvents(Protocol):
    """Who is told what the executor says of jobs."""

    def started(self, jid: str, at: float) -> None:
        """A job that takes longer has begun."""

    def returned(self, peer: Peer, ret: Return) -> None:
        """A job has ended."""

    def requested(self, action: str, data: dict[str, Any]) -> None:
        """A job wants something of the daemon."""

    def progressed(self, said: JobProgress) -> None:
        """A job says something while it runs."""

    def gathered(self, grains: dict[str, Any], errors: tuple[str, ...]) -> None:
        """The custom grains are found out, but for the errors."""


class Owner(Protocol):
    """Who is told how the executor itself is."""

    def greeted(self, peer: Peer) -> None:
        """The executor has introduced itself; `jobs` is what it has in hand."""

    def lost(self, peer: Peer) -> None:
        """The connection has ended; said once."""

    def stuck(self, peer: Peer) -> None:
        """The executor does not answer."""


class Peer:
    """One executor that we are connected to."""

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        settings: ExecutorSettings,
        owner: Owner,
        events: JobEvents,
    ) -> None:
        self.jobs: dict[str, Handed] = {}
        self.version = ""  # as it says in its greeting
        self.pid = 0
        self.draining = False
        self.said_bye = False  # it ends on purpose
        self.greeted_at = 0.0  # monotonic; 0.0 = not yet
        self._loop = loop
        self._owner = owner
        self._events = events
        self._acks: list[str] = []
        self._heard = loop.clock.monotonic()
        self._link = Link(loop, sock, self._on_message, self._on_closed)
        self.listener_pid = self._link.peer_pid()  # who listens there, known without its help
        self._link.send({"op": "hello", "version": VERSION, "settings": settings.to_wire()})
        self._beat: Timer = loop.call_later(BEAT_S, self._on_beat)

    @property
    def full(self) -> bool:
        """True when it takes our messages too slowly."""
        return self._link.pending > _MAX_BACKLOG

    def run(self, job: Job, since: float = 0.0) -> bool:
        """Hand `job` over, begun at epoch second `since` if not 0; False if the executor is gone and cannot have it."""
        if not self._link.send({"op": "run", "job": job.to_wire(), "since": since}):
            return False
        self.jobs[job.jid] = Handed(job.fun, self._loop.clock.time())
        return True

    def acknowledge(self, jid: str) -> None:
        """Let it forget the result of `jid`; many are told together."""
        if not self._acks:
            self._loop.call_soon(self.flush)
        self._acks.append(jid)

    def flush(self) -> None:
        """Send the acknowledgements that wait."""
        if self._acks:
            self.say("ack", jids=self._acks)
            self._acks = []

    def say(self, op: str, **data: Any) -> None:
        """Send any other message."""
        self._link.send({"op": op, **data})

    def close(self) -> None:
        """Hang up; the executor goes on without us."""
        self._beat.cancel()
        self._link.close()

    def _on_message(self, _link: Link, message: dict[str, Any]) -> None:
        self._heard = self._loop.clock.monotonic()
        fields = Fields(message, "executor's message")
        op = fields.text("op", 16)
        if op == "return":
            ret = Return.from_wire(fields.take("ret", dict))
            self.jobs.pop(ret.jid, None)
            self._events.returned(self, ret)
        elif op == "started":
            self._events.started(check_jid(fields.text("jid", 20)), fields.seconds("at"))
        elif op == "request":
            self._events.requested(fields.text("action", 64), fields.mapping("data", 1000))
        elif op == "progress":
            self._events.progressed(JobProgress.from_wire({k: v for k, v in message.items() if k != "op"}))
        elif op == "grains":
            errors = fields.texts("errors", 100_000, 1000)
            self._events.gathered(fields.mapping("grains", 100_000), errors)
        elif op == "hello":
            self._on_hello(fields)
        elif op == "bye":
            self.said_bye = True
        elif op == "left":
            self.close()
            self._owner.lost(self)
        elif op != "pong":
            raise WireError(f"executor's message: unknown {op!r}")

    def _on_hello(self, fields: Fields) -> None:
        self.version = fields.text("version", 64)
        self.pid = fields.integer("pid", 1, 2**31)
        self.draining = fields.flag("draining")
        for name in ("running", "kept"):
            for entry in fields.take(name, list):
                each = Fields(entry, name)
                jid, fun = check_jid(each.text("jid", 20)), check_function_name(each.text("fun", 130))
                self.jobs[jid] = Handed(fun, each.seconds("started"))
        self.greeted_at = self._loop.clock.monotonic()
        self._owner.greeted(self)

    def _on_beat(self) -> None:
        if not self.greeted_at or self._loop.clock.monotonic() - self._heard > SILENT_S:
            self._owner.stuck(self)
            return
        self.say("ping")
        self._beat = self._loop.call_later(BEAT_S, self._on_beat)

    def _on_closed(self, _link: Link) -> None:
        self._beat.cancel()
        self._owner.lost(self)
