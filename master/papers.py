"""What the fleet root has signed for this master, on the disk: its certificate and the masters document.

Reads and writes the files of the pki folder and makes new ones when it is given the root key. When that has to
be is decided in `master/identity.py`.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from master.config import MasterConfig
from pki.anchor import TrustAnchor
from pki.certificate import MasterCertificate, issue_certificate
from pki.keys import KEY_BYTES, NodeKeys, SignKey
from pki.masters import MasterEntry, MastersDocument, issue_masters, read_masters
from pki.secret_file import load_root_key
from shoal.errors import ConfigError, TrustError, WireError

log = logging.getLogger(__name__)

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

    @classmethod
    def of(cls, config: MasterConfig) -> Reach:
        """Return what a master's configuration says."""
        return cls(
            name=config.id,
            addresses=config.advertise or (config.id,),
            publish_port=config.publish_port,
            request_port=config.ret_port,
        )


class Papers:
    """See the module docstring."""

    def __init__(self, folder: Path, reach: Reach) -> None:
        self._folder = folder
        self._reach = reach

    def root(self, path: Path | None = None) -> SignKey:
        """Return the fleet root's secret. Raises ConfigError when it is not here, or is another fleet's."""
        path = path or self._folder / "root.key"
        if not path.exists():
            raise ConfigError(
                f"{path}: the fleet root key is not here: put it back, or name it with --root-key FILE"
            )
        root = load_root_key(path)
        if root.public != self.root_public():
            raise ConfigError(f"{path}: is the key of another fleet")
        return root

    @property
    def has_root(self) -> bool:
        """True when the root key is in the folder."""
        return (self._folder / "root.key").exists()

    def root_public(self) -> bytes:
        """Return the fleet root's public key. Raises ConfigError."""
        text = self.read("root.pub").strip()
        try:
            public = bytes.fromhex(text.decode())
        except ValueError:
            public = b""
        if len(public) != KEY_BYTES:
            raise ConfigError(f"{self._folder / 'root.pub'}: 64 hexadecimal digits expected")
        return public

    def held_certificate(self, anchor: TrustAnchor) -> tuple[MasterCertificate, bytes] | None:
        """Return the certificate on the disk; one that is missing or damaged is none."""
        try:
            data = (self._folder / "master.crt").read_bytes()
            return anchor.certificate(data), data
        except FileNotFoundError:
            return None
        except (WireError, TrustError) as error:
            log.error("master.crt: %s", error, extra={"action": "certificate_unreadable"})
            return None

    def issue(self, root: SignKey, keys: NodeKeys, now: float) -> bytes:
        """Return a new certificate for this master's `keys`."""
        return issue_certificate(
            root,
            self._reach.name,
            (keys.sign.public, keys.curve.public),
            valid=(now - _EARLY_S, now + CERTIFICATE_DAYS * 86400),
            serial=max(1, int(now * 1_000_000)),
        )

    def held_masters(self, anchor: TrustAnchor) -> tuple[MastersDocument, bytes] | None:
        """Return the document on the disk; one that is missing or damaged is none."""
        try:
            data = (self._folder / "masters.doc").read_bytes()
            return read_masters(data, anchor.root_public), data
        except FileNotFoundError:
            return None
        except (WireError, TrustError) as error:
            log.error("masters.doc: %s", error, extra={"action": "masters_unreadable"})
            return None

    def mine(self, document: MastersDocument) -> MasterEntry | None:
        """Return this master's entry."""
        return next((entry for entry in document.masters if entry.name == self._reach.name), None)

    def is_current(self, entry: MasterEntry, certificate: bytes) -> bool:
        """Say whether minions are told where this master is now, and with which certificate."""
        reach = self._reach
        ports = (reach.publish_port, reach.request_port)
        return (
            entry.addresses == reach.addresses
            and (entry.publish_port, entry.request_port) == ports
            and entry.certificate == certificate
        )

    def document(
        self, root: SignKey, keys: NodeKeys, certificate: bytes, now: float, other_curve_key: bytes | None
    ) -> bytes:
        """Return a new version of the document; without `other_curve_key` minions keep knowing those they know."""
        held = self.held_masters(TrustAnchor(root.public))
        document = held[0] if held is not None else None
        reach = self._reach
        if other_curve_key is None:
            mine = self.mine(document) if document is not None else None
            known = (mine.next_curve_key, mine.curve_key) if mine is not None else ()
            other_curve_key = next((key for key in known if key and key != keys.curve.public), b"")
        entry = MasterEntry(
            name=reach.name,
            addresses=reach.addresses,
            publish_port=reach.publish_port,
            request_port=reach.request_port,
            curve_key=keys.curve.public,
            next_curve_key=other_curve_key,
            certificate=certificate,
        )
        masters = list(document.masters) if document else []
        places = [number for number, each in enumerate(masters) if each.name == reach.name]
        if places:  # minions go by the order: the first is where they want to be
            masters[places[0]] = entry
        else:
            masters.append(entry)
        fresh = MastersDocument(
            # A lost document's version is not known; minions take nothing lower than theirs.
            version=document.version + 1 if document else max(1, int(now)),
            fleet=TrustAnchor(root.public).fleet,
            issued=now,
            expires=now + DOCUMENT_DAYS * 86400,
            masters=tuple(masters),
            revoked=document.revoked if document else (),
        )
        return issue_masters(root, fresh)

    def read(self, name: str) -> bytes:
        """Return what a file holds. Raises ConfigError."""
        path = self._folder / name
        try:
            return path.read_bytes()
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None

    def write(self, name: str, data: bytes) -> None:
        """Replace a file, whole or not at all. Raises ConfigError."""
        path = self._folder / name
        temporary = path.with_name(name + ".tmp")
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
