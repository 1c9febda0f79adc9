"""A master's certificate: the fleet root says that these keys are a master's, from when until when.

Bytes: a statement `[body, signature]`; the signature is checked before the body is read. Revocation goes by
serial number, so the root never signs a key again of which a certificate was revoked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import TrustError, WireError
from shoal.ids import check_minion_id
from shoal.wire import Fields, decode, encode

from .fingerprint import fleet_id
from .keys import KEY_BYTES, SignKey, verify
from .purpose import CERTIFICATE
from .statement import join_statement, split_statement

CERTIFICATE_VERSION: Final = 1
MAX_CERTIFICATE_BYTES: Final = 1024
MAX_SERIAL: Final = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterCertificate:
    """What the root signs of a master. Times are epoch seconds, UTC; keys are the public halves."""

    fleet: str
    name: str  # by the rules of minion ids
    sign_key: bytes
    curve_key: bytes
    not_before: float
    not_after: float
    serial: int

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is signed."""
        return {
            "v": CERTIFICATE_VERSION,
            "fleet": self.fleet,
            "name": self.name,
            "sign_key": self.sign_key,
            "curve_key": self.curve_key,
            "not_before": self.not_before,
            "not_after": self.not_after,
            "serial": self.serial,
        }

    @classmethod
    def from_wire(cls, value: object) -> MasterCertificate:
        """Check everything but the signature. Raises WireError only."""
        fields = Fields(value, "certificate")
        version = fields.integer("v", 0, 2**31)
        if version != CERTIFICATE_VERSION:
            raise WireError(f"certificate: version {version} is not spoken here, only {CERTIFICATE_VERSION}")
        certificate = cls(
            fleet=fields.text("fleet", 32),
            name=check_minion_id(fields.text("name", 253)),
            sign_key=fields.blob("sign_key", KEY_BYTES, exact=KEY_BYTES),
            curve_key=fields.blob("curve_key", KEY_BYTES, exact=KEY_BYTES),
            not_before=fields.seconds("not_before"),
            not_after=fields.seconds("not_after"),
            serial=fields.integer("serial", 1, MAX_SERIAL),
        )
        fields.done()
        if certificate.not_after <= certificate.not_before:
            raise WireError("certificate: ends before it begins")
        return certificate

    def check_at(self, now: float) -> None:
        """Raise TrustError `certificate early` or `certificate expired` unless it is valid at `now`."""
        if now < self.not_before:
            raise TrustError("certificate early", f"{self.name}'s (serial {self.serial}) is not valid yet")
        if now >= self.not_after:
            raise TrustError("certificate expired", f"{self.name}'s (serial {self.serial})")


def issue_certificate(
    root: SignKey, name: str, keys: tuple[bytes, bytes], *, valid: tuple[float, float], serial: int
) -> bytes:
    """Return a certificate signed by `root`.

    `keys` are the master's public sign and CURVE keys, `valid` is (not before, not after).

    Raises:
        WireError: a value that no minion would accept.
    """
    certificate = MasterCertificate(
        fleet=fleet_id(root.public),
        name=name,
        sign_key=keys[0],
        curve_key=keys[1],
        not_before=valid[0],
        not_after=valid[1],
        serial=serial,
    )
    body = encode(MasterCertificate.from_wire(certificate.to_wire()).to_wire())
    return join_statement(body, root.sign(CERTIFICATE, body))


def read_certificate(data: bytes, root_public: bytes) -> MasterCertificate:
    """Return the certificate in `data` if `root_public` has signed it; its dates are not looked at.

    Raises:
        WireError: malformed or too large.
        TrustError: `unknown signer` (signed by somebody else, or altered), `wrong fleet`.
    """
    body, signature = split_statement(data, MAX_CERTIFICATE_BYTES, "certificate")
    if not verify(root_public, CERTIFICATE, body, signature):
        raise TrustError("unknown signer", "the certificate is not signed by this fleet's root")
    certificate = MasterCertificate.from_wire(decode(body, MAX_CERTIFICATE_BYTES))
    if certificate.fleet != fleet_id(root_public):
        raise TrustError("wrong fleet", "the certificate names another fleet than its root's")
    return certificate
