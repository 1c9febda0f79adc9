"""Passes on to the master what jobs say while they run: as much as the connection carries at once, no more.

Nothing is kept: heartbeats and returns must not wait behind it, and the return has everything. At most
`WINDOW_BYTES` are on their way; the master says `heard` to what somebody reads, and so makes room for the next.
When it says nothing (nobody reads, or the connection is gone) the window stays shut for `PATIENCE_S`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from shoal.clock import Clock
from shoal.progress import JobProgress

WINDOW_BYTES: Final = 16 * 1024
PER_S: Final = 50  # pieces of all jobs together: a quarter of what a master takes of one minion
PATIENCE_S: Final = 30.0
_OVERHEAD: Final = 128


class Live:
    """See the module docstring. `send(verb, body)` says False when the connection takes nothing more now."""

    def __init__(self, clock: Clock, send: Callable[[str, Any], bool]) -> None:
        self._clock = clock
        self._send = send
        self._online = False
        self._sent: deque[tuple[str, int, int]] = deque()  # jid, seq, bytes: not heard yet
        self._bytes = 0
        self._last = 0.0  # monotonic: when something was sent
        self._second = 0  # the present one,
        self._count = 0  # and how many pieces went out in it
        self.dropped = 0

    def tell(self, said: JobProgress) -> None:
        """Send `said` now, or drop it."""
        size = len(said.text.encode()) + _OVERHEAD
        if self._online and self._may(size) and self._send("progress", said.to_wire()):
            self._sent.append((said.jid, said.seq, size))
            self._bytes += size
            self._last = self._clock.monotonic()
            self._count += 1
        else:
            self.dropped += 1

    def heard(self, body: object) -> None:
        """Note that the master has passed on `[jid, seq]`: also what went out before it has arrived."""
        if not isinstance(body, list) or len(body) != 2:
            return
        found = next((n for n, each in enumerate(self._sent) if [each[0], each[1]] == body), -1)
        for _ in range(found + 1):
            self._bytes -= self._sent.popleft()[2]

    def connected(self) -> None:
        """Begin with an empty window, unless the connection is the one there was."""
        if not self._online:
            self._forget()
        self._online = True

    def disconnected(self) -> None:
        """Drop everything until there is a connection."""
        self._online = False

    def _may(self, size: int) -> bool:
        now = self._clock.monotonic()
        if self._sent and now - self._last >= PATIENCE_S:
            self._forget()
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        return self._count < PER_S and self._bytes + size <= WINDOW_BYTES

    def _forget(self) -> None:
        self._sent.clear()
        self._bytes = 0
