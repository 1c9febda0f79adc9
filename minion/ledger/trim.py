"""Which values go when the spool is full, and what is left of them.

1. A large value becomes a text with its size, its digest and its end: of successes first, the oldest before the
   newest, then of failures.
2. Then every value that is longer becomes one line, in the same order.
3. Only then whole returns go: the oldest successes, failures last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from shoal.wire import encode

OVERHEAD: Final = 512  # what a return costs besides its value
TAIL_BYTES: Final = 1024
LARGE: Final = 2048  # values up to this size keep their shape as long as they can
LINE: Final = 160  # no line of `one_line` is longer

Cut = Literal["tail", "line", "gone"]


@dataclass(frozen=True, slots=True)
class Held:
    """A return in the spool, by what it costs."""

    place: int
    size: int  # bytes of its packed value
    good: bool


def cuts(held: Iterable[Held], too_much: int) -> Iterator[tuple[Held, Cut]]:
    """Yield what to cut, and how, until `too_much` bytes are freed; `held` is oldest first.

    A return may come up more than once, each time cut further.
    """
    ranked = sorted(held, key=lambda one: not one.good)  # stable: oldest first within good and bad
    sizes = {one.place: one.size for one in ranked}
    steps: tuple[tuple[Cut, int, int], ...] = (
        ("tail", LARGE, LARGE),
        ("line", LINE, LINE),
        ("gone", -1, -OVERHEAD),
    )
    for cut, above, left in steps:
        for one in ranked:
            if too_much <= 0:
                return
            if sizes[one.place] > above:
                too_much -= sizes[one.place] - left
                sizes[one.place] = left
                yield one, cut


def with_tail(packed: bytes, digest: str) -> bytes:
    """Return a value that keeps the size, the digest and the end of `packed`; at most LARGE bytes."""
    end = packed[-TAIL_BYTES:].decode("utf-8", "replace").lstrip("\ufffd")
    if not _is_text(packed):  # the end of a list or map: its texts can be read, what is between them not
        end = "".join(char if char.isprintable() else " " for char in end)
    while len(end.encode()) > TAIL_BYTES:
        end = end[len(end) // 8 + 1 :]
    head = f"[{len(packed)} bytes of output dropped: the spool of this minion was full; sha256 {digest}; the end was:]"
    return encode(f"{head}\n{end}")


def one_line(size: int) -> bytes:
    """Return a value that says how much is gone; at most LINE bytes."""
    return encode(f"[{size} bytes of output dropped: the spool of this minion was full]")


def _is_text(packed: bytes) -> bool:
    """True when the msgpack value is one text: fixstr, str 8, str 16, str 32."""
    return bool(packed) and (0xA0 <= packed[0] <= 0xBF or 0xD9 <= packed[0] <= 0xDB)
