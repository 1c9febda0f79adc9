"""What boxes have pushed: `minions/ID/files/…` as Salt has it, and `minions/ID/parts/` for what is under way.

1. The box's id is that of its connection, a name is checked, and folders are entered as `folder.py` says: a box
   writes below its own folder and nowhere else.
2. Whoever is over a limit is counted anew before the refusal: an operator may have removed files by hand.
3. A file that takes another's place needs room for both until then. Parts nobody went on with for a day go.

One thread writes; `listed` and `clear` are asked from others.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final

from master.fileserver.index import DigestIndex
from master.receiving.folder import MAX_DEPTH, entered, make_folders, remove_all, walk
from master.receiving.limits import Limits, ReceivingError, Tally
from master.receiving.part import add, finish, size_of
from shoal.errors import WireError
from shoal.files.digest import Digest
from shoal.files.piece import Arrived, Piece
from shoal.files.roots import Found, stamp_of

_FILES: Final = "files"
_PARTS: Final = "parts"
_STALE_S: Final = 86_400.0
_RECOUNT_S: Final = 10.0  # a box that is at its limit and goes on trying must not keep the disk busy


class PushedFiles:
    """See the module docstring."""

    def __init__(self, folder: Path, limits: Limits, monotonic: Callable[[], float]) -> None:
        self._folder = folder
        self._limits = limits
        self._monotonic = monotonic
        self._index = DigestIndex(10_000)
        self._tallies: dict[str, Tally] | None = None  # by box; not counted yet
        self._counted: dict[str, float] = {}
        self._thread = ThreadPoolExecutor(1, "push")

    async def answer(self, minion: str, piece: Piece) -> bytes:
        """Answer a box's question, in the thread. Raises WireError, ReceivingError."""
        loop = asyncio.get_running_loop()
        return (await loop.run_in_executor(self._thread, self.take, minion, piece)).packed()

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def take(self, minion: str, piece: Piece) -> Arrived:
        """Take a piece of a box's file. Raises WireError, ReceivingError."""
        *above, last = piece.name.split("/")
        if not last or len(above) > MAX_DEPTH:
            raise WireError(f"a pushed file has a name, and at most {MAX_DEPTH} folders before it")
        self._limits.check_file(piece.size)
        try:
            return self._take(minion, piece, above, last)
        except OSError as error:
            raise ReceivingError(
                f"{piece.name[:200]!r} cannot be written on the master: {error.strerror or error}"
            ) from None

    def listed(self, minion: str) -> dict[str, int]:
        """Return the names and sizes of what a box has pushed. Raises OSError."""
        return {seen.name: seen.size for seen in walk(self._folder, [minion, _FILES]) if seen.size >= 0}

    def clear(self, minion: str) -> int:
        """Remove what a box has pushed; return how many files that were. Raises OSError."""
        removed = remove_all(self._folder, [minion, _FILES])
        self._counted.pop(minion, None)
        return removed

    def _take(self, minion: str, piece: Piece, above: list[str], last: str) -> Arrived:
        tally = self._tally(minion)
        tally.entries += make_folders(self._folder, [minion, _PARTS])
        part = Digest(f"{piece.name}\0{piece.size}\0".encode() + piece.digest).final().hex()
        with entered(self._folder, [minion, _PARTS]) as parts:
            have = size_of(parts, part)
            if have <= 0 and self._is_there(minion, piece, above, last):
                return Arrived(at=piece.size, whole=True)
            self._check_room(minion, piece.size - max(0, have), new=have < 0)
            tally, have = self._tally(minion), size_of(parts, part)
            at = add(parts, part, piece)
            tally.size += at - max(0, have)
            tally.entries += have < 0
            if at < piece.size:
                return Arrived(at=at)
            self._finish(minion, piece, parts, part)
        return Arrived(at=at, whole=True)

    def _finish(self, minion: str, piece: Piece, parts: int, part: str) -> None:
        *above, last = piece.name.split("/")
        tally = self._tally(minion)
        try:
            tally.entries += make_folders(self._folder, [minion, _FILES, *above])
            with entered(self._folder, [minion, _FILES, *above]) as into:
                old = size_of(into, last)
                finish(parts, part, piece, into, last)
        except (OSError, WireError):  # it would be refused at every try: nobody needs it any more
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=parts)
            tally.size -= piece.size
            tally.entries -= 1
            raise
        if old >= 0:
            tally.size -= old
            tally.entries -= 1

    def _is_there(self, minion: str, piece: Piece, above: list[str], last: str) -> bool:
        """Say whether the file is in its place already: its last piece may come twice."""
        with suppress(OSError), entered(self._folder, [minion, _FILES, *above]) as into:
            fd = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=into)
            try:
                status = os.fstat(fd)
            finally:
                os.close(fd)
            path = str(self._folder / minion / _FILES / piece.name)
            found = Found(path=path, size=status.st_size, mode=0o600, stamp=stamp_of(status))
            return status.st_size == piece.size and self._index.digest(found) == piece.digest
        return False

    def _check_room(self, minion: str, size: int, *, new: bool) -> None:
        try:
            self._limits.check_room(size, self._tally(minion), self._all(), new=new)
        except ReceivingError:
            if self._monotonic() - self._counted.get(minion, -_RECOUNT_S) < _RECOUNT_S:
                raise
            self._count(minion)
            self._limits.check_room(size, self._tally(minion), self._all(), new=new)

    def _all(self) -> int:
        return sum(tally.size for tally in (self._tallies or {}).values())

    def _tally(self, minion: str) -> Tally:
        if self._tallies is None:
            self._tallies = {}
            with suppress(FileNotFoundError):
                for each in self._folder.iterdir():
                    self._count(each.name)
        return self._tallies.setdefault(minion, Tally())

    def _count(self, minion: str) -> None:
        """Count what a box has, and drop parts that are old."""
        assert self._tallies is not None
        tally, before = Tally(), time.time() - _STALE_S
        with suppress(NotADirectoryError):  # not a folder of ours
            for seen in walk(self._folder, [minion]):
                if seen.name.startswith(f"{_PARTS}/") and seen.mtime < before:
                    with entered(self._folder, [minion, _PARTS]) as parts:
                        os.unlink(seen.name.partition("/")[2], dir_fd=parts)
                    continue
                tally.size += max(0, seen.size)
                tally.entries += 1
        self._tallies[minion] = tally
        self._counted[minion] = self._monotonic()
