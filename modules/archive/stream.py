"""Reads a packed stream forward only, within bounds of memory and length.

tarfile reads a long name or attribute in one go, whatever its header claims, and lzma allots what a file's
header asks for. Both are bounded here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

from modules import shell
from modules.archive.limits import Limits
from modules.scratch import scratch_folder
from shoal.errors import ModuleError, UnavailableError

_MAX_READ: Final = 1024**2  # more than this in one go is no header
_CHUNK: Final = 65536
_XZ_MEMORY: Final = 128 * 1024**2  # `xz -9` needs 65 MiB
_ZSTD_MEMORY_MIB: Final = 128
_ZSTD_S: Final = 1800.0


class Readable(Protocol):
    """What gives bytes until there are none."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""


class Forward:
    """A file object for tarfile: forward only, with a longest read and a longest stream."""

    def __init__(self, source: Readable, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._at = 0
        self.last = b""  # what was read last

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._at

    def seek(self, to: int) -> int:
        """Skip to `to`, which is never behind."""
        if to < self._at:
            raise ModuleError("the archive is damaged: its headers point backwards")
        while self._at < to and self._take(min(_CHUNK, to - self._at)):
            pass
        return self._at

    def read(self, size: int) -> bytes:
        """Return exactly `size` bytes unless the stream ends before."""
        if not 0 <= size <= _MAX_READ:
            raise ModuleError(f"the archive has a header of {size} bytes; at most {_MAX_READ} are read")
        parts = []
        while size > 0 and (data := self._take(size)):
            parts.append(data)
            size -= len(data)
        self.last = b"".join(parts)
        return self.last

    def _take(self, size: int) -> bytes:
        data = self._source.read(size)
        self._at += len(data)
        if self._at > self._limits.stream_bytes:
            raise ModuleError(
                f"the archive unpacks to more than {self._limits.max_bytes} bytes; "
                "give a larger max_bytes if that is right"
            )
        return data


class Xz:
    """Reads xz, as lzma.LZMAFile does, but with a bound for the memory that a header can ask for."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._ended = False
        self._decoder = self._new()

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, b"" at the end. Raises lzma.LZMAError or EOFError for what is no xz."""
        while not self._ended:
            packed = self._file.read(_CHUNK) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not packed:
                raise EOFError
            data: bytes = self._decoder.decompress(packed, size)
            if self._decoder.eof:
                self._next_stream(self._decoder.unused_data)
            if data:
                return data
        return b""

    def _next_stream(self, rest: bytes) -> None:
        rest = rest.lstrip(b"\0")  # padding
        while not rest and (rest := self._file.read(_CHUNK)):
            rest = rest.lstrip(b"\0")
        if not rest:
            self._ended = True
            return
        self._file.seek(-len(rest), os.SEEK_CUR)
        self._decoder = self._new()

    @staticmethod
    def _new() -> Any:
        import lzma  # only for an xz archive

        return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


@contextmanager
def unzst(path: str, limits: Limits) -> Iterator[IO[bytes]]:
    """Let the zstd program unpack `path` into a file that is gone afterwards, and yield that file."""
    import resource  # only for a zst archive; bounds the file that the program may write

    program = shell.which("zstd")
    if not program:
        raise UnavailableError("zst", "there is no program zstd on this box")
    with scratch_folder("zst") as folder:
        made = Path(folder, "unpacked")
        words = (
            "-d",
            "-q",
            f"--memory={_ZSTD_MEMORY_MIB}MB",
            "-o",
            str(made),
            "--",
            str(Path(path).absolute()),
        )
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ours = limits.stream_bytes
        if before[1] != resource.RLIM_INFINITY:
            ours = min(ours, before[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (ours, before[1]))
        try:
            done = shell.run(shell.Command(argv=(program, *words), timeout_s=_ZSTD_S, env={"LC_ALL": "C"}))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        if done.retcode != 0:
            said = done.command.last_words(done.stderr) or ": it unpacks to more than max_bytes allows"
            raise ModuleError(f"zstd could not unpack {path}{said}")
        with made.open("rb") as file:
            yield file
