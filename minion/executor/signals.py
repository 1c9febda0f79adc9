"""Brings signals into the loop: a handler only leaves a byte, what is to be done happens in a loop's turn."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping

from minion.loop import Loop


class SignalPipe:
    """Calls a function in the loop for each signal received. Main thread only; one a process."""

    def __init__(self, loop: Loop, handlers: Mapping[int, Callable[[], None]]) -> None:
        self._handlers = dict(handlers)
        self._read_fd, self._write_fd = os.pipe()
        for fd in (self._read_fd, self._write_fd):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(self._write_fd, warn_on_full_buffer=False)
        for number in self._handlers:
            signal.signal(number, lambda _number, _frame: None)
        loop.watch(self._read_fd, self._readable)

    def release(self) -> None:
        """Close the descriptors only: for a forked child, which shares the parent's epoll."""
        os.close(self._read_fd)
        os.close(self._write_fd)

    def _readable(self) -> None:
        for number in set(os.read(self._read_fd, 4096)):
            if number in self._handlers:
                self._handlers[number]()
