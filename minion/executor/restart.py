"""When a dead executor is started again: at once, then slower and slower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shoal.clock import Clock

DELAYS_S: Final = (0.0, 10.0, 10.0, 30.0, 30.0)
THEN_S: Final = 60.0
HEALTHY_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Restart:
    """What to do after a death: wait `delay_s`, and tell people if `alert`."""

    delay_s: float
    alert: bool
    count: int  # deaths in a row


class RestartPolicy:
    """Counts deaths; `HEALTHY_S` of life makes it forget them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._deaths = 0
        self._alive_since: float | None = None

    def started(self) -> None:
        """Note that an executor answered just now."""
        self._alive_since = self._clock.monotonic()

    def died(self) -> Restart:
        """Note a death and return what follows."""
        alive, self._alive_since = self._alive_since, None
        if alive is not None and self._clock.monotonic() - alive >= HEALTHY_S:
            self._deaths = 0
        self._deaths += 1
        if self._deaths <= len(DELAYS_S):
            return Restart(DELAYS_S[self._deaths - 1], False, self._deaths)
        return Restart(THEN_S, True, self._deaths)
