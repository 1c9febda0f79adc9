"""The swarm: thousands of minions in a few processes, and the master they belong to.

    with SwarmFleet(folder, 1000) as swarm:
        swarm.up()                         # accepted, connected, reading
        swarm.ping()

Minions are known to the master beforehand (`seed`), or join by a token (`join=True`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from master.cli.client import Conversation
from shoal.paths import Paths
from tests.benchmarks.seed import seed
from tests.benchmarks.swarm_process import FILES_EACH, raise_file_limit
from tests.fleet import Fleet, until

_TICK_S: Final = 0.02
_SPARE_FILES: Final = 180
# All of the swarm comes from one address, so what the master grants to one source has to suffice for all.
_MASTER: Final = {"joins_per_s": 100_000, "log_level": "warning"}


@dataclass(slots=True)
class State:
    """What the swarm says of itself."""

    online: int = 0
    jobs: int = 0
    unacknowledged: int = 0
    refused: dict[str, int] = field(default_factory=dict)


def room() -> int:
    """Return how many minions a master may have here, in hundreds: it needs two files for each."""
    return (raise_file_limit() - _SPARE_FILES) // 200 * 100


class Swarm:
    """A few processes with minions in them. Close it, or leave the `with`, and they are gone."""

    def __init__(self, join: str, count: int, *, first: int = 0, processes: int = 2, **settings: float) -> None:
        self.count = count
        self.first = first
        most = (raise_file_limit() - _SPARE_FILES) // FILES_EACH
        share = min(-(-count // processes), most)
        starts = range(first, first + count, share)
        self._children = [_spawn() for _ in starts]
        for child, start in zip(self._children, starts, strict=True):
            plan = {"join": join, "first": start, "count": min(share, first + count - start)}
            _write(child, {**plan, "settings": settings})
        for child in self._children:
            _read(child)

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [child.pid for child in self._children]

    def start(self) -> None:
        """Let all minions connect."""
        self._ask("start")

    def state(self) -> State:
        """Ask every process."""
        total = State()
        for answer in self._ask("state"):
            total.online += answer["states"].get("online", 0)
            total.jobs += answer.get("jobs", 0)
            total.unacknowledged += answer["unacknowledged"]
            for what, count in answer["refused"].items():
                total.refused[what] = total.refused.get(what, 0) + count
        return total

    def wait_online(self, timeout_s: float = 120.0) -> None:
        """Wait until each minion has been welcomed."""
        until(f"{self.count} minions online", lambda: self.state().online == self.count, timeout_s)

    def wait_acknowledged(self, timeout_s: float = 60.0) -> None:
        """Wait until no minion holds a return any more."""
        until("all returns acknowledged", lambda: self.state().unacknowledged == 0, timeout_s)

    def close(self) -> None:
        """End the processes."""
        for child in self._children:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.close()
        for child in self._children:
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdout.close()  # type: ignore[union-attr]

    def __enter__(self) -> Swarm:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, what: str) -> list[dict[str, Any]]:
        for child in self._children:
            _write(child, {"do": what})
        return [_read(child) for child in self._children]


class SwarmFleet(Fleet):
    """A real master, and a swarm instead of minion processes."""

    def __init__(self, folder: Path, count: int, *, processes: int = 2, **settings: float) -> None:
        super().__init__(folder)
        self.count = count
        self.swarm: Swarm | None = None
        self._processes = processes
        self._settings = settings

    def up(self, *, join: bool = False, wait: bool = True, **master: Any) -> Swarm:
        """Start the master, make its minions known unless they are to `join`, and connect them."""
        self.configure_master(**{**_MASTER, **master})
        if not join:
            seed(self.store_url(), range(self.count))
        self.start_master()
        text = self.token(uses=self.count) if join else str(self.runner("token.join_string"))
        self.swarm = Swarm(text, self.count, processes=self._processes, **self._settings)
        self.swarm.start()
        if wait:
            self.wait_present()
        return self.swarm

    def wait_present(self, timeout_s: float = 180.0) -> None:
        """Wait until the master says of all minions that a job would reach them."""
        assert self.swarm is not None
        until("the swarm", lambda: self.present() == self.count, timeout_s)

    def present(self) -> int:
        """Return how many minions a job would reach now."""
        return len(self.ask({"op": "runner", "fun": "manage.up"})["value"])

    def order(self, target: str = "*", fun: str = "test.ping", **request: Any) -> dict[str, Any]:
        """Run a job through the control socket, reading every answer; return the summary."""
        kind = request.pop("kind", "glob")
        aim = {"kind": kind, "expr": target, "delimiter": ":"}
        return self.ask({"op": "run", "target": aim, "fun": fun, "timeout_s": 60.0, **request})

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send one request to the master's control socket and return what it says in the end."""
        with Conversation(str(self.paths.control_socket), request) as talk:
            answer: dict[str, Any] = talk.answer()
        return answer

    @property
    def paths(self) -> Paths:
        """The master's folders."""
        return Paths.for_master(str(self.master_root))

    def store_url(self) -> str:
        """Return the URL of the master's database."""
        self.paths.prepare()
        return f"sqlite:///{self.paths.state_dir / 'master.db'}"

    def stop(self) -> None:
        """End the swarm, then the rest."""
        if self.swarm is not None:
            self.swarm.close()
        super().stop()


def wait_for(what: str, ask: Any, timeout_s: float, tick_s: float = _TICK_S) -> float:
    """Return the monotonic time at which `ask` first said yes."""
    end = time.monotonic() + timeout_s
    while not ask():
        assert time.monotonic() < end, f"waited {timeout_s:g} s for {what}"
        time.sleep(tick_s)
    return time.monotonic()


def _spawn() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.swarm_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"},
    )


def _write(child: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    assert child.stdin is not None
    child.stdin.write(json.dumps(message).encode() + b"\n")
    child.stdin.flush()


def _read(child: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert child.stdout is not None
    line = child.stdout.readline()
    assert line, f"a swarm process ended with {child.wait()}"
    answer: dict[str, Any] = json.loads(line)
    return answer
