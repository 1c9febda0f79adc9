"""Files on their way to the master: the pieces they come in, and what the master says of each.

The sender names the whole file in every piece (size, digest), so the master keeps nothing in mind between two of
them: how much it has is the size of a file on its disk. Its answer says from where to go on. A piece may come twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.files.messages import DIGEST_BYTES, MAX_FILE_BYTES
from shoal.files.names import MAX_NAME, check_name
from shoal.wire import Fields, decode, encode

PUSH_BYTES: Final = 128 * 1024  # of data in one piece from a box
MAX_PIECE_BYTES: Final = 512 * 1024  # and from a program on the master's host
_MAX_ARRIVED_BYTES: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """`data` from byte `at` on of a file; `name` is the one it is to have, "" if its digest is name enough."""

    digest: bytes
    size: int
    at: int
    data: bytes
    name: str = ""

    def to_wire(self) -> dict[str, Any]:
        """Return the fields of a question."""
        return {
            "name": self.name,
            "digest": self.digest,
            "size": self.size,
            "at": self.at,
            "data": self.data,
        }

    @classmethod
    def from_fields(cls, fields: Fields) -> Piece:
        """Check and take the rest of a question apart. Raises WireError."""
        piece = cls(
            name=check_name(fields.text("name", MAX_NAME)),
            digest=fields.blob("digest", DIGEST_BYTES, exact=DIGEST_BYTES),
            size=fields.integer("size", 0, MAX_FILE_BYTES),
            at=fields.integer("at", 0, MAX_FILE_BYTES),
            data=fields.blob("data", MAX_PIECE_BYTES),
        )
        fields.done()
        if piece.at + len(piece.data) > piece.size:
            raise WireError(f"piece of a file: bytes beyond its end at {piece.size}")
        return piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """So many bytes are there; `whole`: the file is complete, checked and in its place."""

    at: int
    whole: bool = False

    def packed(self) -> bytes:
        """Return the data of an answer."""
        return encode(self.to_wire())

    def to_wire(self) -> dict[str, Any]:
        """Return a map."""
        return {"at": self.at, "whole": self.whole}

    @classmethod
    def from_wire(cls, data: bytes) -> Arrived:
        """Check and read the data of an answer. Raises WireError."""
        fields = Fields(decode(data, _MAX_ARRIVED_BYTES), "answer about a piece")
        made = cls(at=fields.integer("at", 0, MAX_FILE_BYTES), whole=fields.flag("whole"))
        fields.done()
        return made
