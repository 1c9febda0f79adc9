"""Tells what a job says while it runs, in the job's own process, and never makes the job wait.

1. At most one piece of output and one step each `EVERY_S`, of at most `MAX_TEXT_BYTES`; whole lines if it can be.
2. What comes faster than that waits up to `WAITING_BYTES`; more is left out, and the gap shows in `seq` where it is.
3. After `TOTAL_BYTES` it says once that the rest comes with the return, and nothing more.
4. A piece that cannot be posted at once is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from shoal.progress import MAX_TEXT_BYTES, OUTPUT, STEP, JobProgress

EVERY_S: Final = 0.2
WAITING_BYTES: Final = 32 * 1024
TOTAL_BYTES: Final = 256 * 1024
MAX_STEP: Final = 200  # characters
ENOUGH: Final = "more output than is shown while it runs: the rest comes with the return"

Offer = Callable[["dict[str, Any]"], bool]  # False: there was no room


class Narrator:
    """The `Telling` of one job; see the module docstring."""

    def __init__(self, jid: str, offer: Offer, monotonic: Callable[[], float]) -> None:
        self._jid = jid
        self._offer = offer
        self._monotonic = monotonic
        self._seq = 0
        self._next = 0.0  # monotonic; no piece before that
        self._told = 0
        self._over = False  # nothing more is told of the output
        self._step = ""
        self._waiting = bytearray()
        self._gap = False  # something was left out behind what waits; more waits only once that is told

    def output(self, data: bytes) -> None:
        """Take what a program of the job wrote."""
        if self._over:
            return
        room = 0 if self._gap else WAITING_BYTES - len(self._waiting)
        self._waiting += data[:room]
        self._gap = self._gap or len(data) > room
        self.breathe()

    def step(self, text: str) -> None:
        """Take a word on how far the job is; a newer one takes the place of one that waits."""
        self._step = text.encode("utf-8", "replace").decode()[:MAX_STEP]
        self.breathe()

    def breathe(self) -> None:
        """Tell what waits, if it is time."""
        if self._waiting or self._step:
            now = self._monotonic()
            if now >= self._next:
                self._next = now + EVERY_S
                self._tell()

    def finish(self) -> None:
        """Tell a last piece: the return comes right behind it, with all of it."""
        self._tell()

    def _tell(self) -> None:
        if self._step:
            step, self._step = self._step, ""
            self._post(STEP, step)
        if not self._waiting:
            return
        piece = _cut(self._waiting)
        text = piece.decode("utf-8", "backslashreplace")
        while len(text.encode()) > MAX_TEXT_BYTES:  # bytes that are no text have grown
            piece = piece[: len(piece) // 2]
            text = piece.decode("utf-8", "backslashreplace")
        del self._waiting[: len(piece)]
        self._told += len(piece)
        self._post(OUTPUT, text)
        if self._gap and not self._waiting:
            self._gap = False
            self._seq += 1
        if self._told >= TOTAL_BYTES:
            self._over = True
            self._waiting.clear()
            self._post(STEP, ENOUGH)

    def _post(self, kind: str, text: str) -> None:
        self._seq += 1
        said = JobProgress(jid=self._jid, seq=self._seq, kind=kind, text=text)
        self._offer({"op": "progress", **said.to_wire()})


def _cut(waiting: bytearray) -> bytes:
    """Return the piece that is next: up to the last line's end in it, else up to a whole character."""
    piece = bytes(waiting[:MAX_TEXT_BYTES])
    end = piece.rfind(b"\n") + 1
    if end and len(waiting) > MAX_TEXT_BYTES:
        return piece[:end]
    for back in range(1, min(4, len(piece)) + 1):  # a character that is not whole yet
        lead = piece[-back]
        if lead >= 0xC0:
            size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return piece[:-back] if size > back and len(piece) > back else piece
        if lead < 0x80:
            break
    return piece
