"""What a node trusts from the start: the fleet's root key, and the serials revoked since.

Checking that a certificate chains to the root is one Ed25519 verification, so it is done once for each
certificate (by its exact bytes) and remembered. Revocation and dates are looked at every time. Only what the
root has signed is remembered, so strangers cannot push anything out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from shoal.errors import TrustError

from .certificate import MasterCertificate, read_certificate
from .fingerprint import fleet_id

MAX_REMEMBERED: Final = 16


class TrustAnchor:
    """The pinned root key of a fleet."""

    def __init__(self, root_public: bytes, revoked: Iterable[int] = ()) -> None:
        self.root_public: Final = root_public
        self.fleet: Final = fleet_id(root_public)
        self._revoked = frozenset(revoked)
        self._known: dict[bytes, MasterCertificate] = {}

    def certificate(self, data: bytes) -> MasterCertificate:
        """Return the certificate in `data`; its dates are the caller's to check.

        Raises:
            WireError: malformed.
            TrustError: `unknown signer`, `wrong fleet`, `certificate revoked`.
        """
        certificate = self._known.get(data)
        if certificate is None:
            certificate = read_certificate(data, self.root_public)
            while len(self._known) >= MAX_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[data] = certificate
        if certificate.serial in self._revoked:
            raise TrustError("certificate revoked", f"{certificate.name}'s (serial {certificate.serial})")
        return certificate

    def revoke(self, serials: Iterable[int]) -> None:
        """Refuse certificates with these serials from now on, as well as those revoked before."""
        self._revoked |= frozenset(serials)
