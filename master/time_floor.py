"""The master's time never goes back: what it signs now is later than what it signed before.

A master whose clock was a day ahead and is set right goes on from where it was (and slower clocks catch up), so
that minions neither take its jobs for expired nor see old ones become valid again. A system clock from before
this release was built is wrong (a board without a battery clock): it says nothing against the time of before.

A system clock that leaps ahead is followed once the new time is on the disk (`follow`): a master that signed it and
was killed would go back behind it, and its minions, who do not, would take its jobs for expired.
"""

from __future__ import annotations

from shoal.clock import BUILD_TIME, Clock

_MAX_AHEAD_S = 400 * 86400.0
LEAP_S = 10.0  # ahead in no time: more than a clock that is only being corrected


class MasterTime:
    """Epoch seconds, monotonic over restarts as far as the store remembers."""

    def __init__(self, clock: Clock, floor: float) -> None:
        self._clock = clock
        system = clock.time()
        believable = system < BUILD_TIME or floor < system + _MAX_AHEAD_S
        self._last = max(system, floor if believable else 0.0, BUILD_TIME)
        self._at = clock.monotonic()

    def now(self) -> float:
        """Return the time now; ahead of a system clock that was set back, in step with it otherwise."""
        monotonic, system = self._clock.monotonic(), self._clock.time()
        steady = self._last + (monotonic - self._at)
        self._last = max(system, steady) if system <= steady + LEAP_S else steady
        self._at = monotonic
        return self._last

    def wanted(self) -> float:
        """Return what the time would be if the system clock were followed wherever it is ahead."""
        return max(self._clock.time(), self.now())

    def follow(self, kept: float) -> None:
        """Take over the time that `wanted` returned and that is on the disk by now."""
        self._last = max(self.now(), kept)
