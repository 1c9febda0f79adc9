"""The forked child of one job: put itself under limits, call the function, send the result, be gone.

1. It leads its own session, adopts its function's strays, and holds nothing of the executor but one pipe.
2. SIGTERM and SIGINT become an `Interruption` inside the function, so that its `finally` blocks run; a second
   one is ignored, SIGKILL follows after the grace time anyway.
3. It always ends by `os._exit`: no exit handlers, no destructors of things the executor made.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any, Final, NoReturn

from minion.executor import limits
from minion.executor.call import Bounds, Interruption, call_function
from minion.executor.control import Post
from minion.executor.narrator import Narrator
from minion.executor.settings import ExecutorSettings
from modules.context import Context
from shoal.clock import SystemClock
from shoal.frames import pack
from shoal.job import Job

_INTERRUPTING: Final = (signal.SIGTERM, signal.SIGINT)
_UMASK: Final = 0o022  # of what a job makes, as in Salt; the minion's own files have theirs
EXIT_BROKEN: Final = 70  # our own mistake; see the box's log
EXIT_OUT_OF_MEMORY: Final = 71  # not even the explanation could be made
EXIT_TERMINATED: Final = 72  # by SIGTERM, before or after the function ran
EXIT_NO_PIPE: Final = 74  # the function closed our pipe, or the executor is gone


def run(
    job: Job,
    make_context: Callable[[Post], Context],
    pipe_fd: int,
    settings: ExecutorSettings,
    since: float,
) -> NoReturn:
    """Run `job` in this process, which is the child already, and end the process; `since`: see `call.py`."""
    status = 0
    try:
        pipe = Pipe(pipe_fd)
        os.setsid()
        os.umask(_UMASK)
        _listen_for_term()
        limits.adopt_strays()
        limits.apply(settings)
        bounds = Bounds(
            output_max_bytes=settings.output_max_bytes,
            memory_max_bytes=settings.memory_max_bytes,
            disabled=settings.disabled,
        )
        ctx = make_context(pipe.post)
        narrator = Narrator(job.jid, pipe.offer, SystemClock().monotonic)
        if job.stream:
            ctx = replace(ctx, telling=narrator)
        ending = call_function(job, ctx, bounds, since)
        _ignore_from_now_on()
        for text in ctx.registry.altered():
            ctx.daemon.request("altered", text=text)
        narrator.finish()
        pipe.post(ending.to_wire())
    except Interruption:
        status = EXIT_TERMINATED
    except MemoryError:
        status = EXIT_OUT_OF_MEMORY
    except OSError:
        status = EXIT_NO_PIPE
    except BaseException as error:  # the last line of defence: the executor's code must never run on in here
        logging.getLogger(__name__).error("job child failed", exc_info=error, extra={"action": "job_child"})
        status = EXIT_BROKEN
    finally:
        _flush()
        os._exit(status)


class Pipe:
    """The way to the executor, for this process only."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pid = os.getpid()
        self._is = _identity(fd)
        self._lock = threading.Lock()  # a function may have threads that ask for something

    def post(self, message: dict[str, Any]) -> None:
        """Write `message`. Raises OSError if the pipe is not ours any more."""
        if os.getpid() != self._pid:
            # The function forked and its child came back here as well: only the first may answer.
            os._exit(0)
        if _identity(self._fd) != self._is:
            raise OSError("the function closed the result pipe")
        data = memoryview(pack(message))
        with self._lock:
            while data:
                data = data[os.write(self._fd, data) :]

    def offer(self, message: dict[str, Any]) -> bool:
        """Write `message` if there is room for it now; False when it was dropped."""
        data = pack(message)
        if os.getpid() != self._pid or len(data) > select.PIPE_BUF or not self._lock.acquire(blocking=False):
            return False
        try:
            # A pipe that can be written takes PIPE_BUF bytes, all at once.
            if _identity(self._fd) != self._is or not self._has_room():
                return False
            return os.write(self._fd, data) == len(data)
        except OSError:  # the function closed it
            return False
        finally:
            self._lock.release()

    def _has_room(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(0))


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _listen_for_term() -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number in _INTERRUPTING:
        signal.signal(number, _interrupted)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _interrupted(number: int, _frame: FrameType | None) -> None:
    _ignore_from_now_on()
    raise Interruption("killed", f"The job's process was sent {signal.Signals(number).name}.")


def _ignore_from_now_on() -> None:
    for number in _INTERRUPTING:
        signal.signal(number, _ignore)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing. Unlike SIG_IGN it is not handed on to programs the function starts."""


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: S110  a closed or full stream is no reason to hang on
            pass
