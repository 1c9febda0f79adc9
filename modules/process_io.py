"""Feeds a started process its input and reads its output, within bounds of size and time."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from typing import Any, Final

from modules.context import Telling
from modules.kept_output import KeptOutput

_AFTER_EXIT_S: Final = 1.0  # how long to read on when a background child keeps the output open
_POLL_S: Final = 0.2  # how soon an exit is noticed behind a background child
_CHUNK: Final = 65536


class Exchange:
    """The pipes of one process. `out` and `err` keep what it says."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        given: str | bytes,
        out: KeptOutput,
        err: KeptOutput,
        telling: Telling | None = None,
    ) -> None:
        self._process = process
        self._telling = telling
        self._sinks = {process.stdout: out, process.stderr: err}
        self._input = memoryview(
            given.encode("utf-8", "surrogateescape") if isinstance(given, str) else given
        )

    def until(self, deadline: float) -> bool:
        """Return True when the process has ended, False when monotonic `deadline` (0 = none) came first.

        A process has also ended when it leaves a child behind that holds the output open: a second later.
        """
        enough = 0.0  # when to stop reading although the output is still open
        with self._selector() as selector:
            while selector.get_map():
                now = time.monotonic()
                if not enough and self._process.poll() is not None:
                    enough = now + _AFTER_EXIT_S
                limit = enough or deadline
                if limit and now >= limit:
                    return bool(enough)
                for key, _ in selector.select(min(_POLL_S, limit - now) if limit else _POLL_S):
                    self._move(selector, key.fileobj)
                if self._telling is not None:
                    self._telling.breathe()
        return self._reap(deadline)

    def drain(self, seconds: float) -> None:
        """Read on until everybody has closed the output, for at most so long; write nothing any more."""
        until = time.monotonic() + seconds
        with self._selector(write=False) as selector:
            while selector.get_map() and (left := until - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    self._move(selector, key.fileobj)

    def _selector(self, *, write: bool = True) -> selectors.BaseSelector:
        process = self._process
        selector = selectors.DefaultSelector()
        for pipe in (process.stdout, process.stderr):
            if pipe and not pipe.closed:
                selector.register(pipe, selectors.EVENT_READ)
        if write and process.stdin:
            os.set_blocking(process.stdin.fileno(), False)  # or a process that does not read would hold us
            selector.register(process.stdin, selectors.EVENT_WRITE)
        return selector

    def _reap(self, deadline: float) -> bool:
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()) if deadline else None)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _move(self, selector: selectors.BaseSelector, pipe: Any) -> None:
        sink = self._sinks.get(pipe)
        done = self._read(pipe.fileno(), sink) if sink else self._write(pipe.fileno())
        if done:
            selector.unregister(pipe)
            pipe.close()

    def _read(self, descriptor: int, sink: KeptOutput) -> bool:
        data = os.read(descriptor, _CHUNK)
        sink.add(data)
        if self._telling is not None:
            self._telling.output(data)
        return not data

    def _write(self, descriptor: int) -> bool:
        try:
            self._input = self._input[os.write(descriptor, self._input[:_CHUNK]) :]
        except BlockingIOError:
            return False
        except BrokenPipeError:  # it does not want to read on; that is its business
            return True
        return not self._input
