"""Keys: Ed25519 for signatures, X25519 for ZeroMQ CURVE; always raw 32 bytes.

Uses nacl.bindings alone: nacl.signing and nacl.public would add half a MiB to every minion. A `repr` shows
the first four bytes of the public half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nacl import bindings
from nacl.exceptions import CryptoError

from shoal.errors import TrustError

from .purpose import signed_text

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class SignKey:
    """A secret Ed25519 key."""

    __slots__ = ("_secret", "public")

    def __init__(self, seed: bytes) -> None:
        """Take the 32-byte seed. Raises ValueError if it has another length."""
        if len(seed) != KEY_BYTES:
            raise ValueError("an Ed25519 seed has 32 bytes")
        self.public, self._secret = bindings.crypto_sign_seed_keypair(seed)

    @classmethod
    def generate(cls) -> SignKey:
        """Return a new random key."""
        return cls(bindings.randombytes(KEY_BYTES))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes, for the secret file only."""
        return self._secret[:KEY_BYTES]

    def sign(self, purpose: str, body: bytes) -> bytes:
        """Return the 64-byte signature over `purpose` and `body`."""
        return bindings.crypto_sign(signed_text(purpose, body), self._secret)[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"SignKey(public={self.public[:4].hex()}…)"


class CurveKey:
    """A secret X25519 key; `secret` and `public` are what ZeroMQ CURVE takes, in raw form."""

    __slots__ = ("public", "secret")

    def __init__(self, secret: bytes) -> None:
        """Take the 32 secret bytes. Raises ValueError if there are more or fewer."""
        if len(secret) != KEY_BYTES:
            raise ValueError("an X25519 key has 32 bytes")
        self.secret: Final = secret
        self.public: Final = bindings.crypto_scalarmult_base(secret)

    @classmethod
    def generate(cls) -> CurveKey:
        """Return a new random key."""
        return cls(bindings.randombytes(KEY_BYTES))

    def __repr__(self) -> str:
        return f"CurveKey(public={self.public[:4].hex()}…)"


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The two keys of one node, master or minion."""

    sign: SignKey
    curve: CurveKey

    @classmethod
    def generate(cls) -> NodeKeys:
        """Return two new random keys."""
        return cls(SignKey.generate(), CurveKey.generate())


def verify(public: bytes, purpose: str, body: bytes, signature: bytes) -> bool:
    """Return whether `signature` is that of `public` over `purpose` and `body`; lengths may be anything."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        bindings.crypto_sign_open(signature + signed_text(purpose, body), public)
    except CryptoError:
        return False
    return True


def check_signature(public: bytes, purpose: str, body: bytes, signature: bytes, detail: str = "") -> None:
    """Refuse what `verify` refuses. Raises TrustError `bad signature`."""
    if not verify(public, purpose, body, signature):
        raise TrustError("bad signature", detail)


def same_bytes(a: bytes, b: bytes) -> bool:
    """Compare in a time that depends on the lengths only."""
    return len(a) == len(b) and bindings.sodium_memcmp(a, b)


def sha256(data: bytes) -> bytes:
    """Return the 32-byte digest; by libsodium, as hashlib would load OpenSSL (4 MiB) into the minion."""
    return bindings.crypto_hash_sha256(data)
