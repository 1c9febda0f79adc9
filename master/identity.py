"""Who this master is: the fleet root, its own keys, its certificate, the masters document.

On the first start all of it is made: a fleet of one. The root key file may then be taken offline; the master
needs it only to renew what it has signed. Files in the pki folder:

    root.key        the fleet root's secret, may be absent (offline)
    root.pub        the fleet root's public key, hexadecimal
    master.key      this master's secrets
    master.crt      its certificate, signed by the root
    masters.doc     the masters document, signed by the root
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pki.anchor import TrustAnchor
from pki.certificate import MasterCertificate, issue_certificate
from pki.fingerprint import fingerprint, root_fingerprint
from pki.keys import KEY_BYTES, NodeKeys, SignKey
from pki.masters import MasterEntry, MastersDocument, issue_masters, read_masters
from pki.secret_file import (
    create_node_keys,
    create_root_key,
    load_node_keys,
    load_root_key,
    stage_node_keys,
    staged_path,
)
from pki.secret_file import promote_node_keys as promote
from shoal.errors import ConfigError

CERTIFICATE_DAYS: Final = 397
DOCUMENT_DAYS: Final = 397
_EARLY_S: Final = 3600.0  # a certificate is valid an hour before it was made: clocks differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where minions find this master."""

    name: str
    addresses: tuple[str, ...]
    publish_port: int
    request_port: int


@dataclass(frozen=True, slots=True)
class Identity:
    """All that is needed to speak as this master."""

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

    def open(self, now: float) -> Identity:
        """Load everything, making what is missing.

        Raises:
            ConfigError: a file is damaged or missing and the root key is not here to make it again.
            TrustError: a secret file is readable by others.
        """
        if not (self._folder / "root.pub").exists():
            self._create_root()
        keys = self._keys()
        anchor = TrustAnchor(self._root_public())
        certificate_bytes = self._certificate(anchor, keys, now)
        masters_bytes = self._masters(anchor, keys, certificate_bytes, now)
        masters = read_masters(masters_bytes, anchor.root_public)
        anchor.revoke(masters.revoked)
        certificate = anchor.certificate(certificate_bytes)
        return Identity(keys, anchor, certificate, certificate_bytes, masters, masters_bytes)

    def renew(self, now: float, *, root_key: Path | None = None) -> None:
        """Give this master a new sign key and certificate; the old one stays good until it expires.

        Minions need nothing for this: they trust the root. Raises ConfigError when the root key is not here.
        """
        root = self._root(root_key)
        old = load_node_keys(self._key_file)
        keys = NodeKeys(SignKey.generate(), old.curve)
        stage_node_keys(self._key_file, keys)
        certificate = self._issue(root, keys, now)
        document = self._document(root, keys, certificate, now, b"")
        self._write("master.crt", certificate)
        self._write("masters.doc", document)
        promote(self._key_file)

    def announce_next_curve_key(self, now: float, *, root_key: Path | None = None) -> None:
        """Stage a new CURVE key and tell minions of it in the masters document; `switch_curve_key` comes later."""
        root = self._root(root_key)
        keys = load_node_keys(self._key_file)
        coming = NodeKeys(keys.sign, NodeKeys.generate().curve)
        stage_node_keys(self._key_file, coming)
        certificate = self._read("master.crt")
        self._write("masters.doc", self._document(root, keys, certificate, now, coming.curve.public))

    def switch_curve_key(self, now: float, *, root_key: Path | None = None) -> None:
        """Use the CURVE key announced before. Takes effect when the master starts."""
        if not staged_path(self._key_file).exists():
            raise ConfigError("no CURVE key was announced; that comes first")
        root = self._root(root_key)
        old = load_node_keys(self._key_file)
        keys = promote(self._key_file)
        certificate = self._issue(root, keys, now)
        self._write("master.crt", certificate)
        # The old key is listed as the other one: a box that slept through the announcement and comes back
        # to a master restored from backup still finds it.
        self._write("masters.doc", self._document(root, keys, certificate, now, old.curve.public))

    @property
    def _key_file(self) -> Path:
        return self._folder / "master.key"

    def _create_root(self) -> None:
        root = SignKey.generate()
        create_root_key(self._folder / "root.key", root)
        self._write("root.pub", root.public.hex().encode() + b"\n")

    def _root(self, path: Path | None = None) -> SignKey:
        path = path or self._folder / "root.key"
        if not path.exists():
            raise ConfigError(
                f"{path}: the fleet root key is not here, and something must be signed; put it back for this start"
            )
        root = load_root_key(path)
        if root.public != self._root_public():
            raise ConfigError(f"{path}: is the key of another fleet")
        return root

    def _root_public(self) -> bytes:
        text = self._read("root.pub").strip()
        try:
            public = bytes.fromhex(text.decode())
        except ValueError:
            public = b""
        if len(public) != KEY_BYTES:
            raise ConfigError(f"{self._folder / 'root.pub'}: 64 hexadecimal digits expected")
        return public

    def _keys(self) -> NodeKeys:
        if not self._key_file.exists():
            create_node_keys(self._key_file, NodeKeys.generate())
        return load_node_keys(self._key_file)

    def _certificate(self, anchor: TrustAnchor, keys: NodeKeys, now: float) -> bytes:
        path = self._folder / "master.crt"
        if path.exists():
            data = path.read_bytes()
            certificate = anchor.certificate(data)
            if certificate.sign_key == keys.sign.public and certificate.name == self._reach.name:
                certificate.check_at(now)
                return data
        data = self._issue(self._root(), keys, now)
        self._write("master.crt", data)
        return data

    def _issue(self, root: SignKey, keys: NodeKeys, now: float) -> bytes:
        return issue_certificate(
            root,
            self._reach.name,
            (keys.sign.public, keys.curve.public),
            valid=(now - _EARLY_S, now + CERTIFICATE_DAYS * 86400),
            serial=max(1, int(now * 1_000_000)),
        )

    def _masters(self, anchor: TrustAnchor, keys: NodeKeys, certificate: bytes, now: float) -> bytes:
        path = self._folder / "masters.doc"
        if path.exists():
            data = path.read_bytes()
            held = read_masters(data, anchor.root_public)
            mine = next((entry for entry in held.masters if entry.name == self._reach.name), None)
            if mine is not None and self._fits(mine, certificate):
                return data
            if not (self._folder / "root.key").exists():
                return data  # signed by whoever holds the root: it knows the fleet better than we do
        data = self._document(self._root(), keys, certificate, now, b"")
        self._write("masters.doc", data)
        return data

    def _fits(self, entry: MasterEntry, certificate: bytes) -> bool:
        reach = self._reach
        ports = (reach.publish_port, reach.request_port)
        return (
            entry.addresses == reach.addresses
            and (entry.publish_port, entry.request_port) == ports
            and entry.certificate == certificate
        )

    def _document(
        self, root: SignKey, keys: NodeKeys, certificate: bytes, now: float, other_curve_key: bytes
    ) -> bytes:
        path = self._folder / "masters.doc"
        held = read_masters(path.read_bytes(), root.public) if path.exists() else None
        reach = self._reach
        mine = MasterEntry(
            name=reach.name,
            addresses=reach.addresses,
            publish_port=reach.publish_port,
            request_port=reach.request_port,
            curve_key=keys.curve.public,
            next_curve_key=other_curve_key,
            certificate=certificate,
        )
        others = tuple(entry for entry in held.masters if entry.name != reach.name) if held else ()
        document = MastersDocument(
            version=held.version + 1 if held else 1,
            fleet=TrustAnchor(root.public).fleet,
            issued=now,
            expires=now + DOCUMENT_DAYS * 86400,
            masters=(mine, *others),
            revoked=held.revoked if held else (),
        )
        return issue_masters(root, document)

    def _read(self, name: str) -> bytes:
        path = self._folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        temporary = path.with_name(name + ".tmp")
        temporary.write_bytes(data)
        temporary.replace(path)
