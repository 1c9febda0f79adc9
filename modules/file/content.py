"""The content of regular files: read within a bound, and turned into text and back without a loss.

What is not UTF-8 travels through an edit as surrogates, byte for byte. Lines end with a newline and nothing else.
Anything but a regular file is refused before it is opened: opening alone can block, or start a watchdog.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.file.place import explained, kind_of, shown
from shoal.errors import ArgumentError, ModuleError
from shoal.returns import MAX_VALUE_BYTES

RETURN_BYTES: Final = (
    1_000_000  # of a file in one return, unless asked for more; what a minion passes on by default
)
MAX_EDIT_BYTES: Final = 16 * 1024 * 1024  # of a file that is taken into memory as a whole
MAX_LINE_BYTES: Final = 1024 * 1024
CHUNK: Final = 256 * 1024

Version = tuple[int, int, int, int, int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A whole file at one moment; `version` tells later whether it is still that. None: there is no file."""

    data: bytes
    version: Version | None


def version_of(status: os.stat_result) -> Version:
    """Return what changes whenever the file does."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def open_regular(path: Path, flags: int = os.O_RDONLY, folder: int | None = None) -> int:
    """Return a descriptor of a regular file, following links. Raises ModuleError for another type, OSError.

    With `folder`, which is open, it is the file of that name in there, and a link is another type.
    """
    name, follow = (path, True) if folder is None else (path.name, False)
    flags |= os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow else os.O_NOFOLLOW)
    _must_be_regular(path, os.stat(name, dir_fd=folder, follow_symlinks=follow))
    fd = os.open(name, flags, dir_fd=folder)
    try:
        _must_be_regular(path, os.fstat(fd))
    except BaseException:
        os.close(fd)
        raise
    return fd


def chunks(path: Path, limit: int = 0) -> Iterator[bytes]:
    """Yield the content, at most `limit` bytes of it if that is not 0. Raises ModuleError."""
    with explained(path, "read"), os.fdopen(open_regular(path), "rb", buffering=0) as file:
        left = limit or -1
        while left and (data := file.read(min(CHUNK, left) if limit else CHUNK)):
            left -= len(data) if limit else 0
            yield data


def write_all(fd: int, data: bytes) -> None:
    """Write all of `data`. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def pour(source: int, out: int) -> None:
    """Write all that is left to read of one descriptor to another. Raises OSError."""
    while data := os.read(source, CHUNK):
        write_all(out, data)


def read_some(path: Path, max_bytes: int, offset: int = 0) -> tuple[bytes, int]:
    """Return at most `max_bytes` from `offset` on, and how many bytes come after them."""
    if not 0 <= max_bytes <= MAX_VALUE_BYTES or not 0 <= offset < 2**62:
        raise ArgumentError(
            f"from 0 to {MAX_VALUE_BYTES} bytes can be read at a time, from an offset of 0 on"
        )
    with explained(path, "read"), os.fdopen(open_regular(path), "rb") as file:
        file.seek(offset)
        data = file.read(max_bytes + 1) or b""
        more = os.fstat(file.fileno()).st_size - offset - max_bytes
        return data[:max_bytes], max(0, more, len(data) - max_bytes)  # a file of /proc does not know its size


def snapshot(path: Path, folder: int | None = None) -> Snapshot:
    """Return a whole file as it is now (see `open_regular`). Raises ModuleError for one that is too large; OSError."""
    with os.fdopen(open_regular(path, folder=folder), "rb") as file:
        status = os.fstat(file.fileno())
        data = b"" if status.st_size > MAX_EDIT_BYTES else file.read(MAX_EDIT_BYTES + 1) or b""
    if max(status.st_size, len(data)) > MAX_EDIT_BYTES:
        raise ModuleError(
            f"{shown(path)} has more than the {MAX_EDIT_BYTES} bytes that are edited or compared"
        )
    return Snapshot(data, version_of(status))


def read_text(path: Path) -> str:
    """Return a whole file as text. Raises ModuleError."""
    with explained(path, "read"):
        return to_text(snapshot(path).data)


def lines_in(path: Path) -> Iterator[str]:
    """Yield the lines without their ends; one of over `MAX_LINE_BYTES` comes in pieces. Raises ModuleError."""
    with explained(path, "read"), os.fdopen(open_regular(path), "rb") as file:
        while line := file.readline(MAX_LINE_BYTES):
            yield to_text(line.removesuffix(b"\n").removesuffix(b"\r"))


def to_text(data: bytes) -> str:
    """Return `data` as text that `to_bytes` turns back into the very same bytes."""
    return data.decode("utf-8", "surrogateescape")


def to_bytes(text: str) -> bytes:
    """Return the bytes of `text`. Raises ArgumentError for half a character that no file can hold."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ArgumentError("the text has half a character (a lone surrogate) in it") from None


def for_people(text: str) -> str:
    """Return text with what was not UTF-8 written as `\\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def split_lines(text: str) -> list[str]:
    """Return the lines with their newlines; only `\\n` ends a line."""
    parts = text.split("\n")
    last = parts.pop()
    return [part + "\n" for part in parts] + ([last] if last else [])


def newline_of(text: str) -> str:
    """Return how the lines of `text` end, as its first one does."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def _must_be_regular(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = kind_of(status.st_mode)
        raise ModuleError(
            f"{shown(path)} is of type {kind}; only the content of a regular file can be handled"
        )
