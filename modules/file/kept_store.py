"""Contents that were there before a state changed them, kept so that the change can be taken back.

    STATE/kept/DIGEST        one content, compressed; the same content is kept once
    STATE/kept/DIGEST.tree   what a path or tree was: kinds, modes, owners, links, digests of contents

The folder is 0700: what is kept is as secret as the file was. What was kept longest ago goes when there is no room.
Nothing here decides whether something is kept; `putting.py` and `taking.py` do.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from modules.atomic_file import put, replace_by
from modules.context import Context
from modules.file.content import CHUNK, write_all
from modules.held_folder import entered
from shoal.errors import ArgumentError, ModuleError
from shoal.files.digest import Digest
from shoal.paths import Paths

MAX_CONTENT: Final = 64 * 1024 * 1024  # bytes of one file; a larger one is not kept
MAX_ALL: Final = 512 * 1024 * 1024  # bytes of the folder
_LEVEL: Final = 1  # zlib's: quick on a small board
_NAME: Final = re.compile(r"[0-9a-f]{64}(\.tree)?", re.ASCII)


class KeptStore:
    """See the module docstring. Raises OSError where nothing else is said."""

    def __init__(self, ctx: Context) -> None:
        told = ctx.settings.get("statedir")
        self._folder = (Path(str(told)) if told else Paths.for_minion().state_dir) / "kept"

    def keep(self, fd: int, *, alone: bool = True) -> str:
        """Keep what is left to read of an open file, and return its digest.

        Not `alone`: `keep_tree` follows, which sees to it that all of it is on the disk.
        """
        self._prepare()
        beside = self._folder / f"new-{os.getpid()}"
        digest = Digest()

        def fill(out: int) -> None:
            packer = zlib.compressobj(_LEVEL)
            while data := os.read(fd, CHUNK):
                digest.update(data)
                write_all(out, packer.compress(data))
            write_all(out, packer.flush())

        with entered(beside) as (folder, target):
            replace_by(folder, target, fill, mode=0o600, sync=alone)
            name = digest.final().hex()
            os.rename(target.name, name, src_dir_fd=folder, dst_dir_fd=folder)
        if alone:
            self._make_room()
        return name

    def keep_tree(self, name: str, data: bytes) -> None:
        """Keep what a tree was, whose contents are kept already."""
        self._prepare()
        os.sync()  # once: a call for each of thousands of files takes minutes on an SD card
        with entered(self._folder / f"{name}.tree") as (folder, target):
            put(folder, target, zlib.compress(data, _LEVEL), mode=0o600)
        self._make_room()

    def tree(self, name: str) -> bytes:
        """Return what a tree was. Raises ModuleError when it is not kept any more."""
        return b"".join(self.read(f"{name}.tree"))

    @contextmanager
    def opened(self, name: str) -> Iterator[Iterator[bytes]]:
        """Give a content, which may go meanwhile. Raises ModuleError when it is not kept any more."""
        try:
            file = self._place(name).open("rb")
        except FileNotFoundError:
            raise ModuleError(f"what was there before, {name[:16]}…, is not kept any more") from None
        with file:
            yield _unpacked(file)

    def read(self, name: str) -> Iterator[bytes]:
        """Yield a content. Raises ModuleError when it is not kept any more."""
        with self.opened(name) as pieces:
            yield from pieces

    def has(self, name: str) -> bool:
        """Say whether something is kept."""
        return self._place(name).is_file()

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ArgumentError("what was kept is named by 64 hexadecimal digits")
        return self._folder / name

    def _prepare(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _make_room(self) -> None:
        """Delete what was kept longest ago while there is too much."""
        with os.scandir(self._folder) as found:
            kept = [(each.stat(follow_symlinks=False), each.path) for each in found]
        size = sum(status.st_size for status, _ in kept)
        for status, path in sorted(kept, key=lambda each: each[0].st_mtime_ns):
            if size <= MAX_ALL:
                return
            with suppress(FileNotFoundError):
                Path(path).unlink()
            size -= status.st_size


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    while data := file.read(CHUNK):
        yield unpacker.decompress(data)
    yield unpacker.flush()
