"""Puts a content of the cache in its place: whole, checked, all at once (see `file/atomic.py`).

Folders below the one that was named are entered one by one and never through a symbolic link: whoever owns one of
them cannot lead root elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.file.atomic import lock, replace_by
from modules.file.place import shown
from shoal.errors import ModuleError
from shoal.files.digest import Digest

_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """A content in `source` that is to be `below` a folder, with this digest; `mode` if nothing is there yet."""

    source: Path
    folder: Path  # as the operator named it: links in it are followed
    below: str  # name in it, folders before it
    digest: bytes
    mode: int

    @property
    def target(self) -> Path:
        """Where it is to be."""
        return self.folder / self.below


class _Damaged(Exception):
    """The source is not what its digest says."""


def place(placed: Placed, *, makedirs: bool = False, sync: bool = True) -> bool:
    """Put it there; False when the source is gone or not what its digest says.

    Without `sync` the caller sees to it that it reaches the disk: once for many is cheaper.

    Raises:
        ModuleError: the target cannot be written, or is no regular file.
    """
    target = placed.target
    if not target.is_absolute():
        raise ModuleError(f"{shown(target)} is not absolute; give the whole path")
    try:
        if makedirs:
            placed.folder.mkdir(parents=True, exist_ok=True)
        *folders, _name = placed.below.split("/")
        with _entered(placed.folder, folders) as folder:
            replace_by(folder, target, lambda fd: _copy(placed, fd), mode=placed.mode, sync=sync)
    except _Damaged:
        return False
    except OSError as error:
        raise ModuleError(f"{shown(target)} cannot be written: {error.strerror or error}") from None
    return True


def make_folder(base: Path, below: str) -> None:
    """Make a folder and those above it, below `base`, through no link. Raises ModuleError."""
    try:
        base.mkdir(parents=True, exist_ok=True)
        with _entered(base, below.split("/")):
            pass
    except OSError as error:
        raise ModuleError(f"{shown(base / below)} cannot be made: {error.strerror or error}") from None


@contextmanager
def _entered(base: Path, folders: Sequence[str]) -> Iterator[int]:
    """Give the descriptor of a folder below `base`, made if need be, with its lock held. Raises OSError."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    fd = os.open(base, flags)
    try:
        for name in folders:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=fd)
            inner = os.open(name, flags | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = inner
        lock(fd)
        yield fd
    finally:
        os.close(fd)


def _copy(placed: Placed, into: int) -> None:
    """Copy, and judge what was copied. Raises _Damaged, OSError."""
    try:
        fd = os.open(placed.source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise _Damaged from None
    digest = Digest()
    try:
        while chunk := os.read(fd, _CHUNK):
            digest.update(chunk)
            rest = memoryview(chunk)
            while rest:
                rest = rest[os.write(into, rest) :]
    finally:
        os.close(fd)
    if digest.final() != placed.digest:
        raise _Damaged
