"""A master and minions on loopback under one scratch folder, and the terminal of their operator.

Everything that is started here is ended by its process id, whatever happens. Needs nothing but the installed
programs: `shoal-master`, `shoal-minion`, `shoal`, `shoal-key`, `shoal-run`.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

BIN = Path(sys.executable).parent
WAIT_S = 20.0  # for anything: a busy machine is no reason to fail
COMMAND_S = 40.0
PREFIX = "shoal-demo-"


class DemoError(Exception):
    """Something is not as it should be; one line that says what."""


def until(what: str, ask: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Ask until the answer is yes. Raises DemoError when it takes too long."""
    end = time.monotonic() + timeout_s
    while not ask():
        if time.monotonic() > end:
            raise DemoError(f"waited {timeout_s:g} s for {what}")
        time.sleep(0.02)


def free_ports() -> tuple[int, int]:
    """Return two neighbouring ports nobody listens at, below those that the kernel gives to connections."""
    for _ in range(1000):
        port = 12_000 + secrets.randbelow(18_000)
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
        return port, port + 1
    raise DemoError("no free ports between 12000 and 30000 on 127.0.0.1")


class DemoFleet:
    """The processes. `stop` ends them all; `folder` then goes, too."""

    def __init__(self) -> None:
        # In the temporary folder and short: the path of a unix socket has room for 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def root(self, name: str) -> Path:
        """Return the folder that stands for `/` of the master or of one box."""
        return self.folder / name

    def configure(self, name: str, program: str, text: str) -> None:
        """Write `/etc/shoal/master` or `/etc/shoal/minion` of one host."""
        file = self.root(name) / "etc/shoal" / program
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def start(self, name: str, program: str) -> None:
        """Start `shoal-master` or `shoal-minion`, in a session of its own so that Ctrl-C comes to us alone."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [str(BIN / program)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment(name),
                start_new_session=True,
            )

    def check_alive(self, name: str) -> None:
        """Raise DemoError with the last line of its log when a program that should run has ended."""
        code = self._running[name].poll()
        if code is not None:
            lines = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
            raise DemoError(
                f"{name} ended with exit code {code}: {lines[-1] if lines else 'it said nothing'}"
            )

    def start_master(self, configuration: str) -> None:
        """Start the master and wait until programs can ask it; `{0}` and `{1}` in `configuration` are its ports."""
        for tries_left in reversed(range(5)):
            self.configure("master", "master", configuration.format(*free_ports()))
            try:
                self._start_master()
                return
            except DemoError as error:
                if "cannot listen" not in str(error) or not tries_left:  # somebody else was quicker
                    raise

    def _start_master(self) -> None:
        self.start("master", "shoal-master")
        path = self.root("master") / "run/shoal/master/master.sock"

        def listens() -> bool:
            self.check_alive("master")
            return listener(path) > 0

        until("the master to listen", listens)

    def wait_up(self, *names: str) -> None:
        """Wait until a job would reach these minions."""

        def up() -> bool:
            for name in names:
                self.check_alive(name)
            told = self.run(["shoal-run", "manage.up", "--out=newline_values_only"]).stdout.split()
            return set(names) <= set(told)

        until(f"{', '.join(names)} to be connected", up)

    def wait_down(self, name: str) -> None:
        """Wait until the master has noticed that a minion is gone."""

        def down() -> bool:
            return name in self.run(["shoal-run", "manage.down", "--out=newline_values_only"]).stdout.split()

        until(f"the master to miss {name}", down)

    # -------------------------------------------------------------- programs

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a program on host `name`."""
        unwanted = ("SHOAL_", "PYTHONDONTWRITEBYTECODE")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        path = f"{BIN}{os.pathsep}{kept.get('PATH', os.defpath)}"
        return {**kept, "PATH": path, "SHOAL_ROOT": str(self.root(name)), "NO_COLOR": "1"}

    def run(self, words: list[str], host: str = "master") -> subprocess.CompletedProcess[str]:
        """Run one of our programs to its end; stdout and stderr come together, as on a terminal."""
        try:
            return subprocess.run(
                [str(BIN / words[0]), *words[1:]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="backslashreplace",
                timeout=COMMAND_S,
                check=False,
                env=self.environment(host),
            )
        except subprocess.TimeoutExpired:
            raise DemoError(f"`{shlex.join(words)}` did not end within {COMMAND_S:g} s") from None

    def last_words(self) -> str:
        """Return the end of every log, for when something went wrong."""
        parts = []
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text("utf-8", "replace").splitlines()[-12:]
            parts.append("\n".join([f"--- {log.name}", *lines]))
        return "\n".join(parts)

    # ------------------------------------------------------------------- end

    def stop_minion(self, name: str) -> None:
        """Stop one minion's daemon, as a reboot would."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGTERM)
        _wait(process)

    def stop(self) -> None:
        """End every process that was started here, and delete the folder."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            _wait(process)
        self._running.clear()
        end_executors(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self) -> list[int]:
        """Let go of the processes and leave them running; return their ids, also kept in `folder/pids`."""
        pids = [process.pid for process in self._running.values()]
        (self.folder / "pids").write_text("".join(f"{pid}\n" for pid in pids))
        return pids


def stop_kept(folder: Path) -> None:
    """End what an earlier `--keep` has left running. Raises DemoError if `folder` is not such a one's."""
    try:
        pids = [int(word) for word in (folder / "pids").read_text().split()]
    except (OSError, ValueError):
        raise DemoError(f"{folder} is not the folder of a demo that was kept running") from None
    ours = [pid for pid in pids if str(folder) in _environ(pid)]  # the id may be somebody else's by now
    _end(ours)
    end_executors(folder)
    shutil.rmtree(folder, ignore_errors=True)


def end_executors(folder: Path) -> None:
    """End the executors of minions under `folder`: they outlive their daemons, so that jobs do."""
    pids = [listener(path) for path in folder.glob("*/run/shoal/minion/executor.sock")]
    _end([pid for pid in pids if pid])


def listener(path: Path) -> int:
    """Return the process that listens at a unix socket, 0 if nobody does."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return 0
        pid, _uid, _gid = struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(pid)


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end(pids: list[int]) -> None:
    """End processes that are no children of ours; kill those that take too long."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        living = [pid for pid in pids if _lives(pid)]
        for pid in living:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        with suppress(DemoError):
            until("processes to end", lambda: not any(map(_lives, pids)), timeout_s=5.0)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _environ(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except OSError:
        return ""
