"""Contents of the master's files on the box's disk, by digest: `ab/abcdef…`, and those under way in `parts/`.

1. A content is whole and as its digest says when it gets its name. It is not synced: after a power cut it may be
   damaged, so whoever copies it checks it again and drops it then.
2. Together they are at most `max_bytes`; what was not used for the longest time goes first.
3. Everything here can be fetched again: the folder may be deleted at any time.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

from shoal.files.digest import Digest
from shoal.files.place import path_in

_TRIM_TO: Final = 0.8  # of the limit, so that it is not done for every file
_READ: Final = 1024 * 1024
_SMALL_BYTES: Final = 128 * 1024
_USED_S: Final = 86_400.0  # how exactly it is known when a content was used last: flash wears out by writing


class Part:
    """A content that is under way: `at` bytes of it are here."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._digest = Digest()
        self.at = 0

    def catch_up(self, max_bytes: int) -> bool:
        """Read some of what an earlier try has left; True when all of it was. Raises OSError."""
        while max_bytes > 0:
            chunk = os.pread(self._fd, min(_READ, max_bytes), self.at)
            if not chunk:
                return True
            self._digest.update(chunk)
            self.at += len(chunk)
            max_bytes -= len(chunk)
        return False

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes at the end. Raises OSError."""
        rest = memoryview(data)
        at = self.at
        while rest:
            written = os.pwrite(self._fd, rest, at)
            rest, at = rest[written:], at + written
        self._digest.update(data)
        self.at = at

    def close(self) -> None:
        """Let go of the file; what is in it stays for the next try."""
        os.close(self._fd)

    def discard(self) -> None:
        """Throw away what is there."""
        self.close()
        self._path.unlink(missing_ok=True)

    def finish(self, digest: bytes, path: Path) -> bool:
        """Give it its name if it is what it should be, else throw it away. Raises OSError."""
        if self._digest.final() != digest:
            self.discard()
            return False
        self.close()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.rename(path)
        return True


class SmallPart:
    """A content that is so small that it waits in memory until it is whole."""

    def __init__(self) -> None:
        self._data = bytearray()

    @property
    def at(self) -> int:
        """How many bytes are here."""
        return len(self._data)

    def catch_up(self, max_bytes: int) -> bool:
        """Nothing was left of an earlier try."""
        return True

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes at the end."""
        self._data += data

    def close(self) -> None:
        """Forget it."""
        self._data.clear()

    def finish(self, digest: bytes, path: Path) -> bool:
        """Write it if it is what it should be. Half a file has another size and is written anew. Raises OSError."""
        data = bytes(self._data)
        if Digest(data).final() != digest:
            return False
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            fd = os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fd = os.open(path, flags, 0o600)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)
        return True


class FileCache:
    """See the module docstring."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max = max_bytes
        self._bytes = -1  # not known yet

    def path(self, digest: bytes) -> Path:
        """Return where a content is, if it is here."""
        return path_in(self._folder, digest)

    def has(self, digest: bytes, size: int) -> bool:
        """Say whether a content is here, and note that it is used."""
        path = self.path(digest)
        try:
            status = path.stat()
            if status.st_size != size:
                return False
            if time.time() - status.st_mtime > _USED_S:
                os.utime(path)
        except OSError:
            return False
        return True

    def part(self, digest: bytes, size: int) -> Part | SmallPart:
        """Begin, or go on with, a content. Raises OSError."""
        if size <= _SMALL_BYTES:
            return SmallPart()
        parts = self._folder / "parts"
        parts.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Part(parts / digest.hex())

    def keep(self, part: Part | SmallPart, digest: bytes) -> bool:
        """Take a content that is complete; False if it is not what it should be. Raises OSError."""
        path, size = self.path(digest), part.at
        if not part.finish(digest, path):
            return False
        if self._bytes >= 0:
            self._bytes += size
        return True

    def trim(self) -> None:
        """Drop what was not used for the longest time when there is too much."""
        if 0 <= self._bytes <= self._max:
            return
        found = sorted(self._all())
        self._bytes = sum(size for _, size, _ in found)
        if self._bytes <= self._max:
            return
        for _, size, path in found:
            if self._bytes <= self._max * _TRIM_TO:
                break
            Path(path).unlink(missing_ok=True)
            self._bytes -= size

    def _all(self) -> list[tuple[float, int, str]]:
        found = []
        for folder, _, names in os.walk(self._folder):
            for name in names:
                path = f"{folder}/{name}"
                try:
                    status = os.lstat(path)
                except OSError:
                    continue
                found.append((status.st_mtime, status.st_size, path))
        return found
