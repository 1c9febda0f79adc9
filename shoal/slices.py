"""A large return travels in slices, so that heartbeats fit in between and a connection that breaks costs little.

The box asks with an empty slice what the master has of it already; the master answers each slice with `more`: how
many bytes it has. What is cut up is the whole body of a `return`, in its wire form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import WireError
from shoal.ids import check_jid
from shoal.returns import MAX_RETURN_BYTES
from shoal.wire import Fields

SLICE_BYTES: Final = 32 * 1024
DIGEST_BYTES: Final = 32  # SHA-256: tells one return of a job from another, and whether it is whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Some bytes of a return: those from `at` of `size` whose digest is `digest`; none, to ask what is there."""

    jid: str
    digest: bytes
    size: int
    at: int
    data: bytes

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {"jid": self.jid, "digest": self.digest, "size": self.size, "at": self.at, "data": self.data}

    @classmethod
    def from_wire(cls, value: object) -> Slice:
        """Check and read a message body. Raises WireError."""
        fields = Fields(value, "slice")
        made = cls(
            jid=check_jid(fields.text("jid", 20)),
            digest=fields.blob("digest", DIGEST_BYTES, exact=DIGEST_BYTES),
            size=fields.integer("size", 1, MAX_RETURN_BYTES),
            at=fields.integer("at", 0, MAX_RETURN_BYTES),
            data=fields.blob("data", SLICE_BYTES),
        )
        fields.done()
        if made.at + len(made.data) > made.size:
            raise WireError("slice: it goes beyond its end")
        return made
