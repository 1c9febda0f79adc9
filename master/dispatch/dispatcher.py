"""All returners of a master: which return goes to whom, a thread for each, and what the master tells of them.

Without returners there is no thread, no row and no statement. The threads are daemons: a receiver that does not
answer holds up no stop, and what it had not got is in the store.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from random import Random
from typing import Any, Final

from master.dispatch.configured import Returners, unknown_returner
from master.dispatch.worker import Worker
from master.events import EventBus
from master.intake import IntakeError
from master.store.dispatches import Dispatches
from returners.contract import ReturnerOptions
from returners.directory import kind_of
from shoal.clock import Clock
from shoal.errors import ArgumentError, ConfigError, ReturnerError
from shoal.event import returner_event

log = logging.getLogger(__name__)

_IDLE_S: Final = 30.0  # between looks at an empty queue, for what another master has stored
_STOP_S: Final = 2.0  # for what is being delivered, at a stop
_STRANGERS_S: Final = 7 * 86400.0


class Dispatcher:
    """See the module docstring."""

    def __init__(
        self,
        *,
        returners: Returners,
        default: Sequence[str],
        queue: Dispatches,
        bus: EventBus,
        counters: Counter[str],
        clock: Clock,
        random: Random,
    ) -> None:
        """Make every returner; nothing is connected. Raises ConfigError."""
        self._queue = queue
        self._bus = bus
        self._counters = counters
        self._clock = clock
        self._random = random
        self._default = tuple(default)
        self._lanes = {name: _Lane(self._worker(name, options)) for name, options in returners.items()}
        self._loop: asyncio.AbstractEventLoop | None = None

    def names(self) -> list[str]:
        """Return the names of the returners, as configured."""
        return list(self._lanes)

    def is_default(self, name: str) -> bool:
        """Say whether every return goes to this returner."""
        return name in self._default

    def worker(self, name: str) -> Worker:
        """Return the worker of a returner. Raises ArgumentError with the near name."""
        if name not in self._lanes:
            raise ArgumentError(unknown_returner(name, self._lanes))
        return self._lanes[name].worker

    def check_names(self, names: Sequence[str]) -> None:
        """Refuse an order that names a returner there is not. Raises IntakeError."""
        for name in names:
            if name not in self._lanes:
                raise IntakeError("usage", unknown_returner(name, self._lanes))

    def names_for(self, asked: Sequence[str]) -> tuple[str, ...]:
        """Return who gets a return of a job that asked for these returners, besides the default ones."""
        if not asked or not self._lanes:
            return self._default
        there = [name for name in asked if name in self._lanes]  # the job may be older than the configuration
        return tuple(dict.fromkeys((*self._default, *there)))

    def start(self) -> None:
        """Begin to deliver, from within the master's loop. Raises StoreError."""
        self._loop = asyncio.get_running_loop()
        for name in sorted(self._queue.returners() - set(self._lanes)):
            self._note_stranger(name)
        for lane in self._lanes.values():
            lane.start()

    def wake(self, names: Collection[str]) -> None:
        """Let these returners look: something is queued for them."""
        for name in names:
            if name in self._lanes:
                self._lanes[name].wake()

    async def check(self, name: str) -> None:
        """Ask a returner's receiver whether it would take something now. Raises ArgumentError, ReturnerError."""
        worker, loop = self.worker(name), asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def ask() -> None:
            try:
                worker.check()
            except ReturnerError as error:
                self._post(_settle, done, error)
            else:
                self._post(_settle, done, None)

        # Not in the loop's own pool: a receiver that never answers would hold up the master's end.
        threading.Thread(target=ask, name=f"check-{name}", daemon=True).start()
        await done

    def hurry(self, name: str) -> None:
        """Let a returner try again now, whatever it waits for."""
        self._lanes[name].hurry()

    def stop(self) -> None:
        """End the threads; one that is in the middle of a delivery is waited for a moment only. Blocks."""
        for lane in self._lanes.values():
            lane.end()
        end = time.monotonic() + _STOP_S
        for lane in self._lanes.values():
            lane.join(max(0.0, end - time.monotonic()))

    def _worker(self, name: str, options: ReturnerOptions) -> Worker:
        try:
            returner = kind_of(options.type)(options)
        except ConfigError as error:
            raise ConfigError(f"returner {name!r}: {error}") from None
        return Worker(
            name,
            returner,
            options,
            queue=self._queue,
            tell=lambda what, data: self._tell(name, what, data),
            clock=self._clock,
            random=self._random,
        )

    def _note_stranger(self, name: str) -> None:
        """Say that something waits for a returner that is not configured any more; drop it once it is old."""
        before = self._clock.time() - _STRANGERS_S
        dropped = self._queue.trim(name, before=before, max_rows=100_000)
        state = self._queue.state(name)
        log.warning(
            "%d returns wait for returner %s, which is not configured, and %d are dead letters; %d older ones dropped",
            state.queued, name, state.dead, dropped, extra={"action": "returner_unknown"},
        )  # fmt: skip

    def _tell(self, name: str, what: str, data: dict[str, Any]) -> None:
        """Pass on to the master's loop what a worker says in its thread."""
        self._post(self._say, name, what, data)

    def _post(self, call: Callable[..., None], *words: Any) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call, *words)
        except RuntimeError:
            pass  # the loop is closed: the master has stopped

    def _say(self, name: str, what: str, data: dict[str, Any]) -> None:
        self._counters[f"returner {name}: {what}"] += int(data.get("count", 1))
        self._bus.publish(returner_event(name, what), {"returner": name, **data})


def _settle(done: asyncio.Future[None], error: ReturnerError | None) -> None:
    if done.done():
        return  # who asked has gone
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


class _Lane:
    """One worker and its thread."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._queued = threading.Event()
        self._hurry = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"returner-{worker.name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look at its queue, unless it waits after a failure."""
        self._queued.set()

    def hurry(self) -> None:
        """Let it go on now, whatever it waits for."""
        self._queued.set()
        self._hurry.set()

    def end(self) -> None:
        """Let it end after what it is doing."""
        self._ended.set()
        self.hurry()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._ended.is_set():
            self._queued.clear()
            self._hurry.clear()
            pause = self.worker.step()
            if self._ended.is_set():
                return
            if pause is None:
                self._queued.wait(_IDLE_S)
            elif pause:
                self._hurry.wait(pause)
