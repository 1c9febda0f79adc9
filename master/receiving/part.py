"""A file that is under way: a private file of its own in an open folder, which grows piece by piece.

How much is here is its size; a cut, a restart or a repeated piece changes nothing of that. What is complete is read
once more and judged by its digest before it gets its name; what is not what it should be is thrown away.
"""

from __future__ import annotations

import os
import stat
from typing import Final

from shoal.errors import WireError
from shoal.files.digest import digest_of
from shoal.files.piece import Piece

_FLAGS: Final = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


def size_of(folder: int, name: str) -> int:
    """Return the size of a file, -1 if there is none. Raises OSError."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return -1
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def add(folder: int, name: str, piece: Piece) -> int:
    """Write a piece that comes next, none else; return how much is here then. Raises OSError."""
    fd = _opened(folder, name)
    try:
        at = os.fstat(fd).st_size
        if at > piece.size:  # of an earlier try with another size; it would never match
            os.ftruncate(fd, 0)
            at = 0
        if piece.at != at:
            return at
        rest = memoryview(piece.data)
        while rest:
            written = os.pwrite(fd, rest, at)
            rest, at = rest[written:], at + written
        return at
    finally:
        os.close(fd)


def finish(folder: int, name: str, piece: Piece, into: int, final: str, *, sync: bool = True) -> None:
    """Judge a part that is complete, and give it its name in the folder `into`, with `sync` on the disk.

    Raises:
        WireError: it is not what its digest says; it is gone then.
        OSError: it cannot be written there.
    """
    fd = os.open(name, _FLAGS, dir_fd=folder)
    try:
        if digest_of(fd) != piece.digest:
            os.unlink(name, dir_fd=folder)
            raise WireError("what has come is not what its digest says; it was thrown away")
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)
    os.rename(name, final, src_dir_fd=folder, dst_dir_fd=into)
    if sync:
        os.fsync(into)


def _opened(folder: int, name: str) -> int:
    try:
        return os.open(name, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    except FileExistsError:
        fd = os.open(name, _FLAGS, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(f"{name} is no regular file")
    return fd
