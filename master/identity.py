"""Who this master is: the fleet root, its own keys, its certificate, the masters document.

On the first start all of it is made: a fleet of one. The root key file may then be taken offline; the master
needs it only to renew what it has signed. Files in the pki folder:

    root.key        the fleet root's secret, may be absent (offline)
    root.pub        the fleet root's public key, hexadecimal
    master.key      this master's secrets
    master.key.new  those that come next: a CURVE key that was announced, or a change that was cut short
    master.crt      its certificate, signed by the root
    masters.doc     the masters document, signed by the root

A change writes in this order: new keys beside the old ones, certificate, document, new keys in place. So a power
cut leaves either the old state (and new keys that nothing names) or a certificate for the keys beside, and these
are put in place by the next `open`. The root is not needed for that.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from master.papers import Papers, Reach
from pki.anchor import TrustAnchor
from pki.certificate import MasterCertificate
from pki.fingerprint import fingerprint, root_fingerprint
from pki.keys import NodeKeys, SignKey
from pki.masters import MastersDocument, read_masters
from pki.secret_file import (
    create_node_keys,
    create_root_key,
    load_node_keys,
    load_root_key,
    stage_node_keys,
    staged_path,
)
from pki.secret_file import promote_node_keys as promote
from shoal.errors import ConfigError, TrustError

log = logging.getLogger(__name__)

RENEW_DAYS: Final = 60  # before the end, at a start with the root key at hand


@dataclass(slots=True)
class Identity:
    """All that is needed to speak as this master; only the masters document may change while it runs."""

    keys: NodeKeys
    anchor: TrustAnchor
    certificate: MasterCertificate
    certificate_bytes: bytes
    masters: MastersDocument
    masters_bytes: bytes

    @property
    def fleet(self) -> str:
        """The fleet id."""
        return self.anchor.fleet

    def fingerprints(self) -> dict[str, str]:
        """Return what an operator compares: this master's keys and the fleet root."""
        keys = self.keys
        return {
            "master": fingerprint(keys.sign.public, keys.curve.public),
            "fleet root": root_fingerprint(self.anchor.root_public),
        }


class IdentityFiles:
    """The pki folder."""

    def __init__(self, folder: Path, reach: Reach) -> None:
        self._folder = folder
        self._reach = reach
        self._papers = Papers(folder, reach)

    def open(self, now: float) -> Identity:
        """Load everything, making what is missing and finishing what was cut short.

        Raises:
            ConfigError: a file is damaged, missing or out of date and the root key is not here to make it again.
            TrustError: a secret file is readable by others.
        """
        if not (self._folder / "root.pub").exists():
            self._create_root()
        anchor = TrustAnchor(self._papers.root_public())
        keys = self._keys(anchor)
        certificate_bytes = self._certificate(anchor, keys, now)
        masters_bytes = self._masters(anchor, keys, certificate_bytes, now)
        masters = read_masters(masters_bytes, anchor.root_public)
        anchor.revoke(masters.revoked)
        certificate = anchor.certificate(certificate_bytes)
        return Identity(keys, anchor, certificate, certificate_bytes, masters, masters_bytes)

    def newer_masters(self, held: MastersDocument) -> tuple[MastersDocument, bytes] | None:
        """Return the masters document on the disk if it is newer than `held`. Raises ConfigError, TrustError."""
        found = self._papers.held_masters(TrustAnchor(self._papers.root_public()))
        return found if found is not None and found[0].newer_than(held) else None

    def take_masters(self, held: MastersDocument, data: bytes) -> MastersDocument | None:
        """Put `data`, a masters document, on the disk if it is newer than `held`; None if it is not.

        Raises ConfigError, TrustError, WireError.
        """
        document = read_masters(data, TrustAnchor(self._papers.root_public()).root_public)
        if not document.newer_than(held):
            return None
        self._papers.write("masters.doc", data)
        return document

    # -------------------------------------------------------------- changes

    def renew(self, now: float, *, root_key: Path | None = None) -> None:
        """Give this master a new sign key and certificate; the old one stays good until it expires.

        Minions need nothing for this: they trust the root.

        Raises:
            ConfigError: the root key is not here, or a CURVE key is announced and has to be switched to first.
        """
        root = self._papers.root(root_key)
        old = load_node_keys(self._key_file)
        if self._announced(root) is not None:
            raise ConfigError("a CURVE key is announced: use it first (shoal-key --switch-curve)")
        self._change(root, NodeKeys(SignKey.generate(), old.curve), now, other_curve_key=b"")

    def announce_next_curve_key(self, now: float, *, root_key: Path | None = None) -> None:
        """Stage a new CURVE key and tell minions of it in the masters document; `switch_curve_key` comes later.

        One that is announced already is announced again, not replaced. Raises ConfigError.
        """
        root = self._papers.root(root_key)
        keys = load_node_keys(self._key_file)
        coming = self._announced(root)
        if coming is None:
            coming = NodeKeys(keys.sign, NodeKeys.generate().curve)
            stage_node_keys(self._key_file, coming)
        certificate = self._papers.read("master.crt")
        self._papers.write(
            "masters.doc", self._papers.document(root, keys, certificate, now, coming.curve.public)
        )

    def switch_curve_key(self, now: float, *, root_key: Path | None = None) -> None:
        """Use the CURVE key announced before. Takes effect when the master starts. Raises ConfigError."""
        root = self._papers.root(root_key)
        coming = self._announced(root)
        if coming is None:
            raise ConfigError("no CURVE key was announced; run shoal-key --rotate-curve first")
        old = load_node_keys(self._key_file)
        # The old key is listed as the other one: a box that slept through the announcement and comes back
        # to a master restored from backup still finds it.
        self._change(root, coming, now, other_curve_key=old.curve.public)

    def _change(self, root: SignKey, keys: NodeKeys, now: float, *, other_curve_key: bytes) -> None:
        """Take `keys` into use; the module docstring says why in this order."""
        stage_node_keys(self._key_file, keys)
        certificate = self._papers.issue(root, keys, now)
        document = self._papers.document(root, keys, certificate, now, other_curve_key)
        self._papers.write("master.crt", certificate)
        self._papers.write("masters.doc", document)
        promote(self._key_file)

    def _announced(self, root: SignKey) -> NodeKeys | None:
        """Return the keys with the CURVE key that minions were told of."""
        if not staged_path(self._key_file).exists():
            return None
        coming = load_node_keys(staged_path(self._key_file))
        held = self._papers.held_masters(TrustAnchor(root.public))
        mine = self._papers.mine(held[0]) if held is not None else None
        return coming if mine is not None and mine.next_curve_key == coming.curve.public else None

    # ----------------------------------------------------------------- keys

    @property
    def _key_file(self) -> Path:
        return self._folder / "master.key"

    def _create_root(self) -> None:
        path = self._folder / "root.key"
        if not path.exists():  # else the first start was cut short
            create_root_key(path, SignKey.generate())
        self._papers.write("root.pub", load_root_key(path).public.hex().encode() + b"\n")

    def _keys(self, anchor: TrustAnchor) -> NodeKeys:
        if not self._key_file.exists():
            create_node_keys(self._key_file, NodeKeys.generate())
        keys = load_node_keys(self._key_file)
        held = self._papers.held_certificate(anchor)
        if held is None or _fits(held[0], keys) or not staged_path(self._key_file).exists():
            return keys
        if not _fits(held[0], load_node_keys(staged_path(self._key_file))):
            return keys
        log.warning("finishing a change of keys that was cut short", extra={"action": "keys_promoted"})
        return promote(self._key_file)

    # ---------------------------------------------------------- certificate

    def _certificate(self, anchor: TrustAnchor, keys: NodeKeys, now: float) -> bytes:
        held = self._papers.held_certificate(anchor)
        why = self._stale(held[0] if held is not None else None, keys, now)
        if held is not None and not why and held[0].not_after - now > RENEW_DAYS * 86400:
            return held[1]
        if held is not None and _fits(held[0], keys) and now < held[0].not_before:
            raise ConfigError(
                f"{self._folder / 'master.crt'}: {why}: set the clock"
            )  # not a matter for the root
        try:
            root = self._papers.root()
        except (ConfigError, TrustError) as error:
            hint = f"run shoal-key --rotate-sign --root-key FILE ({error})"
            if held is None or why:
                raise ConfigError(f"{self._folder / 'master.crt'}: {why}; {hint}") from None
            left = (held[0].not_after - now) / 86400
            log.warning(
                "the certificate ends in %.0f days: %s", left, hint, extra={"action": "certificate_ends"}
            )
            return held[1]
        data = self._papers.issue(root, keys, now)
        self._papers.write("master.crt", data)
        return data

    def _stale(self, certificate: MasterCertificate | None, keys: NodeKeys, now: float) -> str:
        """Return why a certificate is of no use, nothing if it is."""
        if certificate is None:
            return "there is no certificate that this fleet's root has signed"
        if not _fits(certificate, keys):
            return "the certificate is for other keys"
        if certificate.name != self._reach.name:
            return f"the certificate is for a master named {certificate.name}, not {self._reach.name}"
        if now < certificate.not_before:
            return f"the certificate is valid from {_date(certificate.not_before)}, and today is {_date(now)}"
        if now >= certificate.not_after:
            return f"the certificate has expired on {_date(certificate.not_after)}"
        return ""

    # ------------------------------------------------------------- document

    def _masters(self, anchor: TrustAnchor, keys: NodeKeys, certificate: bytes, now: float) -> bytes:
        held = self._papers.held_masters(anchor)
        if held is not None:
            document, data = held
            mine = self._papers.mine(document)
            ends = document.expires - now < RENEW_DAYS * 86400
            if mine is not None and not ends and self._papers.is_current(mine, certificate):
                return data
            if not self._papers.has_root:
                return data  # signed by whoever holds the root: it knows the fleet better than we do
        data = self._papers.document(self._papers.root(), keys, certificate, now, None)
        self._papers.write("masters.doc", data)
        return data


def _fits(certificate: MasterCertificate, keys: NodeKeys) -> bool:
    return (certificate.sign_key, certificate.curve_key) == (keys.sign.public, keys.curve.public)


def _date(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
