"""New content for a file, all or nothing: a temporary file in the same folder, fsync, rename, fsync.

1. The temporary file is new (O_EXCL) and 0600 until owner, attributes and mode of the old one are on it.
2. Whoever edits holds the folder's lock, so that two jobs do not lose each other's change. The lock is a courtesy:
   anybody may hold it, so it is waited for only a short while. `expected` then still finds a change by others.
3. Everything happens in the folder that was opened, also if somebody swaps the path meanwhile.

A kill -9 in the middle leaves a file `.NAME.….shoal-tmp` and the old content.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modules.file.content import Version, version_of, write_all
from modules.file.place import kind_of, shown
from shoal.errors import ModuleError

ANY: Final[Version] = (-1, -1, -1, -1, -1)  # whatever is there now may be replaced
_PATIENCE_S: Final = 5.0
_LONGEST_NAP_S: Final = 0.1
_NOT_KEPT: Final = ("security.capability", "security.ima", "security.evm")  # they vouch for the old content
_NO_ATTRIBUTES: Final = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENODATA, errno.EINVAL)


class ChangedError(ModuleError):
    """Somebody else changed the file since it was read; nothing was written."""


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Hold the lock of `folder`; yields its descriptor. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        lock(fd)
        yield fd
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
    name = f".{path.name[:40]}.{secrets.token_hex(8)}.shoal-tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(name, flags, 0o600, dir_fd=folder)
    try:
        try:
            fill(fd)
            if like >= 0:
                make_alike(fd, like, os.fstat(like))
            elif old is not None:
                _make_like_old(fd, folder, path.name, old)
            else:
                os.fchmod(fd, 0o666 & ~umask() if mode < 0 else mode)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        now = _status(folder, path)
        if expected != ANY and (version_of(now) if now else None) != expected:
            raise ChangedError(f"{shown(path)} was changed by somebody else; nothing was written, try again")
        os.rename(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        _forget(folder, name)
        raise
    if sync:
        _sync_folder(folder)


def _sync_folder(folder: int) -> None:
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some file systems cannot do that for a folder
            raise


def _forget(folder: int, name: str) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass  # an interruption came right after it was renamed


def umask() -> int:
    """Return the process's umask, which can only be read by setting it."""
    found = os.umask(0o077)
    os.umask(found)
    return found


def _status(folder: int, path: Path) -> os.stat_result | None:
    try:
        found = os.stat(path.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        kind = kind_of(found.st_mode)
        raise ModuleError(f"{shown(path)} is of type {kind}; only a regular file can be written")
    return found


def lock(fd: int) -> None:
    """Hold the lock of a folder that is open, until it is closed; a stranger's is waited for a short while."""
    deadline, nap = time.monotonic() + _PATIENCE_S, 0.005
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                return  # a stranger holds it
        except OSError:
            return  # a file system without locks
        time.sleep(nap)
        nap = min(nap * 2, _LONGEST_NAP_S)


def _make_like_old(fd: int, folder: int, name: str, old: os.stat_result) -> None:
    try:
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except PermissionError:  # a file that may be replaced but not read
        source = -1
    try:
        make_alike(fd, source, old)
    finally:
        if source >= 0:
            os.close(source)


def make_alike(fd: int, source: int, old: os.stat_result) -> None:
    """Give `fd` the owner and mode in `old` and the attributes of `source` (-1 = none), as far as we may."""
    mode = stat.S_IMODE(old.st_mode)
    own = os.fstat(fd)
    if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(fd, old.st_uid, old.st_gid)
        except PermissionError:
            mode &= ~(stat.S_ISUID | stat.S_ISGID)  # they would speak for another user than before
    if source >= 0:
        copy_attributes(source, fd)
    os.fchmod(fd, mode)


def copy_attributes(source: int, fd: int) -> None:
    """Make the extended attributes (ACLs and labels among them) of `fd` those of `source`, where that can be."""
    try:
        wanted = {each: os.getxattr(source, each) for each in os.listxattr(source) if each not in _NOT_KEPT}
        for each in os.listxattr(fd):
            if each not in wanted:
                _try(os.removexattr, fd, each)
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTES:
            raise
        return
    for each, value in wanted.items():
        _try(os.setxattr, fd, each, value)


def _try(call: Callable[..., None], *arguments: object) -> None:
    try:
        call(*arguments)
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTES:
            raise
