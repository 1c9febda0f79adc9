"""A small text file of the system, read whole and replaced whole.

1. Never more than `MAX_BYTES`: what is larger is not such a file.
2. Bytes that are not UTF-8, and line ends, stay as they are.
3. A change is read, made and written under a lock on the folder, so two jobs do not undo each other.
4. It is replaced as `atomic_file.py` does it. A link is followed as `held_folder.py` allows: the file behind it
   changes. Where nothing can be renamed over it (a bind mount) it is filled in place.

Raises only `ModuleError`, also for a file of another type.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from modules.atomic_file import put
from modules.file.content import Snapshot, open_regular, to_bytes, to_text, version_of, write_all
from modules.held_folder import entered
from shoal.errors import ModuleError

MAX_BYTES: Final = 1024 * 1024


def read_text(path: str | Path) -> str:
    """Return the text of a file, "" if there is none. Raises ModuleError."""
    return to_text(read_bytes(path))


def read_bytes(path: str | Path) -> bytes:
    """Return the content of a file, b"" if there is none. Raises ModuleError."""
    try:
        return _read(Path(path)).data
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None


def edit_text(path: str | Path, change: Callable[[str], str], *, mode: int = 0o644) -> bool:
    """Replace the text of a file by what `change` makes of it; return whether that is another text.

    `mode` is for a file that is not there yet. Raises ModuleError, and whatever `change` raises.
    """
    return edit_bytes(path, lambda data: to_bytes(change(to_text(data))), mode=mode)


def edit_bytes(path: str | Path, change: Callable[[bytes], bytes], *, mode: int = 0o644) -> bool:
    """Like `edit_text`, for what is no text. A folder that is missing is made."""
    try:
        with entered(Path(path), makedirs=True) as (folder, target):
            before = _read(target, folder)
            after = change(before.data)
            if after == before.data:
                return False
            _replace(folder, target, before, after, mode)
    except OSError as error:
        raise ModuleError(f"{path} cannot be written: {error.strerror}") from None
    return True


def write_text(path: str | Path, text: str, *, mode: int = 0o644) -> bool:
    """Give a file this text; return whether it had another one. Raises ModuleError."""
    return edit_text(path, lambda _: text, mode=mode)


def delete(path: str | Path) -> None:
    """Delete a file, which need not be there. Raises ModuleError."""
    try:
        Path(path).unlink(missing_ok=True)
    except OSError as error:
        raise ModuleError(f"{path} cannot be deleted: {error.strerror}") from None


def lines_of(text: str) -> list[str]:
    """Return the lines without their line feeds. Nothing else ends a line, as `str.splitlines` believes."""
    return text.removesuffix("\n").split("\n") if text else []


def text_of(lines: Iterable[str]) -> str:
    """Return the text of lines, each of them ended."""
    return "".join(f"{line}\n" for line in lines)


def _read(path: Path, folder: int | None = None) -> Snapshot:
    try:
        with os.fdopen(open_regular(path, folder=folder), "rb") as file:
            version, data = version_of(os.fstat(file.fileno())), file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Snapshot(b"", None)
    if len(data) > MAX_BYTES:
        raise ModuleError(f"{path} is larger than {MAX_BYTES} bytes: that is no file of this kind")
    return Snapshot(data, version)


def _replace(folder: int, target: Path, before: Snapshot, data: bytes, mode: int) -> None:
    try:
        put(folder, target, data, before.version, mode)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        _fill(folder, target, data)


def _fill(folder: int, target: Path, data: bytes) -> None:
    """Write over a file that is mounted itself, as a container's /etc/hosts is."""
    fd = open_regular(target, os.O_WRONLY, folder=folder)
    try:
        write_all(fd, data)
        os.ftruncate(fd, len(data))
        os.fsync(fd)
    finally:
        os.close(fd)
