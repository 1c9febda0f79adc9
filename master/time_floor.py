"""The master's time never goes back: what it signs now is later than what it signed before.

A master whose clock was a day ahead and is set right goes on from where it was (and slower clocks catch up), so
that minions neither take its jobs for expired nor see old ones become valid again.
"""

from __future__ import annotations

from shoal.clock import Clock

_MAX_AHEAD_S = 400 * 86400.0


class MasterTime:
    """Epoch seconds, monotonic over restarts as far as the store remembers."""

    def __init__(self, clock: Clock, floor: float) -> None:
        self._clock = clock
        self._last = floor if floor < clock.time() + _MAX_AHEAD_S else 0.0
        self._at = clock.monotonic()

    def now(self) -> float:
        """Return the time now; ahead of a system clock that was set back, in step with it otherwise."""
        monotonic = self._clock.monotonic()
        self._last = max(self._clock.time(), self._last + (monotonic - self._at) * (self._last > 0))
        self._at = monotonic
        return self._last
