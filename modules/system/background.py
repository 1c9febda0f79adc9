"""Takes the box down where there is no systemd: a program waits in the background.

`shutdown +N` of sysvinit and OpenRC waits in the foreground and knows only minutes; busybox has no `shutdown`, but
its `reboot -d SECONDS` waits likewise. `start-stop-daemon`, which all of these have, puts it into the background,
out of the job's session. What was started is written down in /run, which a boot empties.
"""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Final

from modules import shell
from modules.system.contract import Action, Pending
from modules.system.small_file import read_small
from modules.text_file import write_text
from shoal.errors import ModuleError, UnavailableError

RUN: Final = Path("/run")
PROC: Final = Path("/proc")
_PID_FILE: Final = "shoal-shutdown.pid"
_NOTE: Final = "shoal-shutdown.json"
_TIMEOUT_S: Final = 60.0
_OPTIONS: Final[dict[Action, tuple[str, ...]]] = {
    "halt": ("-h", "-H"),
    "poweroff": ("-h", "-P"),
    "reboot": ("-r",),
}


class Background:
    """A box whose init system cannot wait for us."""

    def schedule(self, action: Action, delay_s: int, now: int) -> Pending:
        """Start who waits. With `shutdown` the delay is whole minutes, rounded up. Raises ModuleError."""
        program, words, real_s = _waiter(action, delay_s)
        pid_file = RUN / _PID_FILE
        pid_file.unlink(missing_ok=True)
        argv = ("start-stop-daemon", "-S", "-b", "-m", "-p", str(pid_file), "-x", program, "--", *words)
        at = now + real_s
        write_text(RUN / _NOTE, json.dumps({"action": action, "at": at}), mode=0o600)
        shell.run(shell.Command(argv=argv, env={"LC_ALL": "C"}, timeout_s=_TIMEOUT_S)).must_succeed()
        return Pending(action=action, at=at, by="shoal")

    def pending(self) -> Pending | None:
        """Return what was started here, if it still waits."""
        if not self._pid():
            return None
        try:
            note = json.loads(read_small(RUN / _NOTE))
            return Pending(action=str(note["action"]), at=int(note["at"]), by="shoal")
        except (ValueError, KeyError, TypeError):
            return Pending(action="shutdown", at=0, by="shoal")

    def cancel(self) -> None:
        """End who waits. Raises ModuleError."""
        pid = self._pid()
        try:
            if pid:
                os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:  # by itself, just now
            pass
        except PermissionError:
            raise ModuleError(f"the minion may not end process {pid}, which waits for the shutdown") from None
        for name in (_PID_FILE, _NOTE):
            (RUN / name).unlink(missing_ok=True)

    @staticmethod
    def _pid() -> int:
        """Return the number of the process that waits, 0 if there is none: a number may be somebody else's now."""
        text = read_small(RUN / _PID_FILE).strip()
        if not text.isdigit():
            return 0
        words = read_small(PROC / text / "cmdline").split("\0")
        return (
            int(text)
            if {Path(word).name for word in words[:2]} & {"shutdown", "openrc-shutdown", *_OPTIONS}
            else 0
        )


def _waiter(action: Action, delay_s: int) -> tuple[str, tuple[str, ...], int]:
    """Return the program, its words, and the seconds that it will wait."""
    if not shell.which("start-stop-daemon"):
        raise UnavailableError(f"system.{action}", "there is neither systemd nor start-stop-daemon")
    if program := shell.which("shutdown"):
        minutes = -(-delay_s // 60)
        # OpenRC's own takes exactly one word for what to do; sysvinit's -H and -P only say how -h is meant.
        words = _OPTIONS[action][-1:] if _is(program, "openrc-shutdown") else _OPTIONS[action]
        return program, (*words, f"+{minutes}"), minutes * 60
    program = shell.which(action)
    if program and _is(program, "busybox"):
        return program, ("-d", str(delay_s)), delay_s
    raise UnavailableError(f"system.{action}", f"there is no shutdown, nor a {action} that can wait")


def _is(program: str, name: str) -> bool:
    return Path(program).resolve().name == name
