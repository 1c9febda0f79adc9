"""The jobs a minion has taken already: a bounded set against replay.

1. A job id is kept until `LINGER_S` after its expiry; later its replay is refused as expired. The lingering
   covers clocks that are set back, as two masters' times may differ.
2. When the set is full of unexpired jobs, the oldest ids go, and from then on everything as old as those
   counts as seen, until the last of them has expired. So memory is bounded, no replay passes and new jobs
   still do.
"""

from __future__ import annotations

from typing import Final

LINGER_S: Final = 600.0
MAX_SEEN: Final = 4096
_PURGE_EVERY_S: Final = 60.0


class SeenJobs:
    """Job ids with their expiry (epoch seconds)."""

    def __init__(self, limit: int = MAX_SEEN) -> None:
        self._limit = max(limit, 4)
        self._expiry: dict[str, float] = {}
        self._next_purge = 0.0
        self._forgotten = ""  # the newest id that had to go before its time
        self._forgotten_expiry = 0.0

    def __len__(self) -> int:
        return len(self._expiry)

    def __contains__(self, jid: str) -> bool:
        return jid in self._expiry or jid <= self._forgotten

    def add(self, jid: str, expires: float, now: float) -> None:
        """Remember `jid`, which expires at `expires`."""
        if now >= self._next_purge or len(self._expiry) >= self._limit:
            self._purge(now)
            self._next_purge = now + _PURGE_EVERY_S
        self._expiry[jid] = expires

    def discard(self, jid: str) -> None:
        """Forget `jid` before its time."""
        self._expiry.pop(jid, None)

    def _purge(self, now: float) -> None:
        kept = {jid: expires for jid, expires in self._expiry.items() if expires + LINGER_S > now}
        if self._forgotten and self._forgotten_expiry + LINGER_S <= now:
            self._forgotten = ""
        if len(kept) >= self._limit:
            gone = sorted(kept)[: self._limit // 4]
            self._forgotten = max(self._forgotten, gone[-1])
            self._forgotten_expiry = max(self._forgotten_expiry, *(kept.pop(jid) for jid in gone))
        self._expiry = kept
