"""Programs that are alone on the PATH, print what was recorded, and remember how they were called."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = """#!{python} -SE
import json, os, sys
name = os.path.basename(sys.argv[0])
with open({calls!r}, "a") as file:
    file.write(json.dumps([name, *sys.argv[1:]]) + "\\n")
if not sys.stdin.isatty():
    given = sys.stdin.read()
    if given:
        open({stdin!r}, "a").write(given)
for number, (words, answers) in enumerate(json.load(open({table!r})).get(name, [])):
    if all(word in sys.argv for word in words):
        seen = f"{table}.{{name}}.{{number}}"
        count = os.path.getsize(seen) if os.path.exists(seen) else 0
        open(seen, "a").write("x")
        out, err, code = answers[min(count, len(answers) - 1)]
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
"""

Answer = tuple[str, str, int]


class ScriptedPrograms:
    """A folder of programs; one that was told nothing prints nothing and succeeds."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self._calls, self._stdin, self._table = folder / "calls", folder / "stdin", folder / "table"
        self._answers: dict[str, list[tuple[tuple[str, ...], tuple[Answer, ...]]]] = {}
        self.bin.mkdir()

    def add(self, *names: str) -> None:
        text = _SCRIPT.format(
            python=sys.executable, calls=str(self._calls), stdin=str(self._stdin), table=str(self._table)
        )
        for name in names:
            (self.bin / name).write_text(text)
            (self.bin / name).chmod(0o755)
        self._save()

    def say(self, line: str, *outs: str, err: str = "", code: int = 0) -> None:
        """Let the program of `line`, when all of its other words are given, print `outs`, one a call."""
        name, *words = line.split()
        answers: Any = tuple((out, err, code) for out in outs or ("",))
        self._answers.setdefault(name, []).insert(0, (tuple(words), answers))
        self.add(name)

    def calls(self, name: str = "") -> list[list[str]]:
        """Return the words of all calls; with `name` those of one program, without its name."""
        lines = self._calls.read_text().splitlines() if self._calls.exists() else []
        called = [json.loads(line) for line in lines]
        return [words[1:] for words in called if words[0] == name] if name else called

    def stdin(self) -> str:
        return self._stdin.read_text()

    def _save(self) -> None:
        self._table.write_text(json.dumps(self._answers))


def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedPrograms:
    """Return programs that are all that is on the PATH."""
    folder = tmp_path / "fakes"
    folder.mkdir()
    made = ScriptedPrograms(folder)
    monkeypatch.setenv("PATH", str(made.bin))
    return made
