"""Time as a parameter, so that no test sleeps and no box without a real-time clock is fooled.

`Clock` has wall time (epoch seconds, UTC) and monotonic time (seconds from an arbitrary start).
`FloorClock` answers what time it is for expiry checks:

1. A freshly signed master time (bound to our own nonce) is an anchor: from then on, anchor + monotonic time.
2. Without an anchor: the latest of system time, build time and every signed time ever seen.
"""

from __future__ import annotations

import time
from typing import Final, Protocol

BUILD_TIME: Final = 1_790_000_000.0  # 2026-09-21; no signed message of this release is older


class Clock(Protocol):
    """What everything that needs time is given."""

    def time(self) -> float:
        """Return epoch seconds, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""


class SystemClock:
    """The operating system's clocks."""

    def time(self) -> float:
        """Return epoch seconds, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds since boot or thereabouts."""
        return time.monotonic()


class FakeClock:
    """A clock that a test moves by hand."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self._wall = now
        self._monotonic = 1000.0

    def time(self) -> float:
        """Return the fake wall time."""
        return self._wall

    def monotonic(self) -> float:
        """Return the fake monotonic time."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        self._wall += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back by `seconds`; monotonic time does not move."""
        self._wall += seconds


class FloorClock:
    """Time for expiry checks on a box whose system clock may say 1970."""

    def __init__(self, clock: Clock, floor: float = 0.0) -> None:
        self._clock = clock
        self._floor = max(floor, BUILD_TIME)
        self._anchor: tuple[float, float] | None = None

    def now(self) -> float:
        """Return the best known epoch second; never before the floor."""
        if self._anchor is None:
            return max(self._clock.time(), self._floor)
        signed, at = self._anchor
        return max(signed + (self._clock.monotonic() - at), self._floor)

    @property
    def anchored(self) -> bool:
        """True once the master has told the time: until then a system clock that is ahead is believed."""
        return self._anchor is not None

    def anchor(self, signed_time: float) -> None:
        """Take `signed_time`, just signed by the master over our own nonce, as the time now."""
        self._anchor = (signed_time, self._clock.monotonic())
        self._floor = max(self._floor, signed_time)

    def raise_floor(self, signed_time: float) -> None:
        """Note that a believed signature was made at `signed_time`: it cannot be earlier than that.

        Once there is an anchor this is not needed, and would let a signer whose clock is fast push ours ahead.
        """
        if self._anchor is None:
            self._floor = max(self._floor, signed_time)

    @property
    def floor(self) -> float:
        """The latest signed time seen (epoch seconds); worth keeping over a restart."""
        return self._floor
