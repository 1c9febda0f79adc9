"""Jobs that the daemon gives its own executor: the box's regular work. Their returns go no further than the log.

They are told from a master's jobs by their ids: a master's begin with a year. A chore that is due while the same one
still runs is left out; what an executor loses of them is not taken up again, for the next one comes anyway.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random
from typing import Final

from minion.loop import Loop
from shoal.job import Job
from shoal.returns import Return

log = logging.getLogger(__name__)

_YEAR_ZERO: Final = "0000"
_SOON_S: Final = (1.0, 10.0)  # after the start, a random time between these
_SPREAD: Final = 0.1  # of the interval, so that boxes that were started together do not stay together
_LOOK_S: Final = 30.0  # between looks whether a chore can be done
_MAX_S: Final = 600.0  # that a chore may take


def is_chore(jid: str) -> bool:
    """Say whether a job is one of the box's own."""
    return jid.startswith(_YEAR_ZERO)


class Chores:
    """`submit` hands a job to the executor."""

    def __init__(self, loop: Loop, random: Random, submit: Callable[[Job], None]) -> None:
        self._loop = loop
        self._random = random
        self._submit = submit
        self._number = random.randrange(10**15)  # an executor that outlives this daemon may have some still
        self._running: dict[str, str] = {}  # jid to function

    def every(self, interval_s: float, fun: str, possible: Callable[[], bool]) -> None:
        """Run `fun` soon, and then again and again, each time as soon as it is `possible`."""
        soon = self._random.uniform(*_SOON_S)
        self._loop.call_later(soon, lambda: self._due(interval_s, fun, possible))

    def once(self, fun: str) -> None:
        """Run `fun` now, if it does not run already."""
        if fun in self._running.values():
            return
        self._number += 1
        jid = f"{_YEAR_ZERO}{self._number:016d}"
        self._running[jid] = fun
        now = self._loop.clock.time()
        self._submit(
            Job(
                jid=jid, fleet="", to="*", fun=fun, issued=now, expires=now + _MAX_S, user="shoal-minion",
                timeout_s=_MAX_S,
            )
        )  # fmt: skip

    def returned(self, ret: Return) -> None:
        """Take the return of a chore."""
        self._running.pop(ret.jid, None)
        if not ret.success:
            text = str(ret.value())[:500]
            log.warning("%s: %s: %s", ret.fun, ret.outcome, text, extra={"action": "chore_failed"})

    def lost(self, jid: str) -> None:
        """An executor died with this one in hand."""
        self._running.pop(jid, None)

    def _due(self, interval_s: float, fun: str, possible: Callable[[], bool]) -> None:
        wait = _LOOK_S
        if possible():
            self.once(fun)
            wait = interval_s * self._random.uniform(1 - _SPREAD, 1 + _SPREAD)
        self._loop.call_later(wait, lambda: self._due(interval_s, fun, possible))
