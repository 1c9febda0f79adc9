"""Fingerprints: what an operator reads and compares before trusting a key.

A fingerprint covers both keys of a node, so that neither can be exchanged alone. It is printed as
`salt-key -f` prints one: SHA-256 in hexadecimal pairs with colons.
"""

from __future__ import annotations

from typing import Final

from .keys import KEY_BYTES, same_bytes, sha256

SHORT_PAIRS: Final = 8
_MAX_CHARS: Final = 200


def fingerprint(sign_public: bytes, curve_public: bytes) -> str:
    """Return the node's fingerprint, `ab:cd:…` 32 pairs. Raises ValueError for a key of another length."""
    if len(sign_public) != KEY_BYTES or len(curve_public) != KEY_BYTES:
        raise ValueError("a public key has 32 bytes")
    return sha256(sign_public + curve_public).hex(":")


def root_fingerprint(root_public: bytes) -> str:
    """Return the fingerprint of a fleet's root key, `ab:cd:…` (32 pairs)."""
    return sha256(root_public).hex(":")


def short_fingerprint(text: str) -> str:
    """Return the first pairs, for tables. Never decide on these: 64 bits can be searched for."""
    return ":".join(text.split(":")[:SHORT_PAIRS])


def same_fingerprint(a: str, b: str) -> bool:
    """Compare two full fingerprints; case, colons and spaces do not matter, the time taken tells nothing."""
    plain_a, plain_b = _plain(a), _plain(b)
    return len(plain_a) == 2 * KEY_BYTES and same_bytes(plain_a, plain_b)


def _plain(text: str) -> bytes:
    compact = "".join(text[:_MAX_CHARS].split()).replace(":", "").lower()
    return compact.encode("utf-8", "replace")


def fleet_id(root_public: bytes) -> str:
    """Return the fleet's id: the first 16 bytes of the root key's SHA-256, as 32 hexadecimal digits."""
    return sha256(root_public)[:16].hex()
