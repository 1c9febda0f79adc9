"""Questions to the master, of any verb: each has a number, and its answers come back to who asked.

Few are open at a time (`MAX_OPEN`), others wait here. A connection that breaks loses what was under way: a question
that may simply be put again is, on the next one; whoever asked another is told (`on_lost`) and goes on from where it
is. What is not answered for long counts as lost.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from minion.loop import Loop, Timer
from shoal.errors import WireError
from shoal.files.messages import MAX_OPEN

_SILENT_S: Final = 30.0
_MAX_HOLD_S: Final = 300.0


class Answered(Protocol):
    """An answer: `shoal.answer.DataAnswer`, or `shoal.files.messages.Answer`."""

    @property
    def n(self) -> int:
        """The question's number."""

    @property
    def error(self) -> str:
        """Why there is no answer."""

    @property
    def last(self) -> bool:
        """True when nothing follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question, before it has its number."""

    verb: str
    body: dict[str, Any]
    kind: type  # of its answers
    many: bool = False  # as many answers as it needs, up to the last; else one


@dataclass(slots=True)
class _Open:
    question: Asking
    on_answer: Callable[[Any], object]
    on_lost: Callable[[], None] | None
    at: float  # monotonic, when something was last said of it
    sent: bool = False


class Questions:
    """See the module docstring. `send(verb, body)` says False when the connection takes nothing now."""

    def __init__(self, loop: Loop, send: Callable[[str, Any], bool]) -> None:
        self._loop = loop
        self._send = send
        self._numbers = itertools.count(1)
        self._open: dict[int, _Open] = {}
        self._timer: Timer | None = None
        self.online = False

    def ask(
        self, question: Asking, on_answer: Callable[[Any], object], on_lost: Callable[[], None] | None = None
    ) -> int:
        """Ask, now or when there is a connection; return the question's number."""
        number = next(self._numbers)
        self._open[number] = _Open(question, on_answer, on_lost, self._loop.clock.monotonic())
        self._send_some()
        self._watch()
        return number

    def drop(self, number: int) -> None:
        """Nobody wants the answer any more."""
        if self._open.pop(number, None) is not None:
            self._send_some()

    def answered(self, answer: Answered) -> None:
        """Take an answer of the master. Raises WireError."""
        found = self._open.get(answer.n)
        if found is None:
            return
        if not isinstance(answer, found.question.kind):
            raise WireError(f"answer of another kind than {found.question.verb} has")
        found.at = self._loop.clock.monotonic()
        if answer.last or answer.error or not found.question.many:
            self.drop(answer.n)
        found.on_answer(answer)

    def connected(self) -> None:
        """Ask again what is open."""
        self.online = True
        self._put_again(list(self._open))

    def disconnected(self) -> None:
        """What was under way is lost."""
        self.online = False
        for number, found in list(self._open.items()):
            if found.on_lost is not None and self._open.pop(number, None) is not None:
                found.on_lost()

    def hold(self, seconds: object) -> None:
        """The master was busy: ask again later."""
        wait = float(seconds) if isinstance(seconds, (int, float)) and 0 < seconds < _MAX_HOLD_S else 5.0
        self._watch(wait)

    def _put_again(self, numbers: list[int]) -> None:
        for number in numbers:
            found = self._open.get(number)
            if found is None:
                continue
            if found.on_lost is None or not found.sent:
                found.sent = False
            else:
                del self._open[number]
                found.on_lost()
        self._send_some()

    def _send_some(self) -> None:
        if not self.online:
            return
        room = MAX_OPEN - sum(found.sent for found in self._open.values())
        for number, found in self._open.items():
            if room <= 0:
                return
            question = found.question
            if not found.sent and self._send(question.verb, {**question.body, "n": number}):
                found.sent, found.at = True, self._loop.clock.monotonic()
                room -= 1

    def _watch(self, wait_s: float = _SILENT_S) -> None:
        if self._timer is not None:
            if wait_s >= _SILENT_S:
                return
            self._timer.cancel()
        self._timer = self._loop.call_later(wait_s, lambda: self._look(wait_s))

    def _look(self, silent_s: float) -> None:
        self._timer = None
        before = self._loop.clock.monotonic() - silent_s
        if self.online:
            waiting = [number for number, found in self._open.items() if found.sent and found.at <= before]
            self._put_again(waiting)
        if self._open:
            self._watch()
