"""How long to wait before the next try: full jitter, so that a fleet does not come back in step."""

from __future__ import annotations

from random import Random


class Backoff:
    """Delays drawn evenly from 0 to a ceiling that doubles with each try."""

    def __init__(self, base_s: float, max_s: float, random: Random) -> None:
        self._base = base_s
        self._max = max_s
        self._random = random
        self._tries = 0
        self._spread = 0.0

    def spread(self, seconds: float) -> None:
        """Let no ceiling be below `seconds`, as the master asked; the maximum stays the box's own."""
        self._spread = seconds

    def next(self) -> float:
        """Return the next delay in seconds."""
        ceiling = min(self._max, max(self._spread, self._base * 2.0 ** min(self._tries, 30)))
        self._tries += 1
        return self._random.uniform(0.0, ceiling)

    def reset(self) -> None:
        """Start again from the shortest: it worked."""
        self._tries = 0
