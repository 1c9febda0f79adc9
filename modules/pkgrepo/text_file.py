"""One file of repositories: read whole, replaced whole. Owner and mode of a file that is there are kept."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from shoal.errors import ModuleError

MAX_BYTES: Final = 1024 * 1024
_MODE: Final = 0o644


def read(path: Path) -> str:
    """Return the text, "" if there is no such file. Raises ModuleError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise ModuleError(f"{path} has more than {MAX_BYTES} bytes; it is no list of repositories")
    return data.decode("utf-8", "surrogateescape")


def write(path: Path, text: str) -> bool:
    """Replace the file unless it has this text already; say whether it was written. Raises ModuleError."""
    return write_bytes(path, text.encode("utf-8", "surrogateescape"))


def write_bytes(path: Path, data: bytes) -> bool:
    """Replace the file unless it has these bytes already; say whether it was written. Raises ModuleError."""
    path = Path(os.path.realpath(path))  # a link stays one
    try:
        before = path.stat() if path.exists() else None
        if before and path.read_bytes() == data:
            return False
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        _replace(path, data, before)
    except OSError as error:
        raise ModuleError(f"{path} cannot be written: {error.strerror}") from None
    return True


def delete(path: Path) -> None:
    """Delete the file. Raises ModuleError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ModuleError(f"{path} cannot be deleted: {error.strerror}") from None


def _replace(path: Path, data: bytes, before: os.stat_result | None) -> None:
    # The name ends in neither .list, .sources nor .repo, so a leftover is never read as one.
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}.new")
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if before:
                os.fchown(fd, before.st_uid, before.st_gid)
            os.fchmod(fd, before.st_mode & 0o7777 if before else _MODE)
            os.fsync(fd)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
