"""A terminal in which a program waits: what it has shown so far, as its user sees it."""

from __future__ import annotations

import os
import pty
import subprocess

from demo_fleet import BIN, DemoError, until

_CLEAR = "\r\x1b[K"  # back to the start of the line, and wipe it: the status line is redrawn so


class Terminal:
    """Runs one program of ours on a pseudo terminal."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self._screen, inside = pty.openpty()
        os.set_blocking(self._screen, False)
        self._program = subprocess.Popen(
            [str(BIN / words[0]), *words[1:]], stdin=inside, stdout=inside, stderr=inside, env=environment
        )
        os.close(inside)
        self._text = ""
        self._taken = 0

    def wait_for(self, text: str) -> None:
        """Wait until the program has shown `text`."""

        def shown() -> bool:
            self._read()
            if text not in self._text and self._program.poll() is not None:
                raise DemoError(f"the waiting program ended without showing {text!r}: {self._text!r}")
            return text in self._text

        until(f"{text!r} on the terminal", shown)

    def look(self) -> str:
        """Return the lines that are new since the last look, the status line as it stands now."""
        self._read()
        fresh, self._taken = self._text[self._taken :], len(self._text)
        lines = fresh.replace("\r\n", "\n").split("\n")
        return "\n".join(line.rpartition(_CLEAR)[2] for line in lines)

    def finish(self) -> int:
        """Wait until the program ends, and return its exit code."""
        until("the waiting program to end", lambda: self._program.poll() is not None)
        self._read()
        return int(self._program.returncode)

    def close(self) -> None:
        """End the program if it still runs."""
        if self._program.poll() is None:
            self._program.kill()
        self._program.wait()
        os.close(self._screen)

    def _read(self) -> None:
        try:
            while data := os.read(self._screen, 65536):
                self._text += data.decode("utf-8", "replace")
        except OSError:
            pass  # nothing more for now, or (EIO) the program has ended
