"""BLAKE2b-256 of a file's content: what tells one content from another, on both sides.

From the interpreter's own module: `hashlib` would load OpenSSL beside it, 4 MiB that a box can do without. Without
special instructions of the processor, as on small boards, it is twice as quick as SHA-256.
"""

from __future__ import annotations

import os
from typing import Final

try:
    from _blake2 import blake2b
except ImportError:  # an interpreter without it has the same in hashlib
    from hashlib import blake2b

from shoal.files.messages import DIGEST_BYTES

HASH_TYPE: Final = "blake2b"
_CHUNK: Final = 1024 * 1024


class Digest:
    """The digest of bytes that come one after the other."""

    def __init__(self, data: bytes = b"") -> None:
        self._state = blake2b(data, digest_size=DIGEST_BYTES)

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes."""
        self._state.update(data)

    def final(self) -> bytes:
        """Return the digest of all that came."""
        return self._state.digest()


def digest_of(fd: int) -> bytes:
    """Return the digest of what an open file has from where it stands to its end. Raises OSError."""
    digest = Digest()
    while chunk := os.read(fd, _CHUNK):
        digest.update(chunk)
    return digest.final()
