"""A master's answer to a numbered question of a box: data in pieces, or why there is none.

Questions of any verb but `files` (which has its own answers) are maps with a number `n`, the box's own; each answer
repeats it. What the data is, the verb says. A question may be put twice, after a connection broke: whoever answers
must bear that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from shoal.wire import Fields

PIECE_BYTES: Final = 128 * 1024  # of data in one answer
MAX_DATA_BYTES: Final = 8 * 1024 * 1024  # in all the pieces of one answer
MAX_N: Final = 2**53
_MAX_ERROR: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAnswer:
    """An answer, or a piece of one, to question `n`; more follow until `last`."""

    n: int
    error: str = ""
    data: bytes = b""
    last: bool = True

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {"n": self.n, "error": self.error, "data": self.data, "last": self.last}

    @classmethod
    def from_wire(cls, value: object) -> DataAnswer:
        """Check and read a message body. Raises WireError."""
        fields = Fields(value, "answer")
        made = cls(
            n=fields.integer("n", 0, MAX_N),
            error=fields.text("error", _MAX_ERROR),
            data=fields.blob("data", PIECE_BYTES),
            last=fields.flag("last"),
        )
        fields.done()
        return made


def refusal(n: int, why: str) -> DataAnswer:
    """Return the answer that there is none."""
    return DataAnswer(n=n, error=why[:_MAX_ERROR] or "refused")


def pieces(n: int, data: bytes) -> Iterator[DataAnswer]:
    """Return `data` as answers; at least one."""
    for at in range(0, max(1, len(data)), PIECE_BYTES):
        yield DataAnswer(n=n, data=data[at : at + PIECE_BYTES], last=at + PIECE_BYTES >= len(data))
