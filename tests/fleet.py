"""A real master and real minions on loopback, each a process with a root folder of its own.

    with Fleet(tmp_path) as fleet:
        fleet.start_master()
        fleet.join("edge-1", site="paris")
        assert fleet.shoal("*", "test.ping").stdout == "edge-1:\\n    True\\n"

Nothing here sleeps blindly: `until` asks again and again, and says what it waited for when time is up.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import yaml

from master.cli.client import Conversation

Result = TypeVar("Result")
TREE = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def until(what: str, ask: Callable[[], Result], timeout_s: float = 20.0) -> Result:
    """Return the first true answer of `ask`. Raises AssertionError after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < end, f"waited {timeout_s:g} s for {what}"
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    """Return ports nobody listens at, outside the range from which connections take theirs."""
    found: list[int] = []
    start = 10_000 + (os.getpid() * 37) % 20_000
    for port in range(start, start + 2000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise AssertionError("no free ports")


class Process:
    """One program of ours, its output in a file."""

    def __init__(self, root: Path, *argv: str, log: Path, launcher: Sequence[str] = ()) -> None:
        self.root = root
        self.log = log
        with log.open("ab") as out:
            self._child = subprocess.Popen(
                [*(launcher or [str(BIN / argv[0])]), "--root", str(root), *argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=_environment(),
                cwd=TREE if launcher else None,
            )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """True while it runs."""
        return self._child.poll() is None

    def text(self) -> str:
        """Return what it has logged."""
        return self.log.read_text(errors="replace")

    def send_signal(self, number: int) -> None:
        """Send a signal."""
        self._child.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout_s: float = 10.0) -> int:
        """Stop it and return its exit code; kill it when it does not go."""
        if self.alive:
            self._child.send_signal(number)
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
            raise AssertionError(f"{self.log.name} did not stop; it logged:\n{self.text()[-2000:]}") from None


class Fleet:
    """See the module docstring. `stop` ends everything that was started, executors included."""

    def __init__(self, folder: Path, *, master_id: str = "master1") -> None:
        # Short, because a unix socket's path has room for 107 bytes only.
        self.folder = folder
        self.master_id = master_id
        self.publish_port, self.request_port = free_ports(2)
        self.master: Process | None = None
        self.minions: dict[str, Process] = {}
        self.master_root = folder / "m"

    def __enter__(self) -> Fleet:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.print_logs()
        self.stop()

    # ---------------------------------------------------------------- master

    def configure_master(self, **settings: Any) -> None:
        """Write the master's configuration."""
        etc = self.master_root / "etc/shoal"
        etc.mkdir(parents=True, exist_ok=True)
        known = {
            "id": self.master_id,
            "interface": "127.0.0.1",
            "publish_port": self.publish_port,
            "ret_port": self.request_port,
            "advertise": ["127.0.0.1"],
            "log_level": "info",
            "joins_per_s": 1000,
        }
        (etc / "master").write_text(yaml.safe_dump({**known, **settings}))

    def start_master(self, *, launcher: Sequence[str] = (), **settings: Any) -> Process:
        """Start the master and wait until it answers. Without settings an earlier configuration stays."""
        if settings or not (self.master_root / "etc/shoal/master").exists():
            self.configure_master(**settings)
        log = self.folder / "master.log"
        master = Process(self.master_root, "shoal-master", log=log, launcher=launcher)
        self.master = master
        sock = self.master_root / "run/shoal/master/master.sock"
        until("the master's socket", lambda: not master.alive or _answers(sock))
        assert master.alive, f"the master ended; it logged:\n{master.text()[-3000:]}"
        return master

    # --------------------------------------------------------------- minions

    def minion_root(self, minion: str) -> Path:
        """Return the root folder of a minion."""
        return self.folder / minion

    def configure_minion(self, minion: str, **settings: Any) -> None:
        """Write a minion's configuration."""
        etc = self.minion_root(minion) / "etc/shoal"
        etc.mkdir(parents=True, exist_ok=True)
        known = {"id": minion, "log_level": "info", "recon_default": 100, "recon_max": 1000}
        (etc / "minion").write_text(yaml.safe_dump({**known, **settings}))

    def token(self, uses: int = 1, **tags: str) -> str:
        """Return a join string with a token."""
        words = [f"{key}={value}" for key, value in tags.items()]
        made = self.ask("token.create", f"uses={uses}", *words)
        return str(made["join"])

    def join(self, minion: str, *, settings: Mapping[str, Any] | None = None, **tags: str) -> Process:
        """Configure, join with a token, start, and wait until the minion answers."""
        self.configure_minion(minion, **(settings or {}))
        self.join_string(minion, self.token(**tags))
        process = self.start_minion(minion)
        self.wait_up(minion)
        return process

    def join_string(self, minion: str, text: str) -> None:
        """Give a minion its join string."""
        self.program("shoal-minion", "join", text, root=self.minion_root(minion))

    def start_minion(self, minion: str, *, launcher: Sequence[str] = ()) -> Process:
        """Start a minion that was configured and joined."""
        log = self.folder / f"{minion}.log"
        process = Process(self.minion_root(minion), "shoal-minion", log=log, launcher=launcher)
        self.minions[minion] = process
        return process

    def wait_up(self, *minions: str, timeout_s: float = 20.0) -> None:
        """Wait until the master says that these are up and their grains are known."""

        def up() -> bool:
            return set(minions) <= set(self.ask("manage.up"))

        until(f"{', '.join(minions)} to be up", up, timeout_s)

    # -------------------------------------------------------------- programs

    def program(
        self,
        *argv: str,
        root: Path | None = None,
        check: bool = True,
        stdin: str = "",
        timeout_s: float = 60.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run one of our programs and return what it printed."""
        done = subprocess.run(
            [str(BIN / argv[0]), "--root", str(root or self.master_root), *argv[1:]],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            env=_environment(),
        )
        assert not check or done.returncode == 0, (
            f"{argv} exited {done.returncode}:\n{done.stdout}{done.stderr}"
        )
        return done

    def shoal(
        self, *words: str, check: bool = False, timeout_s: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run `shoal` and return what it printed."""
        return self.program("shoal", *words, check=check, timeout_s=timeout_s)

    def runner(self, *words: str) -> Any:
        """Run `shoal-run` and return the value."""
        return yaml.safe_load(self.program("shoal-run", "--out=yaml", *words).stdout)

    def ask(self, fun: str, *words: str) -> Any:
        """Return what a runner answers, asked without a program: for waiting and for setting up, it costs nothing."""
        request = {"op": "runner", "fun": fun, "args": list(words), "kwargs": {}, "from_text": True}
        with Conversation(str(self.master_root / "run/shoal/master/master.sock"), request) as talk:
            return talk.answer()["value"]

    def keys(self, *words: str, check: bool = True) -> str:
        """Run `shoal-key` and return what it printed."""
        return self.program("shoal-key", *words, check=check).stdout

    def counters(self) -> dict[str, int]:
        """Return how often the master refused something."""
        return dict(self.ask("manage.counters"))

    # ------------------------------------------------------------------- end

    def stop(self) -> None:
        """End every process that was started here."""
        for process in [*self.minions.values(), *([self.master] if self.master else [])]:
            if process.alive:
                process.send_signal(signal.SIGTERM)
        for process in [*self.minions.values(), *([self.master] if self.master else [])]:
            process.stop()
        for pid in executors_under(self.folder):
            with _gone_is_fine():
                os.kill(pid, signal.SIGKILL)

    def print_logs(self) -> None:
        """Show the last lines of every log, for a failed test."""
        for log in sorted(self.folder.glob("*.log")):
            print(f"--- {log.name}")
            print(log.read_text(errors="replace")[-3000:])


def executors_under(folder: Path) -> list[int]:
    """Return the pids of executors whose socket lies under `folder`."""
    sockets = {
        fields[6]: fields[7]
        for fields in (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
        if len(fields) > 7 and fields[7].startswith(str(folder))
    }
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with _gone_is_fine():
            if comm.read_text().strip() == "shoal-executor" and _holds(comm.parent, set(sockets)):
                found.append(int(comm.parent.name))
    return found


def _holds(process: Path, inodes: set[str]) -> bool:
    for link in (process / "fd").iterdir():
        with _gone_is_fine():
            if str(link.readlink()).removeprefix("socket:[").rstrip("]") in inodes:
                return True
    return False


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except (ProcessLookupError, FileNotFoundError):
        pass  # it ended by itself meanwhile


def _answers(path: Path) -> bool:
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _environment() -> dict[str, str]:
    # Compiled files are wanted: without them each of the many programs starts twice as slowly.
    unwanted = ("PYTHONDONTWRITEBYTECODE",)
    return {k: v for k, v in os.environ.items() if not k.startswith("SHOAL_") and k not in unwanted}


@contextmanager
def short_folder() -> Iterator[Path]:
    """Give a temporary folder with a short path, and remove it."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="shoal-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
