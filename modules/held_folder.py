"""The folder of a file that is about to be written, held open: what happens in it cannot be led elsewhere.

1. The way there is walked as `way.py` says: root writes into a home and is not led out of it by a link.
2. Whoever edits holds the folder's lock, so that two jobs do not lose each other's change. The lock is a courtesy:
   anybody may hold it, so it is waited for only a short while.
3. Owner and mode are given to what is held, not to a name.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modules.way import Way

_PATIENCE_S: Final = 5.0
_LONGEST_NAP_S: Final = 0.1


@contextmanager
def entered(path: Path, *, makedirs: bool = False, locked: bool = True) -> Iterator[tuple[int, Path]]:
    """Give the folder in which a write to `path` ends, links followed, and the file's true path there.

    With `makedirs` folders that are missing are made. Raises OSError, and ModuleError for a link not to be followed.
    """
    way = Way(makedirs=makedirs)
    try:
        name = way.to_name(path)
        folder = way.opened()
    finally:
        way.close()
    try:
        if locked:
            lock(folder)
        yield folder, Path("/", *way.names, name)
    finally:
        os.close(folder)


@contextmanager
def entered_below(
    base: Path, below: Sequence[str] = (), *, makedirs: bool = False, locked: bool = True
) -> Iterator[int]:
    """Give the folder `below` a folder; from `base` on what is missing is made, and no link is followed.

    With `makedirs` `base` is made too. Raises OSError, ModuleError.
    """
    way = Way(makedirs=makedirs)
    try:
        way.to_folder(base)
        way.below(below)
        folder = way.opened()
    finally:
        way.close()
    try:
        if locked:
            lock(folder)
        yield folder
    finally:
        os.close(folder)


@contextmanager
def held(path: Path) -> Iterator[Path]:
    """Hold what `path` leads to, links followed, and give a path in /proc that stays the same thing.

    Raises OSError, ModuleError.
    """
    way = Way()
    try:
        thing = way.to_thing(path)
    finally:
        way.close()
    try:
        yield Path(f"/proc/self/fd/{thing}")
    finally:
        os.close(thing)


def make_folders(path: Path, dress: Callable[[int], None]) -> list[Path]:
    """Make a folder and those above it, and return which; `dress` gives each, by descriptor, its owner and mode.

    Raises OSError, ModuleError.
    """
    way = Way(makedirs=True, dress=dress)
    try:
        way.to_folder(path)
    finally:
        way.close()
    return way.made


def lock(folder: int) -> None:
    """Hold the lock of a folder that is open, until it is closed; a stranger's is waited for a short while."""
    deadline, nap = time.monotonic() + _PATIENCE_S, 0.005
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                return  # a stranger holds it
        except OSError:
            return  # a file system without locks
        time.sleep(nap)
        nap = min(nap * 2, _LONGEST_NAP_S)
