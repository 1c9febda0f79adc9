"""The forked child that runs one file of custom grains: sends one frame, and is gone."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from minion.executor import grains_files, limits
from minion.executor.custom_file import CustomFile
from minion.executor.pipe_fork import Pipe, fork_with_pipe
from minion.executor.settings import ExecutorSettings
from shoal.frames import pack


def fork(
    file: CustomFile, grains: Mapping[str, Any], settings: ExecutorSettings, release: Callable[[], None]
) -> tuple[int, int]:
    """Return pid and the readable, non-blocking end of the pipe. Raises OSError.

    `release` closes, in the child, what belongs to its parent. The child leads its own session.
    """
    return fork_with_pipe(lambda pipe: _be_child(file, grains, settings, release, pipe))


def _be_child(
    file: CustomFile,
    grains: Mapping[str, Any],
    settings: ExecutorSettings,
    release: Callable[[], None],
    pipe: Pipe,
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
        found, errors = grains_files.gather(file, grains)
        data = memoryview(pack({"grains": found, "errors": errors[:100]}))
        while data:
            data = data[os.write(pipe[1], data) :]
        status = 0
    finally:
        os._exit(status)
