"""`jsonl`: appends a line of JSON for each return to a file, and sets full files aside.

1. The file is created 0600, never through a symbolic link, and refused when somebody else could have put it there.
2. A batch is one write. What a failed write left is cut off again; after a power cut a torn last line stays, and
   the next batch begins on a new line.
3. It is opened for each batch, so that others may move it away at any time.
"""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from returners.contract import Batch, ReturnerOptions
from returners.document import as_json, document
from shoal.config.setting import setting
from shoal.errors import TryAgainError

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlOptions(ReturnerOptions):
    """The options of `jsonl`."""

    path: Path = setting(doc="The file; its folder must be there")
    rotate_bytes: int = setting(
        100 * _MIB,
        "A file that has reached this becomes PATH.1, that PATH.2, and so on",
        low=1024,
        high=10**13,
    )
    keep_files: int = setting(5, "So many of them are kept", low=1, high=1000)
    fsync: str = setting(
        "batch",
        "batch: on the disk before it counts as delivered; never: as the system likes",
        choices=("batch", "never"),
    )


class JsonlReturner:
    """See the module docstring."""

    Options = JsonlOptions

    def __init__(self, options: JsonlOptions) -> None:
        self._path = options.path
        self._rotate_bytes = options.rotate_bytes
        self._keep = options.keep_files
        self._sync = options.fsync == "batch"

    def deliver(self, batch: Batch) -> None:
        """Append the batch. Raises TryAgainError."""
        data = "".join(as_json(document(copy)) + "\n" for copy in batch).encode()
        try:
            if self._full(len(data)):
                self._rotate()
            descriptor, created = self._open()
            try:
                self._append(descriptor, data)
            finally:
                os.close(descriptor)
            if created and self._sync:
                self._sync_folder()
        except OSError as error:
            raise TryAgainError(f"{self._path} cannot be written: {error.strerror}") from None

    def check(self) -> None:
        """Open the file, creating it if it is missing. Raises TryAgainError."""
        try:
            os.close(self._open()[0])
        except OSError as error:
            raise TryAgainError(f"{self._path} cannot be written: {error.strerror}") from None

    def _open(self) -> tuple[int, bool]:
        """Return a descriptor, and whether the file is new. Raises OSError, TryAgainError."""
        folder = self._path.parent.stat()
        sticky = folder.st_mode & stat.S_ISVTX
        if folder.st_mode & 0o022 and not sticky:
            raise TryAgainError(f"others may write to {self._path.parent}; chmod go-w it")
        try:
            return os.open(self._path, _FLAGS | os.O_EXCL, 0o600), True
        except FileExistsError:
            pass
        if self._path.is_symlink():
            raise TryAgainError(f"{self._path} is a symbolic link; name the file it leads to")
        descriptor = os.open(self._path, _FLAGS & ~os.O_CREAT)
        try:
            self._check(os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, False

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise TryAgainError(f"{self._path} is not a regular file")
        if status.st_uid not in (0, os.geteuid()) or status.st_nlink != 1:
            raise TryAgainError(f"{self._path} belongs to another user or has a second name; move it away")

    def _append(self, descriptor: int, data: bytes) -> None:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(descriptor, view) :]
            if self._sync:
                os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise

    def _full(self, more: int) -> bool:
        try:
            size = self._path.lstat().st_size
        except FileNotFoundError:
            return False
        return bool(size) and size + more > self._rotate_bytes

    def _rotate(self) -> None:
        for number in range(self._keep, 1, -1):
            older = self._numbered(number - 1)
            if os.path.lexists(older):
                older.rename(self._numbered(number))
        self._path.rename(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _sync_folder(self) -> None:
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
