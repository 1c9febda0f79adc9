"""Programs on a PATH of the test's own. Each writes down how it was called and says what it was told to say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class FakePrograms:
    """A folder of fakes, first on the PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._bin, self._calls = folder / "bin", folder / "calls"
        self._bin.mkdir()
        monkeypatch.setenv("PATH", f"{self._bin}:{os.environ['PATH']}")

    def add(self, name: str, says: str = "", retcode: int = 0, does: str = "") -> None:
        """Make a program that prints `says`, runs the shell line `does` and ends with `retcode`."""
        said = self._bin / f".{name}.says"
        said.write_text(says)
        path = self._bin / name
        path.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@" END >> {self._calls}\n'
            f"{does}\ncat {said}\nexit {retcode}\n"
        )
        path.chmod(0o755)

    def calls(self) -> list[list[str]]:
        """Return the argv of each call, in order."""
        if not self._calls.exists():
            return []
        return [each.split("\n") for each in self._calls.read_text().removesuffix("\nEND\n").split("\nEND\n")]


def only_these(monkeypatch: pytest.MonkeyPatch, programs: FakePrograms) -> None:
    """Hide the box's own programs, but for what the fakes need."""
    for name in ("basename", "cat", "sh"):
        real = next(p for p in (Path("/bin", name), Path("/usr/bin", name)) if p.exists())
        (programs._bin / name).symlink_to(real)
    monkeypatch.setenv("PATH", str(programs._bin))
