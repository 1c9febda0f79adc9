"""An asyncio loop whose time is a `FakeClock`, and whose threads are turns of the loop.

Whoever turns it moves the clock; a year passes in no time. What goes to a thread is done at once, and its answer
comes in the next turn: so everything happens in an order that a seed decides, and a kill can fall in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from shoal.clock import FakeClock


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """See the module docstring."""

    def __init__(self, clock: FakeClock) -> None:
        self._fake = clock
        super().__init__()

    def time(self) -> float:
        return self._fake.monotonic()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future: asyncio.Future[Any] = self.create_future()

        def tell(done: Callable[[Any], None], value: Any) -> None:
            if not future.done():  # nobody has been killed
                done(value)

        try:
            result = func(*args)
        except Exception as error:
            self.call_soon(tell, future.set_exception, error)
        else:
            self.call_soon(tell, future.set_result, result)
        return future
