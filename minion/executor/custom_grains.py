"""Runs the files of custom grains, each in a child of its own and within a time limit, one after the other.

A file that hangs, crashes or says too much costs its own grains only. While a round runs, a wish for another
one waits for its end; of several the last counts. The children's exits are reaped by whoever owns the process.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from minion.executor import custom_child, grains_files
from minion.executor.custom_file import CustomFile
from minion.executor.settings import ExecutorSettings
from minion.loop import Loop, Timer
from shoal.errors import WireError
from shoal.frames import FrameReader
from shoal.wire import Fields, encode

log = logging.getLogger(__name__)

LIMIT_S: Final = 10.0  # for each file
MAX_FILES: Final = 64
MAX_ALL_BYTES: Final = (
    2 * grains_files.MAX_BYTES
)  # of all files; with the other grains it must fit one message
_MAX_FRAME: Final = grains_files.MAX_BYTES + 64 * 1024  # grains and a hundred errors
_READ: Final = 64 * 1024

OnDone = Callable[["dict[str, Any]", "list[str]"], None]  # grains, and what went wrong


class CustomGrains:
    """One round at a time; `on_done` is called at the end of each."""

    def __init__(
        self, loop: Loop, settings: ExecutorSettings, release: Callable[[], None], on_done: OnDone
    ) -> None:
        self.settings = settings  # the limits that hold for the children
        self._loop = loop
        self._release = release
        self._on_done = on_done
        self._next: tuple[Sequence[CustomFile], Mapping[str, Any]] | None = None
        self._files: list[CustomFile] = []
        self._base: dict[str, Any] = {}
        self._grains: dict[str, Any] = {}
        self._errors: list[str] = []
        self._reader = FrameReader()
        self._timer: Timer | None = None
        self._stopped = False
        self._busy = False  # a round runs, or is between two files
        self._pid = 0
        self._fd = -1

    def start(self, files: Sequence[CustomFile], grains: Mapping[str, Any]) -> None:
        """Run these files, in this order; `grains` is what they are told of the box."""
        self._next = (files, grains)
        if not self._busy:
            self._begin()

    def stop(self) -> None:
        """End what runs; nothing is told of it."""
        self._stopped = True
        if self._pid:
            self._kill()
            self._close()

    def release(self) -> None:
        """Close the pipe only: in a child of somebody else."""
        if self._fd >= 0:
            os.close(self._fd)

    def _begin(self) -> None:
        assert self._next is not None
        files, base = self._next
        self._next = None
        self._busy = True
        self._files, self._base = list(files[:MAX_FILES]), dict(base)
        self._grains, self._errors = {}, []
        if len(files) > MAX_FILES:
            self._errors.append(f"{files[MAX_FILES].name}: only the first {MAX_FILES} files are run")
        self._loop.call_soon(self._one)  # `on_done` is never called from within `start`

    def _one(self) -> None:
        """Start the next file, or tell what all have said."""
        if self._stopped:
            return  # half of the grains would look like all
        if not self._files:
            self._busy = False
            self._on_done(self._grains, self._errors)
            if self._next is not None:
                self._begin()
            return
        file = self._files.pop(0)
        try:
            known = {**self._base, **self._grains}
            self._pid, self._fd = custom_child.fork(file, known, self.settings, self._release)
        except OSError as error:
            self._errors.append(f"{file.name}: no process can be started: {error.strerror}")
            self._loop.call_soon(self._one)
            return
        self._reader = FrameReader(_MAX_FRAME)
        self._loop.watch(self._fd, partial(self._readable, file))
        self._timer = self._loop.call_later(LIMIT_S, partial(self._timed_out, file))

    def _readable(self, file: CustomFile) -> None:
        try:
            data = os.read(self._fd, _READ)
        except BlockingIOError:
            return
        try:
            for message in self._reader.feed(data):
                self._take(file, message)
                self._done()
                return
        except WireError as error:
            self._errors.append(f"{file.name}: {error}")
            self._kill()
            self._done()
            return
        if not data:
            self._errors.append(f"{file.name}: its process ended before it had an answer")
            self._done()

    def _take(self, file: CustomFile, message: dict[str, Any]) -> None:
        fields = Fields(message, "custom grains")
        found, errors = fields.mapping("grains", 2000), fields.texts("errors", 100, 1000)
        fields.done()
        self._errors += errors
        whole = {**self._grains, **found}
        if len(encode(whole)) > MAX_ALL_BYTES:
            self._errors.append(
                f"{file.name}: with its grains all would have more than {MAX_ALL_BYTES} bytes"
            )
        else:
            self._grains = whole

    def _timed_out(self, file: CustomFile) -> None:
        self._errors.append(f"{file.name}: it took longer than {LIMIT_S:g} s and was killed")
        self._kill()
        self._done()

    def _done(self) -> None:
        self._close()
        self._loop.call_soon(self._one)

    def _kill(self) -> None:
        """Kill the child and what it has started; its session may not be there yet, then it has started nothing."""
        for kill in (os.killpg, os.kill):
            try:
                kill(self._pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass  # it is gone

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._loop.unwatch(self._fd)
        os.close(self._fd)
        self._pid, self._fd = 0, -1


def gather_now(files: Sequence[CustomFile], grains: Mapping[str, Any]) -> dict[str, Any]:
    """Run these files and wait for their grains, for a call without a daemon; errors are logged."""
    loop = Loop()
    told: dict[str, Any] = {}

    def done(found: dict[str, Any], errors: list[str]) -> None:
        for error in errors:
            log.warning("custom grains: %s", error, extra={"action": "custom_grains_failed"})
        told.update(found)
        loop.stop()

    CustomGrains(loop, ExecutorSettings(minion_id=""), lambda: None, done).start(files, grains)
    loop.run()
    loop.close()
    return told
