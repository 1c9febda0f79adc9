"""A fork whose child keeps one pipe to its parent: what all children of the executor begin with."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import NoReturn

Pipe = tuple[int, int]  # the reading and the writing end


def fork_with_pipe(be_child: Callable[[Pipe], NoReturn]) -> tuple[int, int]:
    """Return pid and the readable, non-blocking end of the pipe; the child has both. Raises OSError."""
    read_fd, write_fd = os.pipe()
    # Until the child has handlers of its own, a SIGTERM to it would reach the executor through the pipe
    # that both wake up by.
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    try:
        pid = os.fork()
        if pid == 0:
            be_child((read_fd, write_fd))
    except OSError:
        os.close(read_fd)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM,))
        os.close(write_fd)
    os.set_blocking(read_fd, False)
    return pid, read_fd
