"""Forks the child of a job, so that it holds nothing of the executor but its pipe."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from typing import NoReturn

from minion.executor import child
from minion.executor.control import Post
from minion.executor.pipe_fork import Pipe, fork_with_pipe
from minion.executor.settings import ExecutorSettings
from modules.context import Context
from shoal.job import Job


class Forker:
    """Starts children; `release` closes, in the child, what belongs to the executor."""

    def __init__(self, release: Callable[[], None]) -> None:
        self._release = release

    def fork(
        self,
        job: Job,
        make_context: Callable[[Post], Context],
        settings: ExecutorSettings,
        since: float = 0.0,
    ) -> tuple[int, int]:
        """Return pid and the readable, non-blocking end of the pipe; `since`: see `call.py`. Raises OSError."""
        return fork_with_pipe(lambda pipe: self._be_child(job, make_context, pipe, settings, since))

    def _be_child(
        self,
        job: Job,
        make_context: Callable[[Post], Context],
        pipe: Pipe,
        settings: ExecutorSettings,
        since: float,
    ) -> NoReturn:
        try:
            gc.freeze()  # or the first collection would copy every page of the parent's heap
            os.close(pipe[0])
            self._release()
        except BaseException:
            os._exit(child.EXIT_BROKEN)
        child.run(job, make_context, pipe[1], settings, since)
