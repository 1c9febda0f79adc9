"""Lets a transport hang on asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class AsyncioScheduler:
    """`shoal.transport.Scheduler` on a running asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `fd` is readable."""
        self._loop.add_reader(fd, callback)

    def unwatch(self, fd: int) -> None:
        """Forget `fd`."""
        self._loop.remove_reader(fd)

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call `callback` in the next turn."""
        self._loop.call_soon(callback)
