"""Sends one large return in slices: a few on their way at a time, more on a link that answers quickly.

It begins by asking what the master has already, so a connection that breaks costs what was on its way, not the
whole. The master's `more` says how far it is; the window doubles while slices are answered soon and halves when they
are late, for heartbeats wait behind what is on its way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

from pki.keys import sha256
from shoal.clock import Clock
from shoal.returns import Return
from shoal.slices import SLICE_BYTES, Slice
from shoal.wire import encode

LARGE_BYTES: Final = 64 * 1024  # what is smaller goes as one message
_MAX_WINDOW_BYTES: Final = (
    4 * SLICE_BYTES
)  # what waits in the socket goes before the hello of the next connection
_SOON_S: Final = 0.3
_LATE_S: Final = 1.0


class Slicer:
    """See the module docstring. `send(verb, body)` says False when the connection takes nothing more now."""

    def __init__(self, clock: Clock, send: Callable[[str, Any], bool]) -> None:
        self._clock = clock
        self._send = send
        self._window = SLICE_BYTES
        self._whole = b""
        self._digest = b""
        self._under_way: deque[tuple[int, float]] = deque()  # where each slice ends, and when it went out
        self._sent = 0  # bytes that are there or on their way
        self.there = 0  # bytes that the master has
        self.jid = ""  # of the return that is on its way

    @property
    def size(self) -> int:
        """How many bytes the return that is on its way has."""
        return len(self._whole)

    @property
    def all_there(self) -> bool:
        """True when the master has said that it has all of the return that is on its way."""
        return bool(self.jid) and self.there == len(self._whole)

    def begin(self, ret: Return) -> bool:
        """Begin with a return; False when the connection takes nothing now."""
        self._whole = encode(ret.to_wire())
        self._digest = sha256(self._whole)
        self._under_way.clear()
        self._sent = self.there = 0
        self.jid = ret.jid
        if self._put(b""):
            return True
        self.stop()
        return False

    def stop(self) -> None:
        """Let go of the return that is on its way: it is there, or its connection is not."""
        self.jid, self._whole = "", b""

    def more(self, body: object) -> bool:
        """Take the master's word `[jid, bytes]`; True if it is about the return that is on its way."""
        if not isinstance(body, list) or len(body) != 2 or not self.jid or body[0] != self.jid:
            return False
        there = body[1]
        if type(there) is not int or not 0 <= there <= len(self._whole):
            return False
        if there < self.there:  # it has forgotten
            self._under_way.clear()
            self._sent = there
        self.there = there
        self._adapt()
        self._sent = max(self._sent, there)
        while self._sent < len(self._whole) and self._sent - there < self._window:
            piece = self._whole[self._sent : self._sent + SLICE_BYTES]
            if not self._put(piece):
                break
            self._sent += len(piece)
            self._under_way.append((self._sent, self._clock.monotonic()))
        return True

    def _adapt(self) -> None:
        went_out = None
        while self._under_way and self._under_way[0][0] <= self.there:
            went_out = self._under_way.popleft()[1]
        if went_out is None:
            return
        took = self._clock.monotonic() - went_out
        if took < _SOON_S:
            self._window = min(_MAX_WINDOW_BYTES, self._window * 2)
        elif took > _LATE_S:
            self._window = max(SLICE_BYTES, self._window // 2)

    def _put(self, data: bytes) -> bool:
        piece = Slice(jid=self.jid, digest=self._digest, size=len(self._whole), at=self._sent, data=data)
        return self._send("slice", piece.to_wire())
