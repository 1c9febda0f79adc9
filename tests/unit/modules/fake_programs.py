"""Programs on a PATH of the test's own. Each writes down how it was called and says what it was told to say.

They are small shell scripts that need nothing but the shell, so that nothing else has to be on the PATH, and start
within a few milliseconds.
"""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import Final

import pytest

_CAT: Final = shutil.which("cat") or "/bin/cat"
_HEAD: Final = """\
#!/bin/sh
printf '%s\\0' "$#" "${{0##*/}}" "$@" >> {calls}
[ -c /dev/stdin ] || {cat} >> {stdin} 2>&-
given='
'
for word; do given="$given$word
"; done
has() {{ for wanted; do case $given in *"
$wanted
"*) ;; *) return 1 ;; esac; done; }}
"""
_RULE: Final = """\
if has {words}; then
{does}
{out}
printf %s {err} >&2
exit {code}
fi
"""


class FakePrograms:
    """A folder of programs; one that was told nothing prints nothing and succeeds.

    It is all that is on the PATH, or, with `alone=False`, the first folder there.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, alone: bool = True) -> None:
        self.bin = folder / "bin"
        self._notes = folder / ".programs"
        self._rules: dict[str, list[str]] = {}
        self.bin.mkdir(parents=True)
        self._notes.mkdir()
        monkeypatch.setenv("PATH", str(self.bin) if alone else f"{self.bin}:{os.environ['PATH']}")

    def add(self, *names: str) -> None:
        """Put programs there that are told nothing yet."""
        head = _HEAD.format(calls=self._path("calls"), stdin=self._path("stdin"), cat=_CAT)
        for name in names:
            script = head + "".join(reversed(self._rules.setdefault(name, [])))
            (self.bin / name).write_text(script, errors="surrogateescape")
            (self.bin / name).chmod(0o755)

    def say(self, line: str, *outs: str, err: str = "", code: int = 0, does: str = "") -> None:
        """Let the program of `line`, when all of its other words are given, print `outs`, one a call.

        Before that it runs the line of shell `does`. What was told last counts first.
        """
        name, *words = line.split()
        rules = self._rules.setdefault(name, [])
        out = self._print(outs or ("",), f"{name}.{len(rules)}")
        rule = _RULE.format(words=shlex.join(words), does=does, out=out, err=shlex.quote(err), code=code)
        rules.append(rule)
        self.add(name)

    def calls(self, name: str = "") -> list[list[str]]:
        """Return the words of all calls in order; with `name` those of one program, without its name."""
        path = self._notes / "calls"
        left = path.read_text(errors="surrogateescape").split("\0")[:-1] if path.exists() else []
        found = []
        while left:
            end = int(left[0]) + 2
            found.append(left[1:end])
            left = left[end:]
        return [words[1:] for words in found if words[0] == name] if name else found

    def stdin(self) -> str:
        """Return what all calls were given to read."""
        path = self._notes / "stdin"
        return path.read_text() if path.exists() else ""

    @staticmethod
    def printing(path: Path) -> str:
        """Return a line of shell that prints a file as it is by then."""
        return f"{_CAT} {shlex.quote(str(path))}"

    def _path(self, name: str) -> str:
        return shlex.quote(str(self._notes / name))

    def _print(self, outs: tuple[str, ...], rule: str) -> str:
        *firsts, last = [f"printf %s {shlex.quote(out)}" for out in outs]
        if not firsts:
            return last
        seen = self._path(rule)
        cases = "".join(f"{'x' * number or repr('')}) {each} ;;\n" for number, each in enumerate(firsts))
        count = f"seen=; [ ! -f {seen} ] || read -r seen < {seen}\nprintf x >> {seen}\n"
        return f"{count}case $seen in\n{cases}*) {last} ;;\nesac"
