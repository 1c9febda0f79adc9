"""Puts returns together that come in slices; what has come outlives the connection it came over, for a while.

One return of each minion at a time, in memory, bounded: a newer one takes the place of an older one, and what has
not grown for `FORGET_S` is dropped. Nothing is lost by that: the box has all of it until the return is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pki.keys import sha256
from shoal.slices import Slice

FORGET_S: Final = 900.0
MAX_BYTES: Final = 128 * 1024 * 1024


@dataclass(slots=True)
class _Growing:
    jid: str
    digest: bytes
    size: int
    at: float  # monotonic, when it has grown last
    data: bytearray = field(default_factory=bytearray)


class Slices:
    """See the module docstring."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._growing: dict[str, _Growing] = {}
        self._bytes = 0

    def take(self, minion: str, piece: Slice) -> int | None:
        """Add a slice; return how many bytes are there now, None when there is no room."""
        found = self._growing.get(minion)
        if found is None or (found.jid, found.digest, found.size) != (piece.jid, piece.digest, piece.size):
            self.drop(minion)
            found = _Growing(piece.jid, piece.digest, piece.size, self._monotonic())
            self._growing[minion] = found
        if piece.data and piece.at == len(found.data):
            if self._bytes + len(piece.data) > MAX_BYTES:
                return None
            found.data += piece.data
            found.at = self._monotonic()
            self._bytes += len(piece.data)
        return len(found.data)

    def whole(self, minion: str) -> bytes | None:
        """Return the wire form of the minion's return, once, when all of it is there and as it was sent."""
        found = self._growing.get(minion)
        if found is None or len(found.data) < found.size:
            return None
        self.drop(minion)
        data = bytes(found.data)
        return data if sha256(data) == found.digest else None

    def drop(self, minion: str) -> None:
        """Forget what a minion has begun to send."""
        found = self._growing.pop(minion, None)
        if found is not None:
            self._bytes -= len(found.data)

    def tidy(self) -> None:
        """Forget what has not grown for long."""
        before = self._monotonic() - FORGET_S
        for minion in [minion for minion, found in self._growing.items() if found.at < before]:
            self.drop(minion)
