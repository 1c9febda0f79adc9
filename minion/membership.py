"""What a box keeps of its fleet: keys, the join string, the masters document, the floor of time.

pki/minion/minion.key    secret keys, 0600
pki/minion/join          the join string; its token is blanked once the master has accepted the key
state/masters.doc        the newest masters document that was believed
state/floor              the latest signed time, for boxes whose clock may start in 1970
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from pki.join import JoinString, parse_join_string
from pki.keys import NodeKeys
from pki.masters import MastersDocument, read_masters
from pki.secret_file import (
    create_node_keys,
    load_node_keys,
    promote_node_keys,
    stage_node_keys,
    staged_path,
)
from shoal.errors import ConfigError, ShoalError
from shoal.paths import Paths
from shoal.transport import Endpoint

log = logging.getLogger(__name__)

_FLOOR_STEP_S: Final = 6 * 3600.0  # flash wears out: a floor that is a few hours low does no harm


class Membership:
    """The files of one box."""

    def __init__(self, paths: Paths) -> None:
        self._key_file = paths.pki_dir / "minion.key"
        self._join_file = paths.pki_dir / "join"
        self._masters_file = paths.state_dir / "masters.doc"
        self._floor_file = paths.state_dir / "floor"
        self._floor_written = 0.0

    # ------------------------------------------------------------------ keys

    def keys(self) -> NodeKeys:
        """Return the box's keys, made at the first call. Raises ConfigError, TrustError."""
        if not self._key_file.exists():
            create_node_keys(self._key_file, NodeKeys.generate())
        return load_node_keys(self._key_file)

    def stage_keys(self) -> NodeKeys:
        """Make and keep new keys beside the present ones, for a rotation."""
        fresh = NodeKeys.generate()
        stage_node_keys(self._key_file, fresh)
        return fresh

    def has_staged_keys(self) -> bool:
        """True after a rotation that was not finished."""
        return staged_path(self._key_file).exists()

    def staged_keys(self) -> NodeKeys:
        """Return the keys of a rotation that was not finished. Raises ConfigError, TrustError."""
        return load_node_keys(staged_path(self._key_file))

    def promote_keys(self) -> NodeKeys:
        """Make the staged keys the present ones."""
        return promote_node_keys(self._key_file)

    # ------------------------------------------------------------------ join

    def join(self, text: str, *, force: bool = False) -> JoinString:
        """Keep a join string.

        Raises:
            ConfigError: it cannot be read, or this box belongs to another fleet (unless `force`).
        """
        fresh = parse_join_string(text)
        if self._join_file.exists() and not force:
            known = self.joined()
            if known.root_key != fresh.root_key:
                raise ConfigError("this box belongs to another fleet; use join --force to leave that one")
        if force:
            self._masters_file.unlink(missing_ok=True)
        self._write(self._join_file, fresh.to_text().encode() + b"\n")
        return fresh

    def joined(self) -> JoinString:
        """Return what the box was told when it joined. Raises ConfigError."""
        try:
            return parse_join_string(self._join_file.read_text("ascii", "replace"))
        except FileNotFoundError:
            raise ConfigError(
                "this box has not joined a fleet yet: run shoal-minion join STRING first "
                "(shoal-run token.create, on the master, prints one)"
            ) from None
        except OSError as error:
            raise ConfigError(f"{self._join_file}: {error.strerror}") from None

    def blank_token(self) -> None:
        """Drop the token from the join file: it has done its work."""
        known = self.joined()
        if known.token:
            self._write(self._join_file, replace(known, token="").to_text().encode() + b"\n")

    def endpoints(self, addresses: Sequence[str], publish_port: int, request_port: int) -> list[Endpoint]:
        """Return where to look first: addresses of the configuration, if any, else those of the join string."""
        known = self.joined()
        ports = (publish_port, request_port) if addresses else (known.publish_port, known.request_port)
        return [
            Endpoint(host=host, publish_port=ports[0], request_port=ports[1], curve_key=known.curve_key)
            for host in (addresses or known.addresses)
        ]

    # --------------------------------------------------------------- masters

    def masters(self, root_key: bytes) -> MastersDocument | None:
        """Return the document that was kept; one that cannot be read is as good as none."""
        try:
            return read_masters(self._masters_file.read_bytes(), root_key)
        except FileNotFoundError:
            return None
        except (OSError, ShoalError) as error:
            log.error("%s: %s; left aside", self._masters_file, error, extra={"action": "masters_unreadable"})
            return None

    def keep_masters(self, data: bytes) -> None:
        """Keep a newer document."""
        self._write(self._masters_file, data)

    # ----------------------------------------------------------------- floor

    def floor(self) -> float:
        """Return the latest signed time kept, 0 if there is none."""
        try:
            self._floor_written = float(self._floor_file.read_text("ascii", "replace"))
        except (OSError, ValueError):
            self._floor_written = 0.0
        return self._floor_written

    def keep_floor(self, floor: float, *, now: bool = False) -> None:
        """Keep the floor, now or when it has risen by some hours."""
        if floor > self._floor_written + (0.0 if now else _FLOOR_STEP_S):
            self._write(self._floor_file, f"{floor:.0f}\n".encode())
            self._floor_written = floor

    @staticmethod
    def _write(path: Path, data: bytes) -> None:
        """Replace a file, 0600; a full or read-only disk is logged and no reason to stop."""
        temporary = path.with_name(path.name + ".tmp")
        try:
            temporary.unlink(missing_ok=True)
            fd = os.open(
                temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
            )
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(fd)
            temporary.replace(path)
        except OSError as error:
            log.error("%s: cannot be written: %s", path, error.strerror, extra={"action": "file_not_written"})
