"""What a job sees of the minion around it: other jobs, the daemon, and the box's facts.

The same classes serve inline functions, which live in the executor, and forked ones, which look at the copy
of the executor's tables they were born with. Both reach the daemon through a `Post`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from minion.desk.client import DeskClient
from modules.context import Context
from modules.registry import Registry
from shoal.errors import ModuleError
from shoal.job import Job
from shoal.wire import plain

Post = Callable[["dict[str, Any]"], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the box knew when a job started; replaced as a whole, never changed."""

    minion_id: str
    grains: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    pillar: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One job in hand. `pid` is 0 and `started` 0.0 while it waits for a place."""

    job: Job
    pid: int = 0
    started: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the job as `minion.running` shows it, spelled as Salt does."""
        return {
            "jid": self.job.jid,
            "fun": self.job.fun,
            "arg": list(self.job.args),
            "tgt": self.job.to,
            "user": self.job.user,
            "pid": self.pid,
            "started": self.started,
            "queued": self.pid == 0,
        }


class JobView:
    """The `JobControl` of one job: all jobs but itself, as in Salt."""

    def __init__(self, own: Job, entries: Callable[[], list[Entry]], post: Post) -> None:
        self._own = own
        self._entries = entries
        self._post = post

    def running(self) -> list[dict[str, Any]]:
        """Return the jobs that run or wait, oldest first."""
        return [entry.as_dict() for entry in self._entries() if entry.job.jid != self._own.jid]

    def find(self, jid: str) -> dict[str, Any] | None:
        """Return job `jid` if it runs or waits."""
        return next((entry for entry in self.running() if entry["jid"] == jid), None)

    def signal(self, jid: str, number: int) -> bool:
        """Send signal `number` to job `jid`; False if there is no such job. Raises ModuleError."""
        if not 1 <= number <= 64:
            raise ModuleError(f"{number} is not a signal number: give 1 to 64")
        if self.find(jid) is None:
            return False
        self._post(
            {"op": "signal", "jid": jid, "number": number, "who": f"{self._own.user} ({self._own.jid})"}
        )
        return True


class DaemonView:
    """The `DaemonControl` of one job."""

    def __init__(self, post: Post, desk: DeskClient) -> None:
        self._post = post
        self._desk = desk

    def request(self, action: str, **data: Any) -> None:
        """Ask the daemon for `action`; there is no answer."""
        self._post({"op": "request", "action": action, "data": plain(data)})

    def sync(self, kinds: Sequence[str], env: str) -> dict[str, list[str]]:
        """Wait until the daemon has brought synced files up to date. Raises ModuleError."""
        return self._desk.sync(kinds, env)

    def refresh_pillar(self) -> None:
        """Wait until the daemon has a new pillar. Raises ModuleError."""
        self._desk.refresh_pillar()

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        """Return the box's pillar as it would be now. Raises ModuleError."""
        return self._desk.pillar(pillarenv)


def make_context(
    world: World, registry: Registry, job: Job, jobs: JobView, post: Post, desk: DeskClient
) -> Context:
    """Return what the job's function gets as its first argument."""
    return Context(
        minion_id=world.minion_id,
        grains=world.grains,
        pillar=world.pillar,
        tags=world.tags,
        settings=world.settings,
        registry=registry,
        jobs=jobs,
        daemon=DaemonView(post, desk),
        files=desk,
        master=desk,
        jid=job.jid,
        job_user=job.user,
    )
