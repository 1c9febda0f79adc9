"""`command`: a program of the operator's that prints a box's pillar as JSON or YAML.

An argv list, never a shell; the box's id is added as one more argument. The program gets a bare environment; its
time and output are bounded. What it writes to stderr goes nowhere.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, Any, Final

from shoal.errors import RenderError
from shoal.render.yaml import load_yaml

MAX_BYTES: Final = 4 * 1024 * 1024
_CHUNK: Final = 64 * 1024


class Command:
    """See the module docstring."""

    def __init__(self, argv: Sequence[str], timeout_s: float) -> None:
        self._argv = tuple(argv)
        self._timeout_s = timeout_s

    def fetch(self, minion: str, tags: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the program says of a box. Raises RenderError."""
        data = self._run(minion)
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._error("its output is not UTF-8") from None
        value = load_yaml(text, f"output of {self._argv[0]}").value or {}
        if not isinstance(value, dict):
            raise self._error(f"it must print a map, not a {type(value).__name__}")
        return value

    def _run(self, minion: str) -> bytes:
        try:
            process = subprocess.Popen(
                [*self._argv, minion],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise self._error(f"cannot be started: {error.strerror}") from None
        try:
            assert process.stdout is not None
            data = self._read(process.stdout)
            retcode = process.wait(1.0)
        except subprocess.TimeoutExpired:
            raise self._error("closed its output and goes on") from None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # it, or what it has left behind
            assert process.stdout is not None
            process.stdout.close()
            process.wait()
        if retcode != 0:
            raise self._error(f"ended with return code {retcode}")
        return data

    def _read(self, stream: IO[bytes]) -> bytes:
        data = bytearray()
        deadline = time.monotonic() + self._timeout_s
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0 or not selector.select(left):
                    raise self._error(f"did not end within {self._timeout_s:g} s")
                chunk = os.read(stream.fileno(), _CHUNK)
                if not chunk:
                    return bytes(data)
                data += chunk
                if len(data) > MAX_BYTES:
                    raise self._error(f"prints more than {MAX_BYTES} bytes")

    def _error(self, why: str) -> RenderError:
        return RenderError(f"ext_pillar: command {self._argv[0]}: {why}")
