"""The executor process: listens for its daemon, hands jobs to the runner, knows when to end.

Messages from the daemon (`op`): `hello` first, then `facts pillar modules grains run signal ack ping drain leave
shutdown`.
Messages to it: `hello started return request progress grains pong bye`.

1. One daemon at a time; a newer greeting replaces the older one. A connection that does not greet is nobody.
2. Without a daemon, jobs run on and results are kept. Without a daemon and without anything to keep, it ends
   after `orphan_exit_s`; with results nobody fetched, after a day.
3. `drain`: take no more jobs, end when the last result is acknowledged. `shutdown`: the same, but end the
   jobs. `leave`: the daemon goes; end if there is nothing to do.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from minion.executor.control import World
from minion.executor.custom_file import CustomFile
from minion.executor.library import Library
from minion.executor.link import Link
from minion.executor.outbox import Outbox
from minion.executor.runner import Runner
from minion.executor.settings import ExecutorSettings
from minion.executor.signals import SignalPipe
from minion.loop import Loop, Timer
from shoal.errors import WireError
from shoal.job import Job
from shoal.pillar.handed import MAX_PILLAR_BYTES, read_packed
from shoal.synced import read_digests
from shoal.version import VERSION
from shoal.wire import Fields

if TYPE_CHECKING:
    from minion.executor.custom_grains import CustomGrains

log = logging.getLogger(__name__)

_MAX_STRANGERS: Final = 8  # connections that have not greeted
_KEPT_FOR_S: Final = 86_400.0
_LOOK_AGAIN_S: Final = 0.1
_LAST_WORDS_S: Final = 2.0


class Server:
    """One executor."""

    def __init__(self, loop: Loop, listener: socket.socket, settings: ExecutorSettings) -> None:
        self._loop = loop
        self._listener = listener
        self._settings = settings
        self._strangers: list[Link] = []
        self._daemon: Link | None = None
        self._alone_since = loop.clock.monotonic()
        self._orphan_timer: Timer | None = None
        self._ending = False  # no more jobs; the process ends when all is handed over
        self._end_timer: Timer | None = None
        self._drain_path: Path | None = None
        self._outbox = Outbox(settings.kept_max_bytes)
        self._runner = Runner(loop, self._outbox, settings, self._release)
        self._custom: CustomGrains | None = None  # made when it is first needed
        self._signals = SignalPipe(
            loop, {signal.SIGCHLD: self._runner.reap, signal.SIGTERM: self._sigterm, signal.SIGHUP: _nothing}
        )
        self._ops: dict[str, Callable[[Fields], None]] = {
            "facts": self._on_facts,
            "pillar": self._on_pillar,
            "modules": self._on_modules,
            "grains": self._on_grains,
            "run": self._on_run,
            "signal": self._on_signal,
            "ack": self._on_ack,
            "ping": self._on_ping,
            "drain": self._on_drain,
            "leave": self._on_leave,
            "shutdown": self._on_shutdown,
        }
        listener.setblocking(False)
        loop.watch(listener.fileno(), self._accept)
        self._watch_orphan()

    # --- connections

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock, _ = self._listener.accept()
                self._strangers.append(Link(self._loop, sock, self._on_message, self._on_closed))
                if len(self._strangers) > _MAX_STRANGERS:
                    self._strangers.pop(0).close()

    def _on_closed(self, link: Link) -> None:
        if link is self._daemon:
            self._lose_daemon()
        elif link in self._strangers:
            self._strangers.remove(link)

    def _lose_daemon(self) -> None:
        self._daemon = None
        self._outbox.detach()
        self._runner.start_waiting()
        self._alone_since = self._loop.clock.monotonic()
        self._watch_orphan()

    def _on_message(self, link: Link, message: dict[str, Any]) -> None:
        fields = Fields(message, "daemon's message")
        op = fields.text("op", 16)
        if op == "hello":
            self._on_hello(link, fields)
        elif link is self._daemon and op in self._ops:
            self._ops[op](fields)
        else:
            raise WireError(f"daemon's message: {op!r} is not expected here")

    # --- what the daemon says

    def _on_hello(self, link: Link, fields: Fields) -> None:
        version = fields.text("version", 64)
        if version == VERSION:  # else it is here to drain us, and its settings may be of another shape
            self._take_settings(ExecutorSettings.from_wire(fields.take("settings", dict)))
        if self._daemon is not None and self._daemon is not link:
            self._daemon.close()
        if link in self._strangers:
            self._strangers.remove(link)
        self._daemon = link
        entries = self._runner.entries()
        running = [{"jid": e.job.jid, "fun": e.job.fun, "started": e.started} for e in entries]
        link.send(
            {
                "op": "hello",
                "version": VERSION,
                "pid": os.getpid(),
                "draining": self._ending,
                "running": running,
                "kept": [{"jid": r.jid, "fun": r.fun, "started": r.started} for r in self._outbox.kept()],
            }
        )
        self._outbox.attach(link)

    def _take_settings(self, settings: ExecutorSettings) -> None:
        if settings.synced != self._settings.synced:
            self._runner.library = Library(settings.synced)
        self._settings = self._runner.settings = settings
        self._runner.world = replace(self._runner.world, minion_id=settings.minion_id)
        self._outbox.max_bytes = settings.kept_max_bytes

    def _on_facts(self, fields: Fields) -> None:
        self._runner.world = World(
            minion_id=self._settings.minion_id,
            pillar=self._runner.world.pillar,
            grains=fields.take("grains", dict),
            tags=fields.take("tags", dict),
            settings=fields.take("settings", dict),
        )

    def _on_pillar(self, fields: Fields) -> None:
        pillar = read_packed(fields.blob("packed", MAX_PILLAR_BYTES))
        self._runner.world = replace(self._runner.world, pillar=pillar)

    def _on_modules(self, fields: Fields) -> None:
        self._runner.library.use_synced(read_digests(fields.take("digests", dict)))

    def _on_grains(self, fields: Fields) -> None:
        files = [CustomFile.from_wire(each) for each in fields.take("files", list)]
        grains = fields.take("grains", dict)
        if self._ending:
            return
        if self._custom is None:
            from minion.executor.custom_grains import (
                CustomGrains,
            )  # most boxes have none: no memory for it there

            self._custom = CustomGrains(
                self._loop, self._settings, self._runner.release_all, self._tell_grains
            )
        self._custom.settings = self._settings
        self._custom.start(files, grains)

    def _tell_grains(self, grains: dict[str, Any], errors: list[str]) -> None:
        self._outbox.tell({"op": "grains", "grains": grains, "errors": errors})  # a new daemon asks itself

    def _on_run(self, fields: Fields) -> None:
        job = Job.from_wire(fields.take("job", dict))
        since = fields.seconds("since", 0.0)
        if self._ending:
            self._runner.refuse(job, "its executor is ending")
        else:
            self._runner.submit(job, since)

    def _on_signal(self, fields: Fields) -> None:
        self._runner.signal(fields.text("jid", 20), fields.integer("number", 1, 64), "the minion's daemon")

    def _on_ack(self, fields: Fields) -> None:
        for jid in fields.texts("jids", 100_000, 20):
            self._outbox.acknowledge(jid)
        self._runner.start_waiting()
        if self._end_timer is not None:
            self._end_when_done()

    def _on_ping(self, _fields: Fields) -> None:
        self._outbox.tell({"op": "pong"})

    def _on_drain(self, fields: Fields) -> None:
        self._drain_path = Path(fields.text("path", 4096))
        self._end_later()

    def _on_shutdown(self, _fields: Fields) -> None:
        self._runner.end_all("the minion is stopping")
        self._end_later()

    def _on_leave(self, _fields: Fields) -> None:
        if self._runner.idle and not self._outbox:
            self._say_bye()
        else:
            self._outbox.tell({"op": "left"})
            self._outbox.detach()
            # The daemon hangs up when it reads this; by then nothing more may be on its way to it.

    # --- the end

    def _sigterm(self) -> None:
        self._runner.end_all("the executor was told to end")
        self._end_later()

    def _end_later(self) -> None:
        if not self._ending:
            self._ending = True
            self._end_when_done()

    def _end_when_done(self) -> None:
        # Results wait for a daemon's acknowledgement, but only if one is there or may come (drain).
        waiting = bool(self._outbox) and (self._daemon is not None or self._drain_path is not None)
        if self._end_timer is not None:
            self._end_timer.cancel()
            self._end_timer = None
        if self._runner.idle and not waiting:
            self._say_bye()
        else:
            self._end_timer = self._loop.call_later(_LOOK_AGAIN_S, self._end_when_done)

    def _watch_orphan(self) -> None:
        if self._daemon is not None:
            return
        alone = self._loop.clock.monotonic() - self._alone_since
        patience = _KEPT_FOR_S if self._outbox else self._settings.orphan_exit_s
        if self._runner.idle and alone >= patience:
            log.info("no daemon for %.0f s, ending", alone, extra={"action": "executor_orphan_exit"})
            self._say_bye()
            return
        if self._orphan_timer is not None:
            self._orphan_timer.cancel()
        wait = max(patience - alone, _LOOK_AGAIN_S)
        self._orphan_timer = self._loop.call_later(wait, self._watch_orphan)

    def _say_bye(self) -> None:
        if self._custom is not None:
            self._custom.stop()
        self._listener_closed()
        if self._daemon is not None:
            self._daemon.send({"op": "bye"})
            if self._daemon.pending:
                self._daemon.on_drained = self._loop.stop
                self._loop.call_later(_LAST_WORDS_S, self._loop.stop)
                return
        self._loop.stop()

    def _listener_closed(self) -> None:
        if self._listener.fileno() >= 0:
            self._loop.unwatch(self._listener.fileno())
            self._listener.close()
        # The plain path is left alone: another executor may listen there by now.
        if self._drain_path is not None:
            self._drain_path.unlink(missing_ok=True)

    def _release(self) -> None:
        """Close what a job's child must not hold, or a dead executor would look alive to its daemon."""
        self._loop.close()
        self._listener.close()
        self._signals.release()
        if self._custom is not None:
            self._custom.release()
        for link in (*self._strangers, self._daemon):
            if link is not None:
                link.release()


def _nothing() -> None:
    """A terminal that goes away is no reason to end."""
