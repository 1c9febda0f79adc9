"""One pillar on its way from the master, until it is here and judged, or it is clear why not.

A connection that breaks takes the answer with it: it is asked for again, with a fresh nonce. A master that does not
have this box's grains yet says so, and is asked again a little later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from minion.loop import Loop, Timer
from minion.questions import Asking, Questions
from pki.anchor import TrustAnchor
from pki.pillar import MAX_SEALED_BYTES, judge_pillar
from shoal.answer import DataAnswer
from shoal.clock import FloorClock
from shoal.errors import TrustError, WireError
from shoal.ids import new_nonce
from shoal.pillar.handed import GRAINS_FIRST, HandedPillar, PillarQuestion

log = logging.getLogger(__name__)

_GRAINS_TRIES: Final = 20  # then the master has to do with what it has
_GRAINS_WAIT_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandParts:
    """What an errand needs."""

    loop: Loop
    clock: FloorClock
    anchor: TrustAnchor
    questions: Questions
    minion: str
    grains_digest: Callable[[], bytes]


OnFetched = Callable[
    [str, bytes, "HandedPillar | None"], None
]  # why there is none; sealed, and what is in it


class Errand:
    """Calls `done` once, unless it is cancelled."""

    def __init__(self, parts: ErrandParts, pillarenv: str, done: OnFetched) -> None:
        self._parts = parts
        self._pillarenv = pillarenv
        self._done = done
        self._tries = 0
        self._data = bytearray()
        self._timer: Timer | None = None
        self._ask()

    def cancel(self) -> None:
        """Nobody wants it any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._parts.questions.drop(self._number)

    def _ask(self) -> None:
        self._timer = None
        self._data.clear()
        patient = self._tries < _GRAINS_TRIES
        self._question = PillarQuestion(
            nonce=new_nonce(),
            pillarenv=self._pillarenv,
            grains=self._parts.grains_digest() if patient else b"",
        )
        asking = Asking(verb="pillar", body=self._question.to_wire(), kind=DataAnswer, many=True)
        self._number = self._parts.questions.ask(asking, self._answered, self._ask)

    def _answered(self, answer: DataAnswer) -> None:
        if answer.error == GRAINS_FIRST and self._tries < _GRAINS_TRIES:
            self._tries += 1
            self._timer = self._parts.loop.call_later(_GRAINS_WAIT_S, self._ask)
        elif answer.error:
            self._done(answer.error, b"", None)
        else:
            self._take(answer)

    def _take(self, answer: DataAnswer) -> None:
        self._data += answer.data
        if len(self._data) > MAX_SEALED_BYTES:
            self._parts.questions.drop(self._number)
            self._done(f"the master's pillar is larger than {MAX_SEALED_BYTES} bytes", b"", None)
        elif answer.last:
            self._judge(bytes(self._data))

    def _judge(self, sealed: bytes) -> None:
        parts = self._parts
        try:
            handed = judge_pillar(sealed, parts.minion, self._question, parts.anchor, parts.clock.now())
        except (TrustError, WireError) as error:
            reason = error.reason if isinstance(error, TrustError) else "malformed"
            log.warning(
                "pillar refused: %s", error, extra={"action": "refused", "what": "pillar", "reason": reason}
            )
            self._done(f"the master's pillar is refused: {error}", b"", None)
            return
        self._done("", sealed, handed)
