"""Runs an inline function in the executor itself, under an alarm: while it runs, nothing else does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from minion.executor.call import Interruption


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise Interruption into a body that takes longer than `seconds`; 0 = no limit. Main thread only."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Interruption("timed_out", f"{what} took longer than {seconds:g} s and was stopped.")

    if not seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
