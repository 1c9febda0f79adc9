"""A small text file of the system, read whole and replaced whole.

1. Never more than `MAX_BYTES`: what is larger is not such a file.
2. Bytes that are not UTF-8, and line ends, stay as they are.
3. A change is read, made and written under a lock on the folder, so two jobs do not undo each other.
4. The new file is written beside the old one, synced, given its owner and mode, and renamed over it. A link is
   followed: the file behind it changes. Where nothing can be renamed over it (a bind mount) it is filled in place.

Raises only `ModuleError`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shoal.errors import ModuleError

MAX_BYTES: Final = 1024 * 1024


def read_text(path: str) -> str:
    """Return the text of a file, "" if there is none. Raises ModuleError."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ModuleError(f"{path} is larger than {MAX_BYTES} bytes: that is no file of this kind")
    return data.decode("utf-8", "surrogateescape")


def edit_text(path: str, change: Callable[[str], str], *, mode: int = 0o644) -> bool:
    """Replace the text of a file by what `change` makes of it; return whether that is another text.

    `mode` is for a file that is not there yet. Raises ModuleError, and whatever `change` raises.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.parent) as folder:
            before = read_text(str(target))
            after = change(before)
            if after == before:
                return False
            _replace(target, after.encode("utf-8", "surrogateescape"), mode)
            os.fsync(folder)
    except OSError as error:
        raise ModuleError(f"{path} cannot be written: {error.strerror}") from None
    return True


def lines_of(text: str) -> list[str]:
    """Return the lines without their line feeds. Nothing else ends a line, as `str.splitlines` believes."""
    return text.removesuffix("\n").split("\n") if text else []


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield fd
    finally:
        os.close(fd)


def _replace(target: Path, data: bytes, mode: int) -> None:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            _dress(fd, target, mode)
            os.fsync(fd)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        if error.errno != errno.EBUSY:
            raise
        _fill(target, data)


def _dress(fd: int, target: Path, mode: int) -> None:
    try:
        old = target.stat()
    except FileNotFoundError:
        os.fchmod(fd, mode)
        return
    now = os.fstat(fd)
    if (old.st_uid, old.st_gid) != (now.st_uid, now.st_gid):
        os.fchown(fd, old.st_uid, old.st_gid)
    os.fchmod(fd, old.st_mode & 0o7777)


def _fill(target: Path, data: bytes) -> None:
    """Write over a file that is mounted itself, as a container's /etc/hosts is."""
    with target.open("r+b") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())
