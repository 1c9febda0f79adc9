"""Where a box keeps its synced files, below `var/lib/shoal/minion/synced`; believes nothing of what it finds there.

    modules/hello.1a2b3c4d5e6f7081.py   a file of `_modules`, 0600, by name and content
    modules.manifest                    the sealed manifest that counts for this kind, 0600

A manifest is put in its place when all its files are there, in one step: a power cut leaves the old set or the new
one. Files that no manifest names any more stay for a minute, for jobs that began before, and are swept later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from shoal.errors import AlteredError
from shoal.files.digest import Digest
from shoal.synced import (
    KINDS,
    MAX_FILE_BYTES,
    MAX_SEALED_BYTES,
    SyncedFile,
    is_stored_name,
    read_checked,
    stored_name,
)

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Shelf:
    """See the module docstring."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def folder(self, kind: str) -> Path:
        """Return where the files of one kind lie."""
        return self._folder / kind

    def kinds(self) -> list[str]:
        """Return the kinds that a manifest is kept for; whether it is to be believed is another question."""
        try:
            return [kind for kind in KINDS if self._manifest(kind).exists()]
        except PermissionError:  # somebody who may not look into the minion's state
            return []

    def manifest(self, kind: str) -> bytes:
        """Return the manifest kept for a kind, b"" if there is none. Raises OSError."""
        try:
            fd = os.open(self._manifest(kind), _READ)
        except FileNotFoundError:
            return b""
        with os.fdopen(fd, "rb") as file:
            return file.read(MAX_SEALED_BYTES + 1)

    def keep_manifest(self, kind: str, data: bytes) -> None:
        """Let `data` be the manifest of a kind from now on; its files are on the disk by then. Raises OSError."""
        if self.folder(kind).exists():
            _sync_folder(self.folder(kind))
        self._replace(self._manifest(kind), data)
        _sync_folder(self._folder)

    def path(self, file: SyncedFile) -> Path:
        """Return where a file lies, if it is here."""
        return self.folder(file.kind) / stored_name(file.name, file.digest)

    def has(self, file: SyncedFile) -> bool:
        """Say whether a file is here and is what it should be."""
        try:
            read_checked(self.path(file), file.digest)
        except AlteredError:
            return False
        return True

    def put(self, file: SyncedFile, data: bytes) -> None:
        """Write a file. Raises OSError."""
        self._replace(self.path(file), data)

    def wrong(self, kind: str, files: Iterable[SyncedFile]) -> list[str]:
        """Return a line for each file that is altered or missing, and for each that no manifest ever named."""
        lines = []
        for each in files:
            try:
                read_checked(self.path(each), each.digest)
            except AlteredError as error:
                lines.append(str(error))
        named = {self.path(each).name for each in files}
        for path in self._others(kind, named):
            if not _left_over(path):
                lines.append(f"{path} is in no manifest of the master and is not loaded; remove it")
        return lines

    def sweep(self, kind: str, files: Iterable[SyncedFile]) -> None:
        """Remove files that were synced once and are not among `files`; what was never synced stays."""
        for path in self._others(kind, {self.path(each).name for each in files}):
            if _left_over(path):
                path.unlink(missing_ok=True)

    def _others(self, kind: str, named: set[str]) -> list[Path]:
        try:
            return sorted(path for path in self.folder(kind).iterdir() if path.name not in named)
        except OSError:  # there is none
            return []

    def _manifest(self, kind: str) -> Path:
        return self._folder / f"{kind}.manifest"

    def _replace(self, path: Path, data: bytes) -> None:
        for folder in (self._folder, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, _WRITE, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(fd)
        fresh.replace(path)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _left_over(path: Path) -> bool:
    """Say whether a file was synced once, or was about to be."""
    if path.name.startswith(".") and path.name.endswith(".new"):
        return is_stored_name(path.name[1 : -len(".new")])
    if not is_stored_name(path.name):
        return False
    try:
        fd = os.open(path, _READ)
        with os.fdopen(fd, "rb") as file:
            digest = Digest(file.read(MAX_FILE_BYTES + 1)).final()
    except OSError:
        return False
    return path.name == stored_name(path.name.partition(".")[0], digest)
