"""The status line of a job that takes a while: on a terminal's stderr, redrawn in place, gone before results.

It never writes when stderr is no terminal. Time comes in as a parameter.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final, TextIO

from shoal.clock import Clock

AFTER_S: Final = 2.0  # shorter jobs show no status line
TICK_S: Final = 0.5
REDRAW_S: Final = 0.1  # many results at once are not each followed by a line
_MAX_NAMES: Final = 20
_CLEAR: Final = "\r\x1b[K"


class Progress:
    """Counts who answered and draws `12/40 returned, 3 running, waiting for: a, b, c …`."""

    def __init__(self, stream: TextIO, clock: Clock, *, enabled: bool) -> None:
        self._stream = stream
        self._clock = clock
        self._enabled = enabled
        self._start = clock.monotonic()
        self._total = 0
        self._running = 0
        self._waiting: dict[str, None] = {}
        self._asked: list[str] = []  # whom the master says it is waiting for now (a batch's slot)
        self.states: dict[str, str] = {}  # how far some of those are
        self._shown = False
        self._drawn = 0.0

    @property
    def tick_s(self) -> float:
        """How often `draw` wants to be called, in seconds; 0 for never."""
        return TICK_S if self._enabled else 0.0

    def expect(self, minions: Iterable[str]) -> None:
        """Note whom the job is for."""
        self._waiting = dict.fromkeys(minions)
        self._total = len(self._waiting)

    def settled(self, minion: str) -> None:
        """Note that `minion` returned or will not."""
        self._waiting.pop(minion, None)

    def note(self, message: dict[str, Any]) -> None:
        """Take over what a `progress` event says."""
        self._running = int(message.get("running", 0))
        self._total = max(self._total, int(message.get("total", 0)))
        self._asked = list(message.get("waiting", ()))
        self.states = dict(message.get("states", {}))

    def draw(self) -> None:
        """Show the line, if the job has taken long enough and somebody is still missing."""
        if not self._enabled or not self._waiting:
            return
        now = self._clock.monotonic()
        if now - self._start < AFTER_S or now - self._drawn < REDRAW_S:
            return
        self._drawn = now
        self._write(_CLEAR + self.text()[: _columns(self._stream) - 1])
        self._shown = True

    def clear(self) -> None:
        """Take the line away, before anything else is written."""
        if self._shown:
            self._write(_CLEAR)
            self._shown = False

    def text(self) -> str:
        """Return the line's text."""
        names = [name for name in self._asked if name in self._waiting] or list(self._waiting)
        more = " …" if len(names) > _MAX_NAMES or len(names) < len(self._waiting) else ""
        returned = self._total - len(self._waiting)
        running = f"{self._running} running, " if self._running else ""
        missing = ", ".join(names[:_MAX_NAMES]) + more
        return f"{returned}/{self._total} returned, {running}waiting for: {missing}"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _columns(stream: TextIO) -> int:
    try:
        return max(20, os.get_terminal_size(stream.fileno()).columns or 80)
    except (OSError, ValueError):
        return 80
