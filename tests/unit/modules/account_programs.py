"""Programs of a test's own, on a PATH of its own: each remembers how it was called and says what it was told to."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_SCRIPT = """#!{python}
import json, sys
said = json.load(open({plan!r}))
text = sys.stdin.read() if said["reads"] else ""
with open({log!r}, "a") as log:
    log.write(json.dumps([said["name"], *sys.argv[1:], *([{{"stdin": text}}] if text else [])]) + chr(10))
sys.stdout.write(said["out"])
sys.stderr.write(said["err"])
sys.exit(said["code"])
"""


@dataclass
class FakePrograms:
    """A folder of fakes; `calls` is what they were called with, the name first."""

    folder: Path

    def add(self, name: str, *, out: str = "", err: str = "", code: int = 0) -> None:
        """Put a program there, or change what it says."""
        plan = self.folder / f".{name}.json"
        plan.write_text(json.dumps({"name": name, "out": out, "err": err, "code": code, "reads": True}))
        path = self.folder / name
        path.write_text(_SCRIPT.format(python=sys.executable, plan=str(plan), log=str(self._log)))
        path.chmod(0o755)

    @property
    def calls(self) -> list[list[object]]:
        """Every call so far."""
        return [json.loads(line) for line in self._log.read_text().splitlines()] if self._log.exists() else []

    @property
    def _log(self) -> Path:
        return self.folder / ".log"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """Nothing but fakes is on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setitem(os.environ, "PATH", str(folder))
    return FakePrograms(folder)
