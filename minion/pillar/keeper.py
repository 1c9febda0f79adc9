"""The pillar that counts on this box: the last one that was good.

1. Fetched when the box first comes online, when its tags or grains have changed, and when somebody asks. As in Salt
   an edit on the master reaches a box when it is told to look (`saltutil.refresh_pillar`).
2. All or nothing: whatever goes wrong leaves the pillar that was there, is told once, and is tried again later.
3. Wishes that come while one is under way share the next one: what they get was made after they came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, Final

from minion.loop import Timer
from minion.pillar.errand import Errand, ErrandParts
from minion.pillar.kept import KeptPillar
from pki.pillar import judge_kept
from shoal.errors import TrustError, WireError
from shoal.pillar.handed import HandedPillar

log = logging.getLogger(__name__)

_RETRY_S: Final = (300.0, 600.0)  # a random time between these
_MAX_WISHES: Final = 100
_OFFLINE: Final = "there is no connection to the master"
_READ_HERE: Final = ("minion_blackout", "minion_blackout_whitelist", "mine_functions")

OnDone = Callable[[str], None]  # why there is no new one, or ""


class PillarKeeper:
    """`on_change` is called when the pillar is another one, `on_trouble` with a line for people."""

    def __init__(
        self,
        parts: ErrandParts,
        kept: KeptPillar,
        random: Random,
        on_change: Callable[[], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._kept = kept
        self._random = random
        self._on_change = on_change
        self._on_trouble = on_trouble
        self._done = False  # what we have is what the master had to say, as far as we know
        self._going = False
        self._wishes: list[OnDone] = []
        self._timer: Timer | None = None
        self._told = ""
        self._unkept = b""  # the sealed pillar in use, when the disk does not take it
        self.packed = b""
        self.here: Mapping[str, Any] = MappingProxyType({})  # what the daemon itself looks at

    def load(self) -> bool:
        """Take the pillar that is kept, judged anew: its certificate may have been revoked.

        False when another one is needed: it is refused, or there is no copy of the one in use to judge.
        """
        try:
            sealed, exposed = (self._unkept, False) if self._unkept else self._kept.read()
            handed = judge_kept(sealed, self._parts.minion, self._parts.anchor) if sealed else None
        except (OSError, TrustError, WireError) as error:
            self._on_trouble(f"the pillar in {self._kept.path} is refused: {error}")
            self._use(None)
            self._unkept, self._done = b"", False
            return False
        if exposed:
            self._on_trouble(f"{self._kept.path} could be read by others; it is 0600 again")
        if handed is None and self.packed:
            self._done = False
            return False
        self._use(handed)
        return True

    def stale(self) -> None:
        """What it is made of has changed: another one is needed."""
        self._done = False
        if self._going and not self._wishes:
            self._wishes.append(_nobody)

    def online(self) -> None:
        """Fetch it, if that is still to be done."""
        if not self._done and not self._going:
            self.refresh(_nobody)

    def refresh(self, done: OnDone) -> None:
        """Fetch it anew; `done` is called once."""
        if not self._parts.questions.online or len(self._wishes) >= _MAX_WISHES:
            done(_OFFLINE if not self._parts.questions.online else f"{_MAX_WISHES} wait for it already")
            return
        self._wishes.append(done)
        if not self._going:
            self._begin()

    def fresh(self, pillarenv: str, done: Callable[[str, bytes], None]) -> Callable[[], None]:
        """Have a pillar made for somebody who only looks at it: why there is none, or packed. Returns how to cancel."""
        if not self._parts.questions.online:
            done(_OFFLINE, b"")
            return lambda: None

        def fetched(error: str, _sealed: bytes, handed: HandedPillar | None) -> None:
            done(error, handed.packed if handed is not None else b"")

        return Errand(self._parts, pillarenv, fetched).cancel

    def _begin(self) -> None:
        self._going = True
        served, self._wishes = self._wishes, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

        def fetched(error: str, sealed: bytes, handed: HandedPillar | None) -> None:
            self._going = False
            if handed is not None:
                self._take(sealed, handed)
            else:
                self._failed(error)
            if self._wishes:
                self._begin()
            for done in served:
                done(error)

        Errand(self._parts, "", fetched)

    def _take(self, sealed: bytes, handed: HandedPillar) -> None:
        self._done, self._told = not self._wishes, ""
        try:
            self._kept.keep(sealed)
            self._unkept = b""
        except OSError as error:
            self._unkept = sealed
            self._on_trouble(f"the pillar is not kept in {self._kept.path}: {error.strerror}")
        self._use(handed)

    def _failed(self, error: str) -> None:
        self._done = False
        self._timer = self._parts.loop.call_later(self._random.uniform(*_RETRY_S), self._retry)
        log.warning("no new pillar: %s", error, extra={"action": "pillar_failed"})
        if error != self._told:
            self._told = error
            self._on_trouble(f"pillar failed, the one before is in use: {error}")

    def _retry(self) -> None:
        self._timer = None
        if self._parts.questions.online:
            self.online()

    def _use(self, handed: HandedPillar | None) -> None:
        packed = handed.packed if handed is not None else b""
        if packed == self.packed:
            return
        value = handed.value() if handed is not None else {}
        self.packed = packed
        self.here = {name: value[name] for name in _READ_HERE if name in value}
        self._on_change()


def _nobody(_error: str) -> None:
    """Nobody waits for it."""
