"""Files that `shoal-cp` has brought to the master, known by their digests, until the boxes they are for have them.

1. Each user's files are for that user's jobs alone: to know a digest gives nobody the file.
2. A box may read what a job for this box names, nothing else.
3. They go with their job, or when nobody wanted them for an hour, or at the master's next start.

Disks are read and written in one thread; `file` is asked from the file server's threads.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from master.receiving.folder import entered, make_folders
from master.receiving.limits import MIB, ReceivingError
from master.receiving.part import add, finish
from shoal.errors import WireError
from shoal.files.messages import DIGEST_BYTES
from shoal.files.parcel import MAX_PARCEL_BYTES, MAX_PARCEL_FILES, read_parcel
from shoal.files.piece import Arrived, Piece
from shoal.files.roots import Found, open_found, stamp_of

RECV: Final = "cp.recv"
_KEPT_S: Final = 3600.0
_MAX_CONTENTS: Final = 2 * (MAX_PARCEL_FILES + 1)  # of one user: files of no bytes take room too
_SHARE_OF_USER: Final = 4  # others than operators have at most a quarter of the room

Result = TypeVar("Result")
Key = tuple[int, bytes]  # user, digest
Brought = Collection[Key]


@dataclass(slots=True)
class _Content:
    found: Found
    touched: float  # monotonic
    waits: bool = True  # for the job it was brought for
    jobs: dict[str, frozenset[str]] = field(default_factory=dict)  # to the boxes


def parcel_of(args: Sequence[Any]) -> tuple[bytes, int]:
    """Return digest and size of the list of files that a job's arguments name. Raises WireError."""
    try:
        digest, size, _dest = args
        found = bytes.fromhex(digest), int(size)
    except (ValueError, TypeError):
        raise WireError(f"{RECV} is what shoal-cp sends; use that program") from None
    if len(found[0]) != DIGEST_BYTES or not 0 < found[1] <= MAX_PARCEL_BYTES:
        raise WireError(f"{RECV} is what shoal-cp sends; use that program")
    return found


class Uploads:
    """See the module docstring."""

    def __init__(self, folder: Path, max_bytes: int, monotonic: Callable[[], float]) -> None:
        self._folder = folder
        self._max = max_bytes
        self._monotonic = monotonic
        self._contents: dict[Key, _Content] = {}
        self._parts: dict[Key, tuple[int, float]] = {}  # bytes that are here, and since when
        self._held: Counter[int] = Counter()  # bytes by user, parts not counted
        self._number: Counter[int] = Counter()  # contents by user
        self._lock = threading.Lock()
        self._thread = ThreadPoolExecutor(1, "uploads")
        self._thread.submit(shutil.rmtree, folder, ignore_errors=True)  # nobody knows any more what it is for

    async def take(self, uid: int, piece: Piece, *, all_of_it: bool) -> Arrived:
        """Take a piece of a user's file; `all_of_it`: they may have all the room. Raises WireError, ReceivingError."""
        limit = self._max if all_of_it else self._max // _SHARE_OF_USER
        return await self._beside(partial(self._take, uid, piece, limit))

    async def find(self, uid: int, digest: bytes, size: int) -> Brought:
        """Return what a list of files names, itself too. Raises WireError, ReceivingError when something is missing."""
        return await self._beside(partial(self._find, uid, digest, size))

    def grant(self, jid: str, minions: Collection[str], brought: Brought) -> None:
        """Let these boxes read what was brought for a job."""
        boxes = frozenset(minions)
        with self._lock:
            for key in brought:
                content = self._contents.get(key)
                if content is not None:
                    content.jobs[jid] = boxes
                    content.waits = False
                    content.touched = self._monotonic()

    def file(self, minion: str, digest: bytes) -> Found | None:
        """Return a file with this content if a job for this box names it."""
        with self._lock:
            for uid in self._held:
                content = self._contents.get((uid, digest))
                if content is not None and any(minion in boxes for boxes in content.jobs.values()):
                    content.touched = self._monotonic()
                    return content.found
        return None

    def done(self, jid: str) -> None:
        """Nobody needs a job's files any more."""
        with self._lock:
            mine = [key for key, content in self._contents.items() if content.jobs.pop(jid, None) is not None]
            for key in mine:
                if not self._contents[key].jobs and not self._contents[key].waits:
                    self._forget(key)

    def tidy(self) -> None:
        """Drop what nobody wanted for long."""
        before = self._monotonic() - _KEPT_S
        with self._lock:
            for key in [key for key, content in self._contents.items() if content.touched < before]:
                self._forget(key)
            for key in [key for key, (_, at) in self._parts.items() if at < before]:
                del self._parts[key]
                self._thread.submit(_remove, self._path(key, "parts"))

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _beside(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _take(self, uid: int, piece: Piece, limit: int) -> Arrived:
        key = (uid, piece.digest)
        with self._lock:
            content = self._contents.get(key)
            if content is not None and content.found.size == piece.size:
                content.waits, content.touched = True, self._monotonic()
                return Arrived(at=piece.size, whole=True)
        self._check_room(key, piece.size, limit)
        try:
            return self._write(key, piece)
        except OSError as error:
            raise ReceivingError(f"the master cannot write it: {error.strerror or error}") from None

    def _write(self, key: Key, piece: Piece) -> Arrived:
        user, name = str(key[0]), piece.digest.hex()
        make_folders(self._folder, [user, "parts"])
        with entered(self._folder, [user]) as into, entered(self._folder, [user, "parts"]) as parts:
            at = add(parts, name, piece)
            with self._lock:
                self._parts[key] = at, self._monotonic()
            if at < piece.size:
                return Arrived(at=at)
            with self._lock:
                del self._parts[key]
            finish(parts, name, piece, into, name, sync=False)
            status = os.stat(name, dir_fd=into, follow_symlinks=False)
        found = Found(path=str(self._path(key)), size=status.st_size, mode=0o600, stamp=stamp_of(status))
        with self._lock:
            self._contents[key] = _Content(found, self._monotonic())
            self._held[key[0]] += found.size
            self._number[key[0]] += 1
        return Arrived(at=at, whole=True)

    def _check_room(self, key: Key, size: int, limit: int) -> None:
        parts = [(each[0], at) for each, (at, _) in self._parts.items() if each != key]
        if self._number[key[0]] + sum(uid == key[0] for uid, _ in parts) >= _MAX_CONTENTS:
            raise ReceivingError(
                f"{_MAX_CONTENTS} files of one user are here already; wait until they are delivered"
            )
        own = self._held[key[0]] + sum(at for uid, at in parts if uid == key[0])
        of_all = self._held.total() + sum(at for _, at in parts)
        if own + size > limit or of_all + size > self._max:
            raise ReceivingError(
                f"{size} bytes more than {own} are too many to be brought at a time, {limit // MIB} MiB may be;"
                " see cp_upload_mib in the master's configuration"
            )

    def _find(self, uid: int, digest: bytes, size: int) -> Brought:
        content = self._contents.get((uid, digest))
        if content is None or content.found.size != size:
            raise ReceivingError("the files are not on the master any more; run shoal-cp again")
        try:
            fd = open_found(content.found)
            try:
                data = os.pread(fd, size, 0)
            finally:
                os.close(fd)
        except OSError:
            raise ReceivingError("the files cannot be read any more; run shoal-cp again") from None
        keys = {(uid, digest), *((uid, info.digest) for info in read_parcel(data) if not info.is_dir)}
        if not keys <= self._contents.keys():
            raise ReceivingError("some of the files are not on the master any more; run shoal-cp again")
        return keys

    def _forget(self, key: Key) -> None:
        content = self._contents.pop(key)
        self._held[key[0]] -= content.found.size
        self._number[key[0]] -= 1
        self._thread.submit(_remove, self._path(key))

    def _path(self, key: Key, *folders: str) -> Path:
        return self._folder.joinpath(str(key[0]), *folders, key[1].hex())


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
