"""Brings returns home: each is sent, kept, and sent again until the master says that it is stored.

1. A large return goes in slices (`minion/slicer.py`), one such return at a time; others pass it meanwhile.
2. Little is on its way at a time (`WINDOW`), so that a full outbox neither exceeds the master's quota nor holds
   up the heartbeats on a thin link; what is acknowledged makes room for the next.
3. A return without an answer goes out again after a while, all of them after a reconnect. Until then what waits
   for long is settled: it survives the end of this process.
4. A master that says `busy` is left alone for as long as it asks.

One timer serves all of this: however many returns wait, there is one thing to happen next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final

from minion.loop import Loop, Timer
from minion.slicer import LARGE_BYTES, Slicer
from minion.spool import Waiting
from shoal.returns import Return

WINDOW_BYTES: Final = 1024 * 1024
WINDOW_RETURNS: Final = 200
RESEND_S: Final = 30.0  # for an acknowledgement of a return
SLOWEST_BYTES_PER_S: Final = 8 * 1024  # of a link; what is on its way is not to be sent twice
_PASSED: Final = 8  # large returns that others may pass: each is read from the disk to be passed over
MAX_HOLD_S: Final = 3600.0
_DEFAULT_HOLD_S: Final = 5.0


class Reporter:
    """See the module docstring. `send(verb, body)` says False when the connection takes nothing more now."""

    def __init__(
        self, loop: Loop, waiting: Waiting, random: Random, send: Callable[[str, Any], bool]
    ) -> None:
        self._loop = loop
        self._waiting = waiting
        self._random = random
        self._send = send
        self._online = False
        self._held_until = 0.0  # monotonic
        self._sent: dict[str, int] = {}  # what is on its way, with its size
        self._bytes = 0
        self._timer: Timer | None = None
        self._slicer = Slicer(loop.clock, send)

    def take(self, ret: Return) -> None:
        """Take a return; it is kept until the master has it."""
        self._forget(ret.jid)
        self._waiting.add(ret)
        if not self._online:
            self._waiting.settle()
        self._pump()

    def look(self) -> None:
        """Send what has come to wait without `take`."""
        self._pump()

    def connected(self) -> None:
        """Send everything: what was on its way over an earlier connection may be lost."""
        self._online = True
        self._held_until = 0.0
        self._send_again()

    def disconnected(self) -> None:
        """Keep everything until there is a connection."""
        self._online = False
        self._waiting.settle()

    def acknowledged(self, jids: Iterable[object]) -> None:
        """Forget what the master has stored."""
        known = [jid for jid in jids if isinstance(jid, str)]
        for jid in known:
            self._forget(jid)
        self._waiting.acknowledged(known)
        self._pump()

    def more(self, body: object) -> None:
        """Go on with the return that travels in slices; as long as it gets on, nothing is sent again."""
        before = self._slicer.there
        if self._slicer.more(body) and self._slicer.there > before and self._held_until <= self._now():
            self._again_in(self._patience())
        if self._slicer.all_there:  # it waits for its acknowledgement, as others do: the next may go
            jid, size = self._slicer.jid, self._slicer.size
            self._slicer.stop()
            if jid in self._sent:
                self._sent[jid] = size
                self._bytes += size
            self._pump()

    def hold(self, seconds: object) -> None:
        """Leave the master alone for `seconds`, as it asked; then send again what it did not take."""
        wait = hold_of(seconds)
        self._held_until = max(self._held_until, self._now() + wait)
        self._again_in(wait * self._random.uniform(1.0, 1.5))

    def _pump(self) -> None:
        """Send what is not on its way yet, as far as the window goes."""
        if not self._online:
            return
        held = self._held_until - self._now()
        if held <= 0:
            self._fill_window()
        if self._timer is None and len(self._waiting):
            self._again_in(max(held, self._patience()))

    def _patience(self) -> float:
        return RESEND_S * self._random.uniform(0.7, 1.3) + self._bytes / SLOWEST_BYTES_PER_S

    def _now(self) -> float:
        return self._loop.clock.monotonic()

    def _fill_window(self) -> None:
        passed = 0
        for ret in self._waiting.waiting(self._sent):
            size = len(ret.packed)
            if size >= LARGE_BYTES and self._slicer.jid:  # after the one that is on its way
                passed += 1
                if passed >= _PASSED:
                    return
                continue
            full = len(self._sent) >= WINDOW_RETURNS or self._bytes + size > WINDOW_BYTES
            if (full and self._sent) or not self._begin(ret):
                return
            if size >= LARGE_BYTES:
                size = 0  # it has a window of its own until all of it is there
            self._sent[ret.jid] = size
            self._bytes += size

    def _begin(self, ret: Return) -> bool:
        if len(ret.packed) >= LARGE_BYTES:
            return self._slicer.begin(ret)
        return self._send("return", ret.to_wire())

    def _send_again(self) -> None:
        self._waiting.settle()
        self._sent.clear()
        self._slicer.stop()
        self._bytes = 0
        self._again_in(None)
        self._pump()

    def _forget(self, jid: str) -> None:
        self._bytes -= self._sent.pop(jid, 0)
        if jid == self._slicer.jid:
            self._slicer.stop()

    def _again_in(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.call_later(seconds, self._send_again)


def hold_of(seconds: object) -> float:
    """Return how long a master that is busy asks to be left alone, within bounds."""
    known = isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds >= 0
    return min(float(seconds), MAX_HOLD_S) if known else _DEFAULT_HOLD_S  # type: ignore[arg-type]
