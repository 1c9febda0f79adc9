"""Harmless runners: to see how arguments arrive, and what a program does while a runner is at work."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from master.runners.context import RunnerContext
from shoal.errors import ArgumentError
from shoal.functions.function import function

_MAX_S: Final = 3600.0


@function
def arg(ctx: RunnerContext, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the arguments as they arrived.

    CLI Example:

        shoal-run test.arg 1 16:10 name=value
    """
    return {"args": list(args), "kwargs": kwargs}


@function
async def sleep(ctx: RunnerContext, s_time: float = 5.0) -> float:
    """Wait for some seconds, and return how many.

    CLI Example:

        shoal-run test.sleep 2
    """
    if not 0 <= s_time <= _MAX_S:
        raise ArgumentError(f"test.sleep: {s_time:g} s; 0 to {_MAX_S:g} expected")
    await asyncio.sleep(s_time)
    return s_time
