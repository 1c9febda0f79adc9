"""Puts a content of the cache in its place: whole, checked, all at once (see `atomic_file.py`).

Folders below the one that was named are entered one by one and never through a symbolic link: whoever owns one of
them cannot lead root elsewhere.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.atomic_file import replace_by
from modules.file.content import write_all
from modules.file.place import shown
from modules.held_folder import entered_below
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
        *folders, _name = placed.below.split("/")
        with entered_below(placed.folder, folders, makedirs=makedirs) as folder:
            replace_by(folder, target, lambda fd: _copy(placed, fd), mode=placed.mode, sync=sync)
    except _Damaged:
        return False
    except OSError as error:
        raise ModuleError(f"{shown(target)} cannot be written: {error.strerror or error}") from None
    return True


def place_bytes(target: Path, data: bytes, mode: int, *, makedirs: bool = False) -> None:
    """Put a content there that was made here; `mode` if nothing is there yet. Raises ModuleError as `place`."""
    if not target.is_absolute():
        raise ModuleError(f"{shown(target)} is not absolute; give the whole path")
    try:
        with entered_below(target.parent, [], makedirs=makedirs) as folder:
            replace_by(folder, target, lambda fd: write_all(fd, data), mode=mode)
    except OSError as error:
        raise ModuleError(f"{shown(target)} cannot be written: {error.strerror or error}") from None


def make_folder(base: Path, below: str) -> None:
    """Make a folder and those above it, below `base`, through no link. Raises ModuleError."""
    try:
        with entered_below(base, below.split("/"), makedirs=True):
            pass
    except OSError as error:
        raise ModuleError(f"{shown(base / below)} cannot be made: {error.strerror or error}") from None


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
            write_all(into, chunk)
    finally:
        os.close(fd)
    if digest.final() != placed.digest:
        raise _Damaged
