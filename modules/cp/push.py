"""Files of the box, pushed to the master: below `minions/ID/files` in its cache, if it takes any (`file_recv`).

A file is sent piece by piece, and goes on from what the master has after whatever came between. It takes its place
there when it is whole and its digest is right. What is appended while it is sent is left out.
"""

from __future__ import annotations

import os
import stat
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.file.place import absolute, explained, shown
from shoal.errors import ArgumentError, ModuleError, WireError
from shoal.files.digest import Digest
from shoal.files.names import check_name
from shoal.files.piece import PUSH_BYTES, Arrived, Piece
from shoal.files.roots import Stamp, stamp_of
from shoal.functions.function import function

_TRIES: Final = 3  # for a file that changes while it is sent
_IDLE: Final = 10  # answers in a row after which the master has no more than before
_READ: Final = 1024 * 1024
_FIRST_BYTES: Final = 32 * 1024
_LEAST_BYTES: Final = 8 * 1024
_SOON_S: Final = 0.3
_LATE_S: Final = 1.0


@function
def push(
    ctx: Context,
    path: str,
    keep_symlinks: bool = False,
    upload_path: str = "",
    remove_source: bool = False,
) -> bool:
    """Send a file of the box to the master, which keeps it below `minions/ID/files` in its cache.

    It has its path there, or `upload_path`; with `keep_symlinks` the path as it was given, not where its links lead.
    With `remove_source` the file is removed here once the master has it on its disk, unless it has changed since.
    The master must have `file_recv: True`.

    CLI Example:

        shoal '*' cp.push /etc/fstab
        shoal '*' cp.push /var/log/app.log upload_path=/logs/app.log
    """
    given = absolute(path)
    real = Path(os.path.realpath(given))
    name = _name(upload_path or (os.path.normpath(given) if keep_symlinks else str(real)))
    sent = _send(ctx, real, name)
    if remove_source:
        with explained(given, "removed"):
            if stamp_of(real.stat()) != sent:
                raise ModuleError(f"{shown(given)} has changed since it was sent; it was not removed")
            given.unlink()
    return True


@function(replay="safe")
def push_dir(ctx: Context, path: str, glob: str = "", upload_path: str = "") -> bool:
    """Send the files of a folder and all below it to the master, or those whose names fit a glob.

    Symbolic links are left out, unlike in Salt: who may write to the folder could let root read any file.

    CLI Example:

        shoal '*' cp.push_dir /etc/network glob='*.conf'
        shoal '*' cp.push_dir /var/log/app upload_path=/logs
    """
    top = absolute(path)
    if top.is_file():
        return push(ctx, path, upload_path=upload_path)
    with explained(top, "read"):
        os.scandir(top).close()
    found = [each for each in _files(top) if not glob or fnmatchcase(each.name, glob)]
    if not found:
        raise ModuleError(f"{shown(top)} has no file {shown(glob)}".rstrip())
    above = upload_path or str(top)
    for number, each in enumerate(found, 1):
        _send(ctx, each, _name(f"{above}/{each.relative_to(top)}"))
        ctx.progress(f"{number} of {len(found)}")
    return True


def _files(top: Path) -> list[Path]:
    paths = [Path(folder, name) for folder, _, names in os.walk(top) for name in names]
    return sorted(path for path in paths if _is_regular(path))


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:  # it has gone since
        return False


def _name(path: str) -> str:
    """Return the name that the master gives it. Raises ArgumentError."""
    try:
        name = check_name(os.path.normpath(path).strip("/") if ".." not in path.split("/") else path)
    except WireError as error:
        raise ArgumentError(f"cp.push: {error}") from None
    if name in ("", "."):
        raise ArgumentError("cp.push: a name on the master is missing; upload_path ends with a file's name")
    return name


def _send(ctx: Context, path: Path, name: str) -> Stamp:
    """Send one file; return what tells the content that was sent from a later one. Raises ModuleError."""
    with explained(path, "read"):
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ModuleError(f"{shown(path)} is no regular file")
        with explained(path, "read"):
            left = _TRIES
            while True:
                before = stamp_of(os.fstat(fd))
                left -= 1
                try:
                    _Errand(ctx, fd, name).run()
                except ModuleError:
                    if not left or stamp_of(os.fstat(fd)) == before:
                        raise
                else:
                    return before
    finally:
        os.close(fd)


class _Errand:
    """One file on its way, as it is now."""

    def __init__(self, ctx: Context, fd: int, name: str) -> None:
        self._ctx = ctx
        self._fd = fd
        self._name = name
        self._size = os.fstat(fd).st_size
        self._digest = _digest(fd, self._size)
        self._length = _FIRST_BYTES

    def run(self) -> None:
        """Send what the master does not have, until it has all. Raises ModuleError, OSError."""
        # A large file may be there in part, from an earlier try: ask before anything is sent.
        arrived = self._put(0, self._size if self._size <= _FIRST_BYTES else 0)
        idle = 0
        while not arrived.whole:
            before = arrived.at
            arrived = self._put(before, min(self._length, self._size - before))
            idle = 0 if arrived.at > before else idle + 1
            if idle > _IDLE or arrived.at > self._size:
                raise ModuleError(
                    f"{self._name}: the master does not take more of it than {arrived.at} bytes"
                )

    def _put(self, at: int, length: int) -> Arrived:
        data = os.pread(self._fd, length, at)
        if len(data) != length:
            raise ModuleError(f"{self._name} has become shorter while it was sent")
        piece = Piece(name=self._name, digest=self._digest, size=self._size, at=at, data=data)
        began = time.monotonic()
        answer = self._ctx.master.ask("push", **piece.to_wire())
        self._adapt(time.monotonic() - began)
        try:
            return Arrived.from_wire(answer)
        except WireError as error:
            raise ModuleError(f"the master's answer cannot be read: {error}") from None

    def _adapt(self, took: float) -> None:
        """Send less at once on a slow line: heartbeats wait behind it."""
        if took < _SOON_S:
            self._length = min(PUSH_BYTES, self._length * 2)
        elif took > _LATE_S:
            self._length = max(_LEAST_BYTES, self._length // 2)


def _digest(fd: int, size: int) -> bytes:
    digest, at = Digest(), 0
    while at < size:
        chunk = os.pread(fd, min(_READ, size - at), at)
        if not chunk:
            raise ModuleError("the file has become shorter while it was read")
        digest.update(chunk)
        at += len(chunk)
    return digest.final()
