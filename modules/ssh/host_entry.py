"""Lines of a known_hosts file: which hosts, in clear or hashed, have which key.

Only whole names count. A pattern (`*.example.com`), a line of an authority or of a revoked key is left as it is.
Pure but for the salt of a new hash.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from dataclasses import dataclass
from typing import Any, Final

from modules.ssh.public_key import KIND, HashType, PublicKey
from shoal.errors import ArgumentError

_HOST: Final = re.compile(r"[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,254}", re.ASCII)
_DEFAULT_PORT: Final = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEntry:
    """A key and the names it is for."""

    names: tuple[str, ...]
    public: PublicKey
    comment: str = ""

    @classmethod
    def read(cls, line: str) -> HostEntry | None:
        """Return what a line says; None for a comment, what cannot be read, and a line with a marker (@revoked)."""
        words = line.split(None, 3)
        if len(words) < 3 or words[0].startswith("#") or not KIND.fullmatch(words[1]):
            return None
        try:
            public = PublicKey.read(words[2], words[1])
        except ArgumentError:
            return None
        names = tuple(filter(None, words[0].split(",")))
        return cls(names=names, public=public, comment=words[3].strip() if len(words) > 3 else "")

    def text(self) -> str:
        """Return the line."""
        return " ".join(filter(None, (",".join(self.names), self.public.enc, self.public.key, self.comment)))

    def has(self, name: str) -> bool:
        """Say whether the entry is for this name."""
        return any(_is(each, name) for each in self.names)

    def without(self, name: str) -> tuple[str, ...]:
        """Return the names but this one."""
        return tuple(each for each in self.names if not _is(each, name))

    def described(self, hostname: str, hash_type: HashType) -> dict[str, Any]:
        """Return what `ssh.get_known_host_entries` tells of a key."""
        return {
            "hostname": hostname,
            "enc": self.public.enc,
            "key": self.public.key,
            "fingerprint": self.public.fingerprint(hash_type),
        }


def name_of(hostname: str, port: int | None) -> str:
    """Return a host as the file names it: small letters, with the port if it is not ssh's own. Raises ArgumentError."""
    check_host(hostname)
    if port is not None and not 0 < port < 65536:
        raise ArgumentError(f"port {port} is out of range, 1 to 65535")
    return hostname.lower() if port in (None, _DEFAULT_PORT) else f"[{hostname.lower()}]:{port}"


def check_host(hostname: str) -> str:
    """Return `hostname`. Raises ArgumentError unless it is a host's name or address."""
    if not _HOST.fullmatch(hostname):
        raise ArgumentError(f"{hostname[:60]!r} is no host name or address")
    return hostname


def hashed(name: str, salt: bytes = b"") -> str:
    """Return the name so that it can be recognised but not read, with a new salt unless one is given."""
    import hashlib  # with OpenSSL, 4 MiB: not in the waiting executor
    import hmac

    salt = salt or os.urandom(hashlib.sha1(usedforsecurity=False).digest_size)
    digest = hmac.new(salt, name.encode(), "sha1").digest()
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


def _is(written: str, name: str) -> bool:
    if not written.startswith("|1|"):
        return written.lower() == name
    try:
        salt = base64.b64decode(written.split("|")[2], validate=True)
    except (binascii.Error, ValueError, IndexError):
        return False
    import hmac  # with OpenSSL, 4 MiB: not in the waiting executor

    return bool(salt) and hmac.compare_digest(hashed(name, salt), written)
