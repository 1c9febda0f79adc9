"""Reads one socket of ZeroMQ's whenever there is something, a slice at a time.

ZeroMQ's descriptors are edge-triggered: after an edge, and after each send, a socket must be read until empty.
The slices are there so that one busy socket does not starve the rest of the loop.
"""

from __future__ import annotations

from collections.abc import Callable

from shoal.transport import Scheduler


class Pump:
    """See the module docstring."""

    def __init__(self, scheduler: Scheduler, descriptor: int, read: Callable[[], bool]) -> None:
        self._scheduler = scheduler
        self._read = read  # handles up to a slice; True when there may be more
        self._fd = descriptor
        self._planned = False
        self._closed = False
        scheduler.watch(self._fd, self._run)
        self.kick()

    def kick(self) -> None:
        """Look again soon: a send may have swallowed the edge."""
        if not self._planned:
            self._planned = True
            self._scheduler.call_soon(self._run_planned)

    def close(self) -> None:
        self._closed = True
        self._scheduler.unwatch(self._fd)

    def _run_planned(self) -> None:
        self._planned = False
        self._run()

    def _run(self) -> None:
        if self._closed:
            return
        more = True
        try:
            more = self._read()
        finally:  # a handler that failed is the loop's to log; what came after must not wait for the next edge
            if more and not self._closed:
                self.kick()
