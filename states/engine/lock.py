"""One run of states at a time: a lock on an open file, which goes with its process however that ends.

Who holds it is in the file, for the message; `show_*` functions and test runs do not take it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shoal.errors import ModuleError

_MAX_NOTE: Final = 200
_LOOK_S: Final = 0.5


@contextmanager
def sole_run(
    folder: Path, note: str, *, wait_s: float = 0.0, sleep: Callable[[float], None] = time.sleep
) -> Iterator[None]:
    """Hold the lock; `note` says who. With `wait_s` wait that long for another run to end. Raises ModuleError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        while not _taken(fd):
            if wait_s <= 0:
                raise ModuleError(f"another run of states is under way: {_read(fd)}")
            sleep(_LOOK_S)
            wait_s -= _LOOK_S
        os.ftruncate(fd, 0)
        os.pwrite(fd, note.encode()[:_MAX_NOTE], 0)
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def running(folder: Path) -> str:
    """Return who runs states now, "" for nobody."""
    try:
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return ""
    try:
        return "" if _taken(fd) else _read(fd)
    finally:
        os.close(fd)


def _taken(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(fd: int) -> str:
    return os.pread(fd, _MAX_NOTE, 0).decode("utf-8", "replace") or "it does not say which"
