"""An operator at work: programs that are watched while they run, and what they printed as data.

    with Watched(fleet, "shoal", "*", "test.sleep", "30") as job:
        job.until_out("web-1:")
        ...
        assert job.end() == 1

With `terminal=True` the program has a terminal, so that it shows a progress line, and keys can be pressed.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import tempfile
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final

from master.cli.client import Conversation
from tests.fleet import BIN, Fleet, until

EVERYONE: Final = ["db-1", "web-1", "web-2"]
_SIZE: Final = struct.pack("HHHH", 40, 110, 0, 0)  # rows, columns


class Watched:
    """One program of ours, running. `out` and `err` are what it has written so far."""

    def __init__(self, fleet: Fleet, program: str, *words: str, terminal: bool = False) -> None:
        argv = [str(BIN / program), "--root", str(fleet.master_root), *words]
        self._words = words
        self._keep = _Terminal() if terminal else _Files()
        self._child = subprocess.Popen(
            argv,
            stdin=self._keep.stdin,
            stdout=self._keep.stdout,
            stderr=self._keep.stderr,
            env={key: value for key, value in os.environ.items() if not key.startswith("SHOAL_")},
            preexec_fn=_default_interrupt,
        )
        self._keep.started()

    def __enter__(self) -> Watched:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        if error is not None:
            print(f"--- {' '.join(self._words)}\n{self.out}\n--- stderr\n{self.err}")
        self._keep.close()

    @property
    def out(self) -> str:
        """What came on stdout; with a terminal all that came."""
        return self._keep.out()

    @property
    def err(self) -> str:
        """What came on stderr; nothing with a terminal."""
        return self._keep.err()

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._child.poll() is None

    def until_out(self, text: str, timeout_s: float = 20.0) -> None:
        """Wait until `text` has been written on stdout."""
        until(f"{text!r} on stdout of {self._words}", lambda: text in self.out, timeout_s)

    def press(self, keys: str) -> None:
        """Press keys on the terminal's keyboard."""
        assert isinstance(self._keep, _Terminal)
        self._keep.press(keys)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._child.send_signal(signal.SIGINT)

    def end(self, timeout_s: float = 30.0) -> int:
        """Wait for its end and return its exit code."""
        code = self._child.wait(timeout_s)
        self._keep.ended()
        return code


class _Files:
    """Stdout and stderr in files of their own."""

    def __init__(self) -> None:
        self.stdin = subprocess.DEVNULL
        self.stdout = tempfile.TemporaryFile()  # noqa: SIM115 - until close()
        self.stderr = tempfile.TemporaryFile()  # noqa: SIM115

    def started(self) -> None: ...

    def ended(self) -> None: ...

    def out(self) -> str:
        return _whole(self.stdout.fileno())

    def err(self) -> str:
        return _whole(self.stderr.fileno())

    def close(self) -> None:
        self.stdout.close()
        self.stderr.close()


class _Terminal:
    """Stdout and stderr at a terminal, read by a thread."""

    def __init__(self) -> None:
        self._screen, self.stdout = pty.openpty()
        self.stdin = self.stderr = self.stdout
        fcntl.ioctl(self.stdout, termios.TIOCSWINSZ, _SIZE)
        self._seen = b""
        self._reader = threading.Thread(target=self._read, daemon=True)

    def started(self) -> None:
        os.close(self.stdout)  # ours; the program has its own
        self._reader.start()

    def ended(self) -> None:
        self._reader.join(10)

    def out(self) -> str:
        return self._seen.decode(errors="replace")

    def err(self) -> str:
        return ""

    def close(self) -> None:
        self.ended()
        os.close(self._screen)

    def press(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def _read(self) -> None:
        with suppress(OSError):  # EIO: the program is gone
            while data := os.read(self._screen, 65536):
                self._seen += data


def _whole(fd: int) -> str:
    return os.pread(fd, os.fstat(fd).st_size, 0).decode(errors="replace")


def _default_interrupt() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background ignores it


def answers(fleet: Fleet, *words: str) -> Any:
    """Run `shoal` and return what all minions answered, as data."""
    done = fleet.shoal("--out=json", "--static", *words)
    return json.loads(done.stdout) if done.stdout.startswith("{") else {}


def jids(fleet: Fleet) -> list[str]:
    """Return the ids of all jobs that the master knows."""
    return sorted(fleet.ask("jobs.list_jobs", "limit=10000"))


def keys_in(fleet: Fleet, state: str) -> list[str]:
    """Return the minions of which a key is `accepted`, `denied`, `pending` or `rejected`."""
    request = {"op": "key", "action": "list"}
    with Conversation(str(fleet.master_root / "run/shoal/master/master.sock"), request) as talk:
        return list(talk.answer()["minions"][state])


def newest_job(fleet: Fleet, fun: str) -> str:
    """Return the id of the newest job of a function."""
    (jid,) = until(f"a job of {fun}", lambda: fleet.ask("jobs.last_run", f"fun={fun}"))
    return str(jid)


def running(fleet: Fleet, fun: str, *minions: str) -> str:
    """Wait until the newest job of `fun` runs on `minions` and return its id."""

    def found() -> str:
        for jid, job in fleet.ask("jobs.active").items():
            names = {name for each in job["Running"] for name in each}
            if job["Function"] == fun and names >= set(minions):
                return str(jid)
        return ""

    return until(f"{fun} to run on {', '.join(minions)}", found)


def wait_gone(fleet: Fleet, *minions: str) -> None:
    """Wait until the master knows that these are not connected."""
    until(f"{', '.join(minions)} to be gone", lambda: set(minions) <= set(fleet.ask("manage.down")))


def check_one_line(done: subprocess.CompletedProcess[str], code: int, pattern: str) -> None:
    """Assert that a program printed one line on stderr, like `pattern`, and nothing else, and exited with `code`."""
    assert done.stdout == ""
    assert re.fullmatch(rf"{pattern}\n", done.stderr), done.stderr
    assert done.returncode == code, done


@contextmanager
def stopped(fleet: Fleet, minion: str) -> Iterator[None]:
    """Hold a minion's daemon (SIGSTOP) for a while: it is connected and says nothing."""
    process = fleet.minions[minion]
    process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)
        until(
            "the minion to answer again", lambda: fleet.shoal(minion, "test.ping", "-t", "1").returncode == 0
        )


@contextmanager
def listening(fleet: Fleet, *words: str) -> Iterator[Watched]:
    """Run `state.event` and wait until it hears something."""
    with Watched(fleet, "shoal-run", "state.event", *words) as stream:

        def heard() -> bool:
            fleet.ask("event.send", "test/knock")
            return "test/knock" in stream.out

        until("the stream to listen", heard)
        yield stream
