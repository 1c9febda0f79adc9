"""A small reactor: readable descriptors, timers, nothing else.

The minion does not use asyncio because it costs 8 MiB of memory on every box (docs/adr/0004). One thread, no
callbacks from other threads. Time comes from a `Clock`, so a test moves it by hand and calls `run_once`.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import select
from collections import deque
from collections.abc import Callable
from typing import Final

from shoal.clock import Clock, SystemClock

log = logging.getLogger(__name__)

Callback = Callable[[], None]
_MAX_WAIT_S: Final = 60.0
_PURGE_AT: Final = 64  # timers, before those that were cancelled are looked for


class Timer:
    """A call that is due at a monotonic time; `cancel()` takes it back."""

    __slots__ = ("callback", "due")

    def __init__(self, due: float, callback: Callback) -> None:
        self.due = due
        self.callback: Callback | None = callback

    def cancel(self) -> None:
        """Forget the call; harmless when it has happened."""
        self.callback = None


class Loop:
    """Watches descriptors with epoll and runs timers in order."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self._epoll = select.epoll()
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._purge_at = _PURGE_AT
        self._soon: deque[Callback] = deque()
        self._stopped = False

    def call_soon(self, callback: Callback) -> None:
        """Call `callback` in this or the next turn."""
        self._soon.append(callback)

    def call_later(self, delay_s: float, callback: Callback) -> Timer:
        """Call `callback` once, `delay_s` seconds from now at the earliest."""
        timer = Timer(self.clock.monotonic() + max(0.0, delay_s), callback)
        heapq.heappush(self._timers, (timer.due, next(self._order), timer))
        if len(self._timers) > self._purge_at:
            self._purge()
        return timer

    @property
    def pending(self) -> int:
        """How many timers are kept, cancelled ones included."""
        return len(self._timers)

    def watch(self, fd: int, callback: Callback) -> None:
        """Call `callback` whenever `fd` is readable or closed by the other side."""
        self._set(fd, self._readers, callback)

    def watch_write(self, fd: int, callback: Callback | None) -> None:
        """Call `callback` whenever `fd` can be written; None ends that."""
        self._set(fd, self._writers, callback)

    def unwatch(self, fd: int) -> None:
        """Forget `fd`. Call it before closing the descriptor."""
        known = fd in self._readers or fd in self._writers
        self._readers.pop(fd, None)
        self._writers.pop(fd, None)
        if known:
            self._epoll.unregister(fd)

    def run(self) -> None:
        """Turn until `stop()`."""
        self._stopped = False
        while not self._stopped:
            self.run_once(_MAX_WAIT_S)

    def stop(self) -> None:
        """Let `run` return after this turn."""
        self._stopped = True

    def run_once(self, max_wait_s: float) -> None:
        """Wait for something for at most `max_wait_s`, then handle all that is due."""
        for fd, mask in self._poll(max_wait_s):
            if mask & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._call(self._readers.get(fd))
            if mask & select.EPOLLOUT:
                self._call(self._writers.get(fd))
        now = self.clock.monotonic()
        while self._timers and self._timers[0][0] <= now:
            self._call(heapq.heappop(self._timers)[2].callback)
        for _ in range(len(self._soon)):
            self._call(self._soon.popleft())

    def close(self) -> None:
        """Give the epoll descriptor back."""
        self._epoll.close()

    def _purge(self) -> None:
        """Drop cancelled timers that are not due for long; rare enough to cost nothing."""
        self._timers = [entry for entry in self._timers if entry[2].callback is not None]
        heapq.heapify(self._timers)
        self._purge_at = max(_PURGE_AT, 2 * len(self._timers))

    def _poll(self, max_wait_s: float) -> list[tuple[int, int]]:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        wait = 0.0 if self._soon else max_wait_s
        if self._timers:
            wait = min(wait, max(0.0, self._timers[0][0] - self.clock.monotonic()))
        # epoll rounds down to milliseconds: round up, or the last millisecond before a timer spins.
        return self._epoll.poll(-(-wait * 1000 // 1) / 1000)

    def _set(self, fd: int, table: dict[int, Callback], callback: Callback | None) -> None:
        known = fd in self._readers or fd in self._writers
        if callback is None:
            table.pop(fd, None)
        else:
            table[fd] = callback
        mask = (select.EPOLLIN if fd in self._readers else 0) | (
            select.EPOLLOUT if fd in self._writers else 0
        )
        if known and mask:
            self._epoll.modify(fd, mask)
        elif known:
            self._epoll.unregister(fd)
        elif mask:
            self._epoll.register(fd, mask)

    @staticmethod
    def _call(callback: Callback | None) -> None:
        if callback is None:
            return
        try:
            callback()
        except Exception:  # one bad callback must not stop the box's only way home
            log.exception("a callback failed", extra={"action": "loop_callback_failed"})
