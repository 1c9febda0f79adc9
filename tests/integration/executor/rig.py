"""A daemon's half for tests: a loop, a client and everything it was told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from minion.executor.client import ExecutorClient
from minion.executor.peer import Peer
from minion.executor.settings import ExecutorSettings
from minion.executor.spawn import Spawner, fork_executor
from minion.loop import Loop
from shoal.ids import JidMaker
from shoal.job import EVERYONE, Job
from shoal.returns import Return
from tests.synced import signed

PATIENCE_S = 15.0
_JIDS = JidMaker()


def make_job(fun: str, *args: Any, timeout_s: float = 0.0, **kwargs: Any) -> Job:
    """Return a job for `probe.<fun>`, or for `fun` if it has a dot."""
    now = time.time()
    return Job(
        jid=_JIDS.new(now),
        fleet="f",
        to=EVERYONE,
        fun=fun if "." in fun else f"probe.{fun}",
        issued=now,
        expires=now + 60,
        user="root",
        args=args,
        kwargs=kwargs,
        timeout_s=timeout_s,
    )


@dataclass
class Rig:
    """Starts executors and talks to them as the daemon does."""

    settings: ExecutorSettings
    socket_path: Path
    loop: Loop = field(default_factory=Loop)
    spawn: Spawner = field(init=False)
    client: ExecutorClient = field(init=False)
    started: list[tuple[str, float]] = field(default_factory=list)
    returns: dict[str, Return] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    ready: list[frozenset[str]] = field(default_factory=list)

    def up(self, **changes: Any) -> Rig:
        """Fork an executor (or find one), connect, and wait until it is ready."""
        if changes:
            self.settings = replace(self.settings, **changes)
        self.spawn = fork_executor(self.settings, self.socket_path)
        return self.connect()

    def connect(self, spawn: Spawner | None = None) -> Rig:
        """Make a client and wait until it is ready."""
        self.spawn = spawn or self.spawn
        self.client = ExecutorClient(
            self.loop,
            self.spawn,
            lambda jid, at: self.started.append((jid, at)),
            self.take,
            lambda action, data: self.requests.append((action, data)),
            self.alerts.append,
            on_ready=self.ready.append,
        )
        self.sync()
        self.client.start()
        seen = len(self.ready)
        self.until(lambda: len(self.ready) > seen)
        return self

    def sync(self) -> None:
        """Take what is in the folder of modules for what the master has signed."""
        self.client.use_modules(signed(self.folder))

    def take(self, ret: Return) -> None:
        """Be `on_return`."""
        assert ret.jid not in self.returns, "a job returned twice"
        self.returns[ret.jid] = ret
        self.order.append(ret.jid)

    def until(self, condition: Callable[[], object], patience_s: float = PATIENCE_S) -> None:
        """Turn the loop until `condition` holds."""
        end = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < end, "waited too long"
            self.loop.run_once(0.02)

    def until_started(self, *jobs: Job) -> None:
        """Turn the loop until these are known to have begun, 0.1 s ago at least."""
        wanted = {job.jid for job in jobs}
        self.until(lambda: wanted <= {jid for jid, _ in self.started})

    def turn(self, seconds: float) -> None:
        """Turn the loop for a while."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.loop.run_once(left)

    def send(self, fun: str, *args: Any, **kwargs: Any) -> Job:
        """Submit a job and return it."""
        job = make_job(fun, *args, **kwargs)
        self.client.submit(job)
        return job

    def wait(self, job: Job) -> Return:
        """Return the job's answer."""
        self.until(lambda: job.jid in self.returns)
        return self.returns[job.jid]

    def run(self, fun: str, *args: Any, **kwargs: Any) -> Return:
        """Submit a job and wait for its answer."""
        return self.wait(self.send(fun, *args, **kwargs))

    def value(self, fun: str, *args: Any, **kwargs: Any) -> Any:
        """Return what a job that must succeed answers."""
        ret = self.run(fun, *args, **kwargs)
        assert ret.success, (ret.outcome, ret.value())
        return ret.value()

    def hang_up(self) -> None:
        """Go as a killed daemon goes: without a word."""
        keeper = self.client._keeper
        for peer in keeper.peers:
            peer.close()
        keeper._stopping, keeper._peer = True, None
        keeper._old.clear()

    def down(self) -> None:
        """End everything that runs."""
        stopped: list[bool] = []
        self.client.stop(kill_jobs=True, on_stopped=lambda: stopped.append(True))
        self.until(lambda: stopped)

    @property
    def folder(self) -> Path:
        """The folder of modules that are written here; `synced` in it is what the executor sees."""
        return Path(self.settings.synced).parent

    @property
    def pid(self) -> int:
        """The executor's pid."""
        return self.peer.pid

    @property
    def peer(self) -> Peer:
        """The connection to the executor."""
        peer = self.client._keeper._peer
        assert peer is not None
        return peer


def settings(folder: Path, **changes: Any) -> ExecutorSettings:
    """Return settings for tests: short times, the probe module."""
    base: Mapping[str, Any] = {
        "minion_id": "box1",
        "synced": str(folder / "synced"),
        "grace_s": 0.3,
        "orphan_exit_s": 20.0,
    }
    return ExecutorSettings(**{**base, **changes})


def alive(pid: int) -> bool:
    """Return True if `pid` is a process that is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def children(pid: int) -> list[int]:
    """Return the children of `pid`, zombies too."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                parts = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(parts[1]) == pid:
                found.append(int(entry.name))
    return found
