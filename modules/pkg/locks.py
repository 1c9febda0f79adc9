"""Waits for the locks of other package programs, and says who holds one. Never takes or breaks a lock.

The holder is asked of the kernel (F_GETLK, and /proc/locks for flock), because a lock file is there whether
it is locked or not.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shoal.errors import CommandError

_PAUSE_S: Final = 1.0
_FLOCK: Final = "hhqqi"  # struct flock with 64-bit offsets: type, whence, start, length, pid
_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a lock; pid 0 if it is out of our sight, as in another container."""

    path: str
    pid: int
    program: str

    def shown(self) -> str:
        """Return `PATH by process 12 (apt-get)`."""
        who = f"process {self.pid}" if self.pid > 0 else "a process out of sight"
        return f"{self.path} by {who}" + (f" ({self.program})" if self.program else "")


def holder(path: str) -> Holder | None:
    """Return who holds a lock on the file, None if nobody does."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None  # no such file, so no lock; or we may not look, then the program itself will tell
    try:
        pid = _record_lock(fd)
        if pid is None:
            pid = _whole_file_lock(os.fstat(fd))
    finally:
        os.close(fd)
    return None if pid is None else Holder(path=path, pid=pid, program=program_of(pid))


def wait_until_free(
    paths: Sequence[str],
    seconds: float,
    tell: Callable[[str], None],
    *,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return when nobody holds a lock. Raises CommandError, naming the holder, when that takes too long."""
    deadline = now() + seconds
    told: Holder | None = None
    while found := next(filter(None, map(holder, paths)), None):
        if now() >= deadline:
            raise CommandError(
                f"the package manager is busy: {found.shown()} is locked after {seconds:g} seconds; "
                "try again later or give a larger lock_timeout"
            )
        if found != told:
            tell(f"waiting for {found.shown()}")
            told = found
        pause(_PAUSE_S)


def program_of(pid: int) -> str:
    """Return the name of a running program, "" if it cannot be told."""
    try:
        return (_PROC / str(pid) / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        return ""


def _record_lock(fd: int) -> int | None:
    question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0).ljust(64, b"\0")
    try:
        answer = fcntl.fcntl(fd, fcntl.F_GETLK, question)
    except OSError:
        return None
    kind, _, _, _, pid = struct.unpack_from(_FLOCK, answer)
    return None if kind == fcntl.F_UNLCK else int(pid)


def _whole_file_lock(of: os.stat_result) -> int | None:
    """Return the pid of a flock; /proc/locks has lines `7: FLOCK ADVISORY WRITE 812 08:01:131 0 EOF`."""
    place = f"{os.major(of.st_dev):02x}:{os.minor(of.st_dev):02x}:{of.st_ino}"
    try:
        lines = (_PROC / "locks").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for words in map(str.split, lines):
        if len(words) == 8 and words[1] == "FLOCK" and words[5] == place:
            return int(words[4])
    return None
