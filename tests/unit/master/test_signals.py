"""Signals reach the loop, also when it was held up while other threads called it thousands of times."""

from __future__ import annotations

import asyncio
import os
import signal

from master.signals import on_signal

WAKE_UPS = 20_000  # far more than the pipe of a loop holds


def test_signal_reaches_a_loop_whose_pipe_is_full() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    async def body() -> None:
        came = asyncio.Event()
        on_signal(signal.SIGUSR1, came.set)
        loop = asyncio.get_running_loop()
        for _ in range(WAKE_UPS):
            loop.call_soon_threadsafe(int)
        os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.wait_for(came.wait(), 10)

    try:
        asyncio.run(body())
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_signal_after_the_loop_has_ended_is_no_error() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    async def body() -> None:
        on_signal(signal.SIGUSR1, int)

    try:
        asyncio.run(body())
        os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
