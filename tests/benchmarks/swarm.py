"""The swarm: thousands of minions in a few processes, and the master they belong to.

    with SwarmFleet(folder, 1000) as fleet:
        fleet.up().start()
        fleet.wait_present()

Minions are known to the master beforehand (`seed`), or join by a token (`join=True`).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shoal.paths import Paths
from tests.benchmarks.child import Child
from tests.benchmarks.orders import ask
from tests.benchmarks.seed import seed
from tests.benchmarks.swarm_process import FILES_EACH, raise_file_limit
from tests.fleet import Fleet

_SPARE_FILES: Final = 180
# All of the swarm comes from one address, so what the master grants to one source has to suffice for all.
MASTER: Final = {"joins_per_s": 100_000, "log_level": "warning"}


@dataclass(slots=True)
class State:
    """What the swarm says of itself."""

    online: int = 0
    jobs: int = 0
    unacknowledged: int = 0


def room() -> int:
    """Return how many minions a master may have here, in hundreds: it needs two files for each."""
    return (raise_file_limit() - _SPARE_FILES) // 200 * 100


class Swarm:
    """A few processes with minions in them. Close it, and they are gone."""

    def __init__(self, join: str, count: int, *, first: int = 0, processes: int = 2) -> None:
        self.count = count
        most = (raise_file_limit() - _SPARE_FILES) // FILES_EACH
        share = min(-(-count // processes), most)
        self._children = []
        for start in range(first, first + count, share):
            plan = {"join": join, "first": start, "count": min(share, first + count - start)}
            self._children.append(Child("tests.benchmarks.swarm_process", plan))
        for child in self._children:
            child.read()

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
            total.online += answer["online"]
            total.jobs += answer.get("jobs", 0)
            total.unacknowledged += answer["unacknowledged"]
        return total

    def refused(self) -> Counter[str]:
        """Return what the minions have refused to believe, and how often."""
        return sum((Counter(answer) for answer in self._ask("refused")), Counter())

    def wait_online(self, timeout_s: float = 180.0) -> None:
        """Wait until each minion has been welcomed."""
        self._wait("be online", lambda state: state.online == self.count, timeout_s)

    def wait_acknowledged(self, timeout_s: float = 60.0) -> None:
        """Wait until no minion holds a return any more."""
        self._wait("have their returns acknowledged", lambda state: not state.unacknowledged, timeout_s)

    def close(self) -> None:
        """End the processes."""
        for child in self._children:
            child.hang_up()
        for child in self._children:
            child.close()

    def _wait(self, what: str, done: Callable[[State], bool], timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        while not done(state := self.state()):
            assert time.monotonic() < end, f"{self.count} minions should {what}: {state}"
            time.sleep(0.02 + self.count / 50_000)  # counting costs them something, too

    def _ask(self, what: str) -> list[dict[str, Any]]:
        for child in self._children:
            child.write({"do": what})
        return [child.read() for child in self._children]


class SwarmFleet(Fleet):
    """A real master, and a swarm instead of minion processes."""

    def __init__(self, folder: Path, count: int, *, processes: int = 2) -> None:
        super().__init__(folder)
        self.count = count
        self.swarm: Swarm | None = None
        self._processes = processes

    def up(self, *, join: bool = False, **master: Any) -> Swarm:
        """Start the master and processes full of minions, which know nobody yet and do not connect.

        The master knows them beforehand, unless they are to `join` by a token.
        """
        self.configure_master(**{**MASTER, **master})
        if not join:
            seed(self.store_url(), range(self.count))
        self.start_master()
        text = self.token(uses=self.count) if join else str(self.runner("token.join_string"))
        self.swarm = Swarm(text, self.count, processes=self._processes)
        return self.swarm

    def wait_present(self, timeout_s: float = 180.0) -> None:
        """Wait until the master says of all minions that a job would reach them."""
        end = time.monotonic() + timeout_s
        while (found := self.present()) != self.count:
            assert time.monotonic() < end, (
                f"{found} of {self.count} minions are present after {timeout_s:g} s"
            )
            time.sleep(0.02 + self.count / 50_000)  # asking costs the master something, too

    def present(self) -> int:
        """Return how many minions a job would reach now."""
        return len(ask(self, {"op": "runner", "fun": "manage.up"})["value"])

    def store_url(self) -> str:
        """Return the URL of the master's database."""
        paths = Paths.for_master(str(self.master_root))
        paths.prepare()
        return f"sqlite:///{paths.state_dir / 'master.db'}"

    def stop(self) -> None:
        """End the master, then the swarm: the other way round it would first take leave of each of them."""
        super().stop()
        if self.swarm is not None:
            self.swarm.close()
