"""Token buckets: how much one source may ask for. A bucket that is full again is forgotten."""

from __future__ import annotations

from collections.abc import Callable


class Bucket:
    """`rate` units a second, `burst` at once."""

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = now

    def take(self, units: float, now: float) -> bool:
        """Take `units` if they are there."""
        level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if level < units:
            self._level = level
            return False
        self._level = level - units
        return True

    def full(self, now: float) -> bool:
        """True when nothing was taken for long enough."""
        return self._level + (now - self._at) * self._rate >= self._burst


class Buckets:
    """A bucket for each key, in bounded memory."""

    def __init__(self, rate: float, burst: float, monotonic: Callable[[], float], max_keys: int) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._max = max_keys
        self._buckets: dict[str, Bucket] = {}

    def take(self, key: str, units: float = 1.0) -> bool:
        """Take from the bucket of `key`; with too many keys at once, new ones are refused."""
        now = self._monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._max:
                self._sweep(now)
            if len(self._buckets) >= self._max:
                return False
            bucket = self._buckets[key] = Bucket(self._rate, self._burst, now)
        return bucket.take(units, now)

    def _sweep(self, now: float) -> None:
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full(now)}
