"""A PATH of its own with small scripts that write down how they were started and print what was recorded."""

from __future__ import annotations

from pathlib import Path


class RecordedPrograms:
    """The folder of scripts. They may use only what the shell itself has: nothing else is on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.folder.mkdir()
        self._log = folder.parent / "calls.log"

    def add(self, name: str, body: str = "") -> None:
        """Put a program on the PATH, or another one in its place. `$*` is what it was started with."""
        write_down = (
            f"{{ printf %s '{name}'; for word; do printf '\\t%s' \"$word\"; done; echo; }} >> '{self._log}'"
        )
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{write_down}\n{body}\n")
        path.chmod(0o755)

    def calls(self, name: str) -> list[list[str]]:
        """Return the arguments of each start of a program."""
        if not self._log.exists():
            return []
        rows = [line.split("\t") for line in self._log.read_text().splitlines()]
        return [row[1:] for row in rows if row[0] == name]

    def shown(self, text: str) -> str:
        """Return a body that prints `text`."""
        return f"while IFS= read -r line; do printf '%s\\n' \"$line\"; done <<'END'\n{text}\nEND"
