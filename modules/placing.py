"""Puts a content of the cache in its place: whole, checked, all at once (see `file/atomic.py`)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.file.atomic import locked, replace_by
from modules.file.place import shown
from shoal.errors import ModuleError
from shoal.files.digest import Digest

_CHUNK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Placed:
    """A content in `source` that is to be at `target`, with this digest; `mode` if there is no target yet."""

    source: Path
    target: Path
    digest: bytes
    mode: int


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
            target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent) as folder:
            replace_by(folder, target, lambda fd: _copy(placed, fd), mode=placed.mode, sync=sync)
    except _Damaged:
        return False
    except OSError as error:
        raise ModuleError(f"{shown(target)} cannot be written: {error.strerror or error}") from None
    return True


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
