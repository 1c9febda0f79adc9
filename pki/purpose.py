"""What a signature was made for. Every signature in Shoal covers its purpose as well as the bytes.

    signed text = b"shoal:" + purpose + b"\\0" + body

So a certificate can never pass for a job, nor a minion's hello for a rotation, whoever signed it.
"""

from __future__ import annotations

from typing import Final

JOB: Final = "job"
WELCOME: Final = "welcome"
NOTICE: Final = "notice"
CERTIFICATE: Final = "certificate"
MASTERS: Final = "masters"
HELLO: Final = "hello"
ROTATION: Final = "rotation"
MANIFEST: Final = "manifest"
PILLAR: Final = "pillar"

SEALED: Final = frozenset({JOB, WELCOME, NOTICE, MANIFEST, PILLAR})  # signed by a master, see envelope.py
PURPOSES: Final = SEALED | {CERTIFICATE, MASTERS, HELLO, ROTATION}


def signed_text(purpose: str, body: bytes) -> bytes:
    """Return the bytes that are signed for `body`. Raises ValueError for a purpose not in the table."""
    if purpose not in PURPOSES:
        raise ValueError(f"no such purpose: {purpose!r}")
    return b"shoal:" + purpose.encode() + b"\0" + body
