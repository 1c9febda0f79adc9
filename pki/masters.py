"""The masters document: where the fleet's masters are and which certificates are revoked; signed by the root.

Bytes: a statement `[body, signature]`. Rules for who holds one:
1. Only a higher version replaces the one held; the same document again is no news; anything else is refused.
2. One that has expired is not taken. One already held stays in use after its expiry: old addresses and
   revocations are better than none, and a box that was off for a year must find its master.
3. Revocations add up (`TrustAnchor.revoke`); a later document need not repeat a serial that has expired
   anyway.

Moving a master to a new CURVE key: announce it as `next_curve_key`; minions try `curve_keys()` in order; once
it is in use, a new document (and certificate) has it as `curve_key`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shoal.errors import TrustError, WireError
from shoal.ids import check_minion_id
from shoal.wire import Fields, decode, encode

from .address import MAX_ADDRESS, check_address
from .certificate import MAX_CERTIFICATE_BYTES, MAX_SERIAL, read_certificate
from .fingerprint import fleet_id
from .keys import KEY_BYTES, SignKey, check_signature
from .purpose import MASTERS
from .statement import join_statement, split_statement

MASTERS_VERSION: Final = 1
MAX_MASTERS_BYTES: Final = 128 * 1024
MAX_MASTERS: Final = 64
MAX_ADDRESSES: Final = 8
MAX_REVOKED: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterEntry:
    """One master: where it listens and which keys it answers with."""

    name: str
    addresses: tuple[str, ...]  # host names or IP literals, best first
    publish_port: int
    request_port: int
    curve_key: bytes
    next_curve_key: bytes = b""
    certificate: bytes

    def curve_keys(self) -> tuple[bytes, ...]:
        """Return the CURVE keys this master may answer with, in the order to try them."""
        return (self.curve_key, self.next_curve_key) if self.next_curve_key else (self.curve_key,)

    def to_wire(self) -> dict[str, Any]:
        """Return the entry as a map."""
        return {
            "name": self.name,
            "addresses": list(self.addresses),
            "publish_port": self.publish_port,
            "request_port": self.request_port,
            "curve_key": self.curve_key,
            "next_curve_key": self.next_curve_key,
            "certificate": self.certificate,
        }

    @classmethod
    def from_wire(cls, value: object) -> MasterEntry:
        """Check everything but the certificate. Raises WireError only."""
        fields = Fields(value, "master entry")
        entry = cls(
            name=check_minion_id(fields.text("name", 253)),
            addresses=read_addresses(fields),
            publish_port=fields.integer("publish_port", 1, 65535),
            request_port=fields.integer("request_port", 1, 65535),
            curve_key=fields.blob("curve_key", KEY_BYTES, exact=KEY_BYTES),
            next_curve_key=fields.blob("next_curve_key", KEY_BYTES),
            certificate=fields.blob("certificate", MAX_CERTIFICATE_BYTES),
        )
        fields.done()
        if len(entry.next_curve_key) not in (0, KEY_BYTES):
            raise WireError("master entry: next_curve_key has neither 0 nor 32 bytes")
        return entry


def read_addresses(fields: Fields) -> tuple[str, ...]:
    """Take the field `addresses`: 1 to 8 of them, each checked. Raises WireError."""
    addresses = fields.texts("addresses", MAX_ADDRESSES, MAX_ADDRESS)
    if not addresses:
        raise WireError("a master without an address")
    return tuple(check_address(address) for address in addresses)


@dataclass(frozen=True, slots=True, kw_only=True)
class MastersDocument:
    """All masters of a fleet. Times are epoch seconds, UTC."""

    version: int
    fleet: str
    issued: float
    expires: float
    masters: tuple[MasterEntry, ...]
    revoked: tuple[int, ...] = ()  # serials of certificates

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is signed."""
        return {
            "v": MASTERS_VERSION,
            "version": self.version,
            "fleet": self.fleet,
            "issued": self.issued,
            "expires": self.expires,
            "masters": [entry.to_wire() for entry in self.masters],
            "revoked": list(self.revoked),
        }

    @classmethod
    def from_wire(cls, value: object) -> MastersDocument:
        """Check everything but the signature. Raises WireError only."""
        fields = Fields(value, "masters document")
        form = fields.integer("v", 0, 2**31)
        if form != MASTERS_VERSION:
            raise WireError(f"masters document: version {form} is not spoken here, only {MASTERS_VERSION}")
        masters = fields.take("masters", list)
        revoked = fields.take("revoked", list)
        if not 1 <= len(masters) <= MAX_MASTERS or len(revoked) > MAX_REVOKED:
            raise WireError("masters document: no masters, or more masters or revocations than allowed")
        if not all(type(serial) is int and 1 <= serial <= MAX_SERIAL for serial in revoked):
            raise WireError("masters document: a revoked serial is not a serial")
        document = cls(
            version=fields.integer("version", 1, 2**53),
            fleet=fields.text("fleet", 32),
            issued=fields.seconds("issued"),
            expires=fields.seconds("expires"),
            masters=tuple(MasterEntry.from_wire(entry) for entry in masters),
            revoked=tuple(revoked),
        )
        fields.done()
        if len({entry.name for entry in document.masters}) != len(masters):
            raise WireError("masters document: two masters have one name")
        return document

    def newer_than(self, held: MastersDocument | None) -> bool:
        """Return whether this one may replace `held`."""
        return held is None or self.version > held.version


def issue_masters(root: SignKey, document: MastersDocument) -> bytes:
    """Return `document` signed by `root`, after checking that minions will accept it.

    Raises:
        WireError: a value that no minion would accept, or an entry that does not fit its certificate.
        TrustError: a certificate in it is not from this root.
    """
    body = encode(document.to_wire())
    checked = MastersDocument.from_wire(decode(body, MAX_MASTERS_BYTES))
    if checked.fleet != fleet_id(root.public):
        raise WireError("masters document: names another fleet than its root's")
    for entry in checked.masters:
        certificate = read_certificate(entry.certificate, root.public)
        if (certificate.name, certificate.curve_key) != (entry.name, entry.curve_key):
            raise WireError(f"masters document: {entry.name}'s entry does not fit its certificate")
        if certificate.serial in checked.revoked:
            raise WireError(f"masters document: {entry.name}'s certificate is revoked in the same document")
    return join_statement(body, root.sign(MASTERS, body))


def read_masters(data: bytes, root_public: bytes) -> MastersDocument:
    """Return the document in `data` if `root_public` has signed it; its dates are not looked at.

    Raises:
        WireError: malformed or too large.
        TrustError: `bad signature`, `wrong fleet`.
    """
    body, signature = split_statement(data, MAX_MASTERS_BYTES, "masters document")
    check_signature(root_public, MASTERS, body, signature, "masters document")
    document = MastersDocument.from_wire(decode(body, MAX_MASTERS_BYTES))
    if document.fleet != fleet_id(root_public):
        raise TrustError("wrong fleet", "masters document")
    return document


def judge_masters(
    data: bytes, root_public: bytes, held: MastersDocument | None, now: float
) -> MastersDocument:
    """Return the document to hold from now on: the one in `data`, or `held` itself if that is no news.

    Raises:
        WireError: malformed or too large.
        TrustError: `bad signature`, `wrong fleet`, `older version`, `expired`.
    """
    document = read_masters(data, root_public)
    if held is not None and document == held:
        return held
    if not document.newer_than(held):
        raise TrustError(
            "older version", f"masters document {document.version} does not replace the one held"
        )
    if now >= document.expires:
        raise TrustError("expired", f"masters document {document.version}")
    return document
