"""What the daemon asks of whatever runs its jobs, and what that asks of the daemon's surroundings.

`ExecutorClient` is the real one; the benchmark swarm has a stub that answers at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from minion.executor.custom_file import CustomFile
from minion.executor.settings import ExecutorSettings
from shoal.job import Job
from shoal.progress import JobProgress
from shoal.returns import Return

OnStarted = Callable[[str, float], None]  # jid, epoch seconds; 0: it waits for a place
OnReturn = Callable[[Return], None]
OnRequest = Callable[[str, "dict[str, Any]"], None]  # action, data
OnProgress = Callable[[JobProgress], None]
OnGrains = Callable[["dict[str, Any]", "tuple[str, ...]"], None]  # custom grains, and what went wrong
OnAlert = Callable[[str], None]  # one line for people
OnLost = Callable[[str, str, float], None]  # jid, function, epoch second since which a dead executor had it
OnReady = Callable[["frozenset[str]"], None]  # the jids that the executor has in hand


class Executor(Protocol):
    """Runs jobs. No method blocks; answers come through the callbacks given at construction."""

    def submit(self, job: Job) -> None:
        """Run `job`; a jid that is already in hand is ignored."""

    def resume(self, job: Job, since: float) -> None:
        """Take a job up again that began at epoch second `since`, if its function may be run twice."""

    def signal(self, jid: str, number: int) -> None:
        """Send signal `number` to job `jid`; TERM and KILL reach all its processes."""

    def set_facts(
        self,
        grains: Mapping[str, Any],
        tags: Mapping[str, str],
        settings: Mapping[str, Any],
    ) -> None:
        """Let later jobs see these."""

    def use_pillar(self, packed: bytes) -> None:
        """Let later jobs see this pillar."""

    def gather_grains(self, files: Sequence[CustomFile], grains: Mapping[str, Any]) -> None:
        """Run the files of custom grains, telling them `grains`; the answer comes later."""

    def use_modules(self, digests: Mapping[str, bytes]) -> None:
        """Take these for the synced modules there are, by the digests of their files."""

    def stop(self, *, kill_jobs: bool = False, on_stopped: Callable[[], None] | None = None) -> None:
        """Let go of the executor: end its jobs too, or leave them running for the next daemon."""


class Spawn(Protocol):
    """Starts executor processes that listen on `socket_path`."""

    settings: ExecutorSettings
    socket_path: Path
    pid: int  # the last one started from here, 0 before that

    def start(self) -> int:
        """Start a fresh executor and return its pid. Raises OSError."""
