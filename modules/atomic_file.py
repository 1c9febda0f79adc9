"""New content for a file, all or nothing: a temporary file in the same folder, fsync, rename, fsync.

1. Everything happens in a folder that is open (`held_folder.py` opens it), also if somebody swaps the path meanwhile.
2. The temporary file has a name that nobody can guess, is new (O_EXCL), and is 0600 until owner, attributes and mode
   of the old one are on it.
3. What is there under the name is replaced, never opened for writing; a link is no file and is refused.
4. `expected` finds a change by others since the file was read, also by those who do not know the folder's lock.

A failure leaves the old content and no other file; a kill -9 in the middle also a file `.NAME.….shoal-tmp`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modules.file.content import Version, version_of, write_all
from modules.file.place import kind_of, shown
from modules.likeness import make_alike, make_like_named
from shoal.errors import ModuleError

ANY: Final[Version] = (-1, -1, -1, -1, -1)  # whatever is there now may be replaced
SUFFIX: Final = ".shoal-tmp"  # of a temporary name; no program takes it for configuration
_NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class ChangedError(ModuleError):
    """Somebody else changed the file since it was read; nothing was written."""


@contextmanager
def beside(folder: int, name: str, ending: str = "") -> Iterator[str]:
    """Give a name in the folder; what has it when the block ends well takes the place of `name`. Raises OSError.

    `ending` is for programs that look at it, e.g. `.conf`.
    """
    fresh = f".{name[:40]}.{os.urandom(8).hex()}{SUFFIX}{ending}"
    try:
        yield fresh
        os.rename(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        _forget(folder, fresh)


@contextmanager
def new_file(folder: int, name: str, *, sync: bool = True) -> Iterator[int]:
    """Give a descriptor of a new file, which nobody else may read and which is on the disk afterwards."""
    fd = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        yield fd
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)


def put(folder: int, path: Path, data: bytes, expected: Version | None = ANY, mode: int = -1) -> None:
    """Give `path`, whose links are followed already and whose folder is open, the content `data`.

    `mode` is for a file that is not there yet; -1 = what the umask leaves. Raises ChangedError, ModuleError, OSError.
    """
    replace_by(folder, path, lambda fd: write_all(fd, data), expected, mode)


def replace_by(
    folder: int,
    path: Path,
    fill: Callable[[int], None],
    expected: Version | None = ANY,
    mode: int = -1,
    like: int = -1,
    sync: bool = True,
) -> None:
    """Like `put`, with content that `fill` writes to a descriptor.

    `like` is a descriptor whose owner, mode and attributes the file gets; -1 = those of the old one. Without `sync`
    the caller sees to it that it reaches the disk.
    """
    old = _status(folder, path)
    with beside(folder, path.name) as fresh:
        with new_file(folder, fresh, sync=sync) as fd:
            fill(fd)
            if like >= 0:
                make_alike(fd, like, os.fstat(like))
            elif old is not None:
                make_like_named(fd, folder, path.name, old)
            else:
                os.fchmod(fd, 0o666 & ~umask() if mode < 0 else mode)
        now = _status(folder, path)
        if expected != ANY and (version_of(now) if now else None) != expected:
            raise ChangedError(f"{shown(path)} was changed by somebody else; nothing was written, try again")
    if sync:
        sync_folder(folder)


def put_link(folder: int, name: str, leads_to: str) -> None:
    """Make `name` a symbolic link, in the place of a file or link that is there. Raises OSError."""
    with beside(folder, name) as fresh:
        os.symlink(leads_to, fresh, dir_fd=folder)


def sync_folder(folder: int) -> None:
    """Have the names in a folder on the disk. Raises OSError."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot do that for a folder
            raise


def umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    found = os.umask(0o077)
    os.umask(found)
    return found


def _forget(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        pass  # as nearly always: it was renamed, or never came to be


def _status(folder: int, path: Path) -> os.stat_result | None:
    try:
        found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        kind = kind_of(found.st_mode)
        raise ModuleError(f"{shown(path)} is of type {kind}; only a regular file can be written")
    return found
