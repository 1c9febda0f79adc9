"""Many deadlines, one timer.

Most jobs end long before their time is up. A timer for each would stay in the loop's heap until it is due, an
hour's worth of them; here a finished job leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable

from minion.loop import Loop, Timer


class Deadlines:
    """Calls `on_due(key)` once for each key whose time has come."""

    def __init__(self, loop: Loop, on_due: Callable[[str], None]) -> None:
        self._loop = loop
        self._on_due = on_due
        self._due: dict[str, float] = {}
        self._timer: Timer | None = None

    def __len__(self) -> int:
        return len(self._due)

    def set(self, key: str, delay_s: float) -> None:
        """Let `key` be due in `delay_s` seconds."""
        due = self._loop.clock.monotonic() + delay_s
        self._due[key] = due
        if self._timer is None or due < self._timer.due:
            self._arm(due)

    def drop(self, key: str) -> None:
        """Forget `key`."""
        self._due.pop(key, None)

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(due - self._loop.clock.monotonic(), self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = self._loop.clock.monotonic()
        for due, key in sorted((due, key) for key, due in self._due.items() if due <= now):
            if self._due.get(key) == due:  # not dropped or set anew by the one before
                del self._due[key]
                self._on_due(key)
        if self._due:
            self._arm(min(self._due.values()))
