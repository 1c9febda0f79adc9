"""The forked child that runs one file of custom grains: sends one frame, and is gone."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from minion.executor import grains_files, limits
from minion.executor.settings import ExecutorSettings
from shoal.frames import pack


def fork(
    path: Path, grains: Mapping[str, Any], settings: ExecutorSettings, release: Callable[[], None]
) -> tuple[int, int]:
    """Return pid and the readable, non-blocking end of the pipe. Raises OSError.

    `release` closes, in the child, what belongs to its parent. The child leads its own session.
    """
    read_fd, write_fd = os.pipe()
    # As in `fork.py`: until the child has let go of its parent's wake-up pipe, SIGTERM must not reach it.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    try:
        pid = os.fork()
        if pid == 0:
            _be_child(path, grains, settings, release, (read_fd, write_fd))
    except OSError:
        os.close(read_fd)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
        os.close(write_fd)
    os.set_blocking(read_fd, False)
    return pid, read_fd


def _be_child(
    path: Path,
    grains: Mapping[str, Any],
    settings: ExecutorSettings,
    release: Callable[[], None],
    pipe: tuple[int, int],
) -> NoReturn:
    status = 1
    try:
        gc.freeze()  # or the first collection would copy every page of the parent's heap
        os.setsid()
        os.close(pipe[0])
        release()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        limits.apply(settings)
        found, errors = grains_files.gather(path, grains)
        data = memoryview(pack({"grains": found, "errors": errors[:100]}))
        while data:
            data = data[os.write(pipe[1], data) :]
        status = 0
    finally:
        os._exit(status)
