"""The heartbeat: shows the master that we live, and finds out when it, or the way to it, is dead.

Each beat asks for an answer. Two things end a connection:

1. silence: nothing was heard of the master for `MISSED` heartbeats
2. deafness: the master answers `DEAF` times in a row that it does not see us read our topic. The connection on
   which jobs come is another one; a socket that was refused once (the key was deleted, then accepted again)
   never tries again by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random
from typing import Final

from minion.loop import Loop, Timer

log = logging.getLogger(__name__)

MISSED: Final = 2.5
DEAF: Final = 3


class Pulse:
    """See the module docstring."""

    def __init__(
        self,
        loop: Loop,
        random: Random,
        *,
        beat: Callable[[], object],
        on_silence: Callable[[], None],
        on_deaf: Callable[[], None],
    ) -> None:
        self._loop = loop
        self._random = random
        self._send_beat = beat
        self._on_silence = on_silence
        self._on_deaf = on_deaf
        self._every_s = 30.0
        self._heard_at = 0.0  # monotonic
        self._deaf = 0
        self._timer: Timer | None = None

    def start(self, every_s: float) -> None:
        """Beat every `every_s` seconds from now on."""
        self._every_s = every_s
        self._deaf = 0
        self._beat_later()

    def stop(self) -> None:
        """Beat no more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None

    def heard(self) -> None:
        """Note a word from the master."""
        self._heard_at = self._loop.clock.monotonic()

    def answered(self, reading: object) -> None:
        """Note the answer to a heartbeat; `reading` is False when the master does not see us read our topic."""
        self._deaf = self._deaf + 1 if reading is False else 0
        if self._deaf >= DEAF and self._timer is not None:
            log.warning("the master does not see us read our topic", extra={"action": "deaf"})
            self.stop()
            self._on_deaf()

    def doubt(self) -> None:
        """Ask now, and believe only a quick answer."""
        if self._timer is not None:
            latest = self._loop.clock.monotonic() - self._every_s * (MISSED - 1)
            self._heard_at = min(self._heard_at, latest)
            self._beat()

    def _beat(self) -> None:
        silence = self._loop.clock.monotonic() - self._heard_at
        if silence > self._every_s * MISSED:
            log.warning("the master is silent for %.0f s", silence, extra={"action": "master_silent"})
            self.stop()
            self._on_silence()
            return
        self._send_beat()
        self._beat_later()

    def _beat_later(self) -> None:
        self.stop()
        jittered = self._every_s * self._random.uniform(0.8, 1.0)
        self._timer = self._loop.call_later(jittered, self._beat)
