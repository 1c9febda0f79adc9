"""A public key: its kind, its bytes as base64 and its fingerprint.

The bytes begin with the kind, so a key says itself what it is; what contradicts that is refused. Pure: no IO.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final, Literal

from shoal.errors import ArgumentError

HashType = Literal["sha256", "sha512", "sha384", "sha1", "md5"]
KIND: Final = re.compile(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]{1,64}", re.ASCII)
_MAX_CHARS: Final = 16_384
_SHORT: Final = {"rsa": "ssh-rsa", "dsa": "ssh-dss", "ed25519": "ssh-ed25519"}
_BY_LENGTH: Final[dict[int, HashType]] = {16: "md5", 20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key that has been looked at."""

    enc: str
    key: str  # base64

    @classmethod
    def read(cls, key: str, enc: str = "") -> PublicKey:
        """Return the key; `enc`, if given, must be what the key says. Raises ArgumentError."""
        if len(key) > _MAX_CHARS:
            raise ArgumentError(f"a key of {len(key)} characters is too long, at most {_MAX_CHARS}")
        try:
            blob = base64.b64decode(key, validate=True)
        except (binascii.Error, ValueError):
            raise ArgumentError(f"{key[:20]!r}… is no public key: it is not base64") from None
        size = int.from_bytes(blob[:4], "big")
        kind = blob[4 : 4 + size].decode("ascii", "replace")
        if len(blob) <= 4 + size or not KIND.fullmatch(kind):
            raise ArgumentError(f"{key[:20]!r}… is no public key: it does not begin with its kind")
        if enc and not _same_kind(enc, kind):
            raise ArgumentError(f"the key is of the kind {kind}, not {enc[:64]}")
        return cls(enc=kind, key=key)

    def is_a(self, enc: str) -> bool:
        """Say whether the key is of a kind, which may be written short: `ed25519`, `rsa`, `ecdsa`."""
        return _same_kind(enc, self.enc)

    def fingerprint(self, hash_type: HashType = "sha256") -> str:
        """Return the fingerprint in pairs of hexadecimal digits, as Salt writes it."""
        return self._digest(hash_type).hex(":")

    def shown(self) -> str:
        """Return kind and fingerprint as `ssh-keygen -l` writes them, for a message."""
        return f"{self.enc} SHA256:{base64.b64encode(self._digest('sha256')).decode().rstrip('=')}"

    def has(self, fingerprint: str) -> bool:
        """Say whether the fingerprint is this key's, as `ssh-keygen -l` (`SHA256:…`) or Salt writes it.

        Raises ArgumentError for what is no fingerprint.
        """
        wanted, hash_type = _read_fingerprint(fingerprint)
        return self._digest(hash_type) == wanted

    def _digest(self, hash_type: HashType) -> bytes:
        import hashlib  # with OpenSSL, 4 MiB: not in the waiting executor

        return hashlib.new(hash_type, base64.b64decode(self.key), usedforsecurity=False).digest()


def _same_kind(enc: str, kind: str) -> bool:
    return _SHORT.get(enc, enc) == kind or (enc == "ecdsa" and kind.startswith("ecdsa-"))


def _read_fingerprint(text: str) -> tuple[bytes, HashType]:
    name, colon, rest = text.strip().partition(":")
    try:
        if colon and name.upper() in ("SHA256", "SHA512"):
            raw = base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
        elif name.upper() == "MD5":
            raw = bytes.fromhex(rest.replace(":", ""))
        else:
            raw = bytes.fromhex(text.strip().replace(":", ""))
    except ValueError:
        raw = b""
    if len(raw) not in _BY_LENGTH:
        raise ArgumentError(
            f"{text[:120]!r} is no fingerprint: write SHA256:… as ssh-keygen -l does, or aa:bb:…"
        )
    return raw, _BY_LENGTH[len(raw)]
