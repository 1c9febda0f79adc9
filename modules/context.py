"""What an execution function is given: who this box is, what it knows, and whom it may ask.

A `Context` is made once a job and never changes. There is no `opts` bag and no injected name: what a
function cannot reach from here, it does not get. `JobControl` and `DaemonControl` are the only ways out of its
process; the executor implements them, `modules/standalone.py` has those for a call without a daemon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from modules.registry import Registry


class JobControl(Protocol):
    """The jobs that run on this box now."""

    def running(self) -> list[dict[str, Any]]:
        """Return one map for each running job, with at least `jid`, `fun` and `pid`."""

    def find(self, jid: str) -> dict[str, Any] | None:
        """Return the running job `jid`, or None."""

    def signal(self, jid: str, number: int) -> bool:
        """Send signal `number` to job `jid` and its processes; False when no such job runs."""


class DaemonControl(Protocol):
    """What a function may ask of the minion's daemon."""

    def request(self, action: str, **data: Any) -> None:
        """Ask for `action` (`refresh_grains`, `sync_modules`, `rotate_key`) and return at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The first parameter of every execution function."""

    minion_id: str
    grains: Mapping[str, Any]  # what the box says of itself
    pillar: Mapping[str, Any]
    tags: Mapping[str, str]  # what the master says of the box
    settings: Mapping[str, Any]  # the configuration keys that a module may see, e.g. `nodegroups`
    registry: Registry
    jobs: JobControl
    daemon: DaemonControl
    jid: str
    job_user: str
