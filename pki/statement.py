"""A statement: a body and the signatures over it, as msgpack `[body, signature, …]`.

Certificates, masters documents, hellos and rotations travel like this. The body stays bytes, so what is read
is what was signed, whatever the encoder.
"""

from __future__ import annotations

from shoal.errors import WireError
from shoal.wire import decode, encode


def join_statement(body: bytes, *signatures: bytes) -> bytes:
    """Return the statement's bytes."""
    return encode([body, *signatures])


def split_statement(data: bytes, max_bytes: int, what: str, signatures: int = 1) -> list[bytes]:
    """Take a statement apart, believing nothing yet: the body, then its signatures. Raises WireError."""
    parts = decode(data, max_bytes)
    if (
        type(parts) is not list
        or len(parts) != 1 + signatures
        or not all(type(part) is bytes for part in parts)
    ):
        raise WireError(f"{what}: a signed statement expected")
    return parts
