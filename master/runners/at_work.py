"""Which runners are being carried out now, for `jobs.master`. In memory: a runner ends with its master."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import NamedTuple


class RunnerAtWork(NamedTuple):
    """One runner; `started` in epoch seconds."""

    fun: str
    user: str
    started: float


class RunnersAtWork:
    """See the module docstring."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._all: dict[int, RunnerAtWork] = {}

    def __iter__(self) -> Iterator[RunnerAtWork]:
        return iter(list(self._all.values()))

    @contextlib.contextmanager
    def entered(self, fun: str, user: str, now: float) -> Iterator[None]:
        """Count a runner while the block lasts."""
        number = next(self._numbers)
        self._all[number] = RunnerAtWork(fun, user, now)
        try:
            yield
        finally:
            del self._all[number]
