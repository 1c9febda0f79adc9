"""Sealed frames: what a master says to minions, signed under its certificate.

Frame: msgpack `[1, purpose, certificate, body, signature]`. To open one, in this order:
1. size, decode, version (a newer or older one is refused, never negotiated here), purpose as expected
2. the certificate chains to the fleet's root (remembered, see anchor.py) and is not revoked
3. the certificate is valid at this time
4. the signature is the certified key's over purpose and body
Nothing here looks into the body. A body is not fresh because it is signed: jobs, welcomes and notices each
carry what their reader needs against replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shoal.errors import TrustError, WireError
from shoal.wire import decode, encode

from .anchor import TrustAnchor
from .certificate import MAX_CERTIFICATE_BYTES, MasterCertificate
from .keys import SIGNATURE_BYTES, SignKey, check_signature
from .purpose import SEALED

ENVELOPE_VERSION: Final = 1
ENVELOPE_OVERHEAD: Final = MAX_CERTIFICATE_BYTES + SIGNATURE_BYTES + 64  # a frame's size beyond its body's


@dataclass(frozen=True, slots=True)
class Frame:
    """A sealed frame taken apart; nothing of it is believed yet."""

    purpose: str
    certificate: bytes
    body: bytes
    signature: bytes


def seal(purpose: str, body: bytes, key: SignKey, certificate: bytes) -> bytes:
    """Return `body` signed by `key`, of which `certificate` tells. Raises ValueError for a wrong purpose."""
    if purpose not in SEALED:
        raise ValueError(f"{purpose!r} is not sealed")
    return encode([ENVELOPE_VERSION, purpose, certificate, body, key.sign(purpose, body)])


def open_sealed(
    data: bytes, purpose: str, anchor: TrustAnchor, now: float, max_body_bytes: int
) -> tuple[bytes, MasterCertificate]:
    """Return the body of a sealed frame and the certificate of the master that signed it.

    Raises:
        WireError: malformed or too large. TrustError: `unknown version`, `wrong purpose`, `unknown signer`,
        `wrong fleet`, `certificate revoked`,
            `certificate early`, `certificate expired`, `bad signature`.
    """
    frame = read_frame(data, purpose, max_body_bytes)
    certificate = anchor.certificate(frame.certificate)
    certificate.check_at(now)
    check_signature(certificate.sign_key, purpose, frame.body, frame.signature, certificate.name)
    return frame.body, certificate


def open_undated(
    data: bytes, purpose: str, anchor: TrustAnchor, max_body_bytes: int
) -> tuple[bytes, MasterCertificate]:
    """Do as `open_sealed`, but leave the certificate's dates to the caller: the time is in the body."""
    frame = read_frame(data, purpose, max_body_bytes)
    certificate = anchor.certificate(frame.certificate)
    check_signature(certificate.sign_key, purpose, frame.body, frame.signature, certificate.name)
    return frame.body, certificate


def read_frame(data: bytes, purpose: str, max_body_bytes: int) -> Frame:
    """Take a frame apart, believing nothing.

    Raises:
        WireError: malformed or too large.
        TrustError: `unknown version`, `wrong purpose`.
    """
    parts = decode(data, max_body_bytes + ENVELOPE_OVERHEAD)
    if type(parts) is not list or not parts or type(parts[0]) is not int:
        raise WireError("sealed frame: a list that starts with its version expected")
    if parts[0] != ENVELOPE_VERSION:
        raise TrustError(
            "unknown version", f"sealed frame {parts[0]}, only {ENVELOPE_VERSION} is spoken here"
        )
    if [type(part) for part in parts[1:]] != [str, bytes, bytes, bytes]:
        raise WireError("sealed frame: [version, purpose, certificate, body, signature] expected")
    frame = Frame(*parts[1:])
    if frame.purpose not in SEALED:
        raise WireError(f"sealed frame: unknown purpose {frame.purpose[:20]!r}")
    if frame.purpose != purpose:
        raise TrustError("wrong purpose", f"a sealed {frame.purpose} in place of a {purpose}")
    if len(frame.body) > max_body_bytes:
        raise WireError(f"sealed frame: a body of {len(frame.body)} bytes, more than {max_body_bytes}")
    return frame
