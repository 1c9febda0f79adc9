"""A helper process that is spoken to in JSON lines and ends when its stdin does, whatever becomes of us."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


class Child:
    """`python -m module`, with a first line that says what to do."""

    def __init__(self, module: str, plan: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
        )
        self.write(plan)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def write(self, message: dict[str, Any]) -> None:
        """Send a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def read(self) -> dict[str, Any]:
        """Return the next line. Raises AssertionError when the process has ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self._process.args!r} ended with {self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a line and return the answer."""
        self.write(message)
        return self.read()

    def hang_up(self) -> None:
        """Let it end; `close` waits for that."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def close(self) -> None:
        """End it."""
        self.hang_up()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
