"""Signals for the master's loop that arrive however busy it is.

asyncio's own way passes a signal through a pipe that also carries the wake-ups of other threads; when the loop is held
up and thousands of these come together, the pipe is full and the signal is lost: a master that does not stop.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType


def on_signal(number: int, call: Callable[[], object]) -> None:
    """Call `call` in the running loop each time signal `number` comes. Only in the main thread."""
    loop = asyncio.get_running_loop()

    def came(_number: int, _frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the loop is closed: the process is at its end anyway
            loop.call_soon_threadsafe(call)

    signal.signal(number, came)
