"""Files that a master gives its boxes to run: which kinds there are, how they may be called, the manifest of them.

They lie in `_modules`, `_grains` and so on of an environment. A manifest says which files there are and what is in
them; it is worth as much as the seal around it (pki/manifest.py). `read_checked` is the one way to such a file's
content: what it returns is what the manifest names, and the caller runs exactly these bytes.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shoal.errors import AlteredError, WireError
from shoal.files.digest import Digest
from shoal.files.messages import DIGEST_BYTES
from shoal.files.names import MAX_ENV, check_env
from shoal.wire import Fields

KINDS: Final = ("beacons", "grains", "modules", "returners", "states", "utils")
MAX_FILES: Final = 500  # of all kinds
MAX_FILE_BYTES: Final = 1024 * 1024
MAX_BYTES: Final = 16 * 1024 * 1024  # of all files
MAX_MANIFEST_BYTES: Final = 96 * 1024  # one answer to a question about files
MAX_SEALED_BYTES: Final = MAX_MANIFEST_BYTES + 2048
MANIFEST_VERSION: Final = 1
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
_STORED: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\.[0-9a-f]{16}\.py")


def is_name(name: str) -> bool:
    """Say whether a file NAME.py can be synced."""
    return _NAME.fullmatch(name) is not None


def stored_name(name: str, digest: bytes) -> str:
    """Return how a file is called on a box: by its content too, so that a new one does not replace what is in use."""
    return f"{name}.{digest.hex()[:16]}.py"


def is_stored_name(text: str) -> bool:
    """Say whether a file may be one that was synced once."""
    return _STORED.fullmatch(text) is not None


def read_digests(value: Mapping[str, object]) -> dict[str, bytes]:
    """Return digests by name, checked. Raises WireError."""
    found = {
        name: digest
        for name, digest in value.items()
        if is_name(name) and isinstance(digest, bytes) and len(digest) == DIGEST_BYTES
    }
    if len(found) != len(value) or len(found) > MAX_FILES:
        raise WireError("digests of synced files: names and digests expected")
    return found


def read_checked(path: Path, digest: bytes) -> bytes:
    """Return the content of a file, which is as `digest` says. Raises AlteredError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(fd, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    except OSError as error:
        raise AlteredError(f"{path} is not loaded: {error.strerror}; run saltutil.sync_all") from None
    if Digest(data).final() != digest:
        raise AlteredError(
            f"{path} is not loaded: it is not what the master has signed; run saltutil.sync_all"
        )
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncedFile:
    """One file of a manifest; `name` is without `.py`."""

    kind: str
    name: str
    digest: bytes
    size: int

    def to_wire(self) -> list[Any]:
        """Return `[kind, name, digest, size]`."""
        return [self.kind, self.name, self.digest, self.size]

    @classmethod
    def from_wire(cls, value: object) -> SyncedFile:
        """Check and read one. Raises WireError."""
        if not isinstance(value, list) or len(value) != 4:
            raise WireError("synced file: [kind, name, digest, size] expected")
        names = ("kind", "name", "digest", "size")
        fields = Fields(dict(zip(names, value, strict=True)), "synced file")
        made = cls(
            kind=fields.text("kind", 16),
            name=fields.text("name", 64),
            digest=fields.blob("digest", DIGEST_BYTES, exact=DIGEST_BYTES),
            size=fields.integer("size", 0, MAX_FILE_BYTES),
        )
        if made.kind not in KINDS or not is_name(made.name):
            raise WireError(f"synced file: {made.kind!r}, {made.name!r} is no kind and name")
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All files of an environment that boxes may load, as they were at `issued` (the master's time, never back)."""

    fleet: str
    env: str
    issued: float
    files: tuple[SyncedFile, ...] = ()

    def of(self, kind: str) -> dict[str, SyncedFile]:
        """Return the files of one kind, by name."""
        return {each.name: each for each in self.files if each.kind == kind}

    def to_wire(self) -> dict[str, Any]:
        """Return the body that is sealed."""
        return {
            "v": MANIFEST_VERSION,
            "fleet": self.fleet,
            "env": self.env,
            "issued": self.issued,
            "files": [each.to_wire() for each in self.files],
        }

    @classmethod
    def from_wire(cls, value: object) -> Manifest:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "manifest")
        fields.integer("v", MANIFEST_VERSION, MANIFEST_VERSION)
        files = fields.take("files", list)
        if len(files) > MAX_FILES:
            raise WireError(f"manifest: more than {MAX_FILES} files")
        made = cls(
            fleet=fields.text("fleet", 32),
            env=check_env(fields.text("env", MAX_ENV)),
            issued=fields.seconds("issued"),
            files=tuple(SyncedFile.from_wire(each) for each in files),
        )
        fields.done()
        check_files(made.files)
        return made


def check_files(files: Iterable[SyncedFile]) -> None:
    """Raise WireError for a file that is named twice, and for more than a box takes."""
    names: set[tuple[str, str]] = set()
    size = 0
    for each in files:
        names_before = len(names)
        names.add((each.kind, each.name))
        size += each.size
        if len(names) == names_before:
            raise WireError(f"manifest: {each.kind}/{each.name} is there twice")
    if len(names) > MAX_FILES or size > MAX_BYTES:
        raise WireError(f"manifest: more than {MAX_FILES} files or {MAX_BYTES} bytes")
