"""Folders that the master writes to for others: entered one by one from one that is open, never through a link.

Whatever a name says, and whatever has been put in the way, nothing is written outside. Raises OSError, as the
operating system does: `NotADirectoryError` is what a link or a file in the way looks like.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_DEPTH: Final = 64  # of folders: each holds a descriptor while they are walked
_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Seen:
    """What is below a folder: a regular file, or a folder (`size` is -1)."""

    name: str
    size: int
    mtime: float


@contextmanager
def entered(base: Path, folders: Sequence[str]) -> Iterator[int]:
    """Give the descriptor of a folder below `base`."""
    fd = os.open(base, _FLAGS)
    try:
        for name in folders:
            fd = _into(fd, name)
        yield fd
    finally:
        os.close(fd)


def make_folders(base: Path, folders: Sequence[str]) -> int:
    """Make what is missing of a folder below `base`, private ones; return how many that were."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd, made = os.open(base, _FLAGS), 0
    try:
        for name in folders:
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=fd)
                made += 1
            fd = _into(fd, name)
    finally:
        os.close(fd)
    return made


def walk(base: Path, folders: Sequence[str]) -> Iterator[Seen]:
    """Give all files and folders below a folder, sorted; links, and what else is no file, are not among them."""
    with suppress(FileNotFoundError), entered(base, folders) as fd:
        yield from _below(fd, "", MAX_DEPTH + 2)


def remove_all(base: Path, folders: Sequence[str]) -> int:
    """Remove everything below a folder, links too; return how many files that were."""
    removed = 0
    with suppress(FileNotFoundError), entered(base, folders) as fd:
        removed = _remove(fd)
    return removed


def _into(fd: int, name: str) -> int:
    inner = os.open(name, _FLAGS | os.O_NOFOLLOW, dir_fd=fd)
    os.close(fd)
    return inner


def _below(folder: int, above: str, depth: int) -> Iterator[Seen]:
    for entry in _entries(folder):
        name = f"{above}{entry.name}"
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        if stat.S_ISREG(status.st_mode):
            yield Seen(name, status.st_size, status.st_mtime)
        elif stat.S_ISDIR(status.st_mode) and depth:
            yield Seen(name, -1, status.st_mtime)
            inner = os.open(entry.name, _FLAGS | os.O_NOFOLLOW, dir_fd=folder)
            try:
                yield from _below(inner, f"{name}/", depth - 1)
            finally:
                os.close(inner)


def _remove(folder: int) -> int:
    removed = 0
    for entry in _entries(folder):
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=folder)
            removed += 1
            continue
        inner = os.open(entry.name, _FLAGS | os.O_NOFOLLOW, dir_fd=folder)
        try:
            removed += _remove(inner)
        finally:
            os.close(inner)
        os.rmdir(entry.name, dir_fd=folder)
    return removed


def _entries(folder: int) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)
