"""The master's time never goes back: what it signs now is later than what it signed before.

A master whose clock was a day ahead and is set right goes on from where it was (and slower clocks catch up), so
that minions neither take its jobs for expired nor see old ones become valid again. A system clock from before
this release was built is wrong (a board without a battery clock): it says nothing against the time of before.
"""

from __future__ import annotations

from shoal.clock import BUILD_TIME, Clock

_MAX_AHEAD_S = 400 * 86400.0


class MasterTime:
    """Epoch seconds, monotonic over restarts as far as the store remembers."""

    def __init__(self, clock: Clock, floor: float) -> None:
        self._clock = clock
        system = clock.time()
        believable = system < BUILD_TIME or floor < system + _MAX_AHEAD_S
        self._last = max(floor, BUILD_TIME) if believable else BUILD_TIME
        self._at = clock.monotonic()

    def now(self) -> float:
        """Return the time now; ahead of a system clock that was set back, in step with it otherwise."""
        monotonic = self._clock.monotonic()
        self._last = max(self._clock.time(), self._last + (monotonic - self._at))
        self._at = monotonic
        return self._last
