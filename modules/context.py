"""What an execution function is given: who this box is, what it knows, and whom it may ask.

A `Context` is made once a job and never changes. There is no `opts` bag and no injected name: what a
function cannot reach from here, it does not get. `JobControl`, `DaemonControl`, `Files` and `Master` are the only
ways out of its process; the minion implements them, `modules/standalone.py` has those for a call without a daemon.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from modules.registry import Registry
from shoal.files.messages import FileInfo


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
        """Ask for `action` (`refresh_grains`, `rotate_key`) and return at once."""

    def sync(self, kinds: Sequence[str], env: str) -> dict[str, list[str]]:
        """Bring the synced files of these kinds up to date; return what has changed, by kind. Raises ModuleError."""

    def refresh_pillar(self) -> None:
        """Fetch the box's pillar anew, for later jobs; return when it is there. Raises ModuleError."""

    def pillar(self, pillarenv: str = "") -> dict[str, Any]:
        """Return the box's pillar as it would be made now; nothing else changes. Raises ModuleError."""


class Files(Protocol):
    """The files that are served to this box: by its master, or by its own roots when it stands alone."""

    def envs(self) -> list[str]:
        """Return the names of the environments. Raises ModuleError, as all of these."""

    def find(self, env: str, name: str) -> FileInfo | None:
        """Return what is known of a file, None if there is none."""

    def walk(self, env: str, folder: str = "") -> list[FileInfo]:
        """Return all files and folders below a folder, sorted."""

    def fetch(self, files: Sequence[FileInfo]) -> list[Path]:
        """Bring contents to this box and return where each is; they are not to be changed there."""

    def drop(self, info: FileInfo) -> None:
        """Forget what was kept of a content: it is damaged."""


class Master(Protocol):
    """What a function may ask of the master, files aside. The master knows which box asks."""

    def ask(self, verb: str, **body: Any) -> bytes:
        """Return the master's answer to a question of `verb` (`mine`, `push`).

        Raises:
            ModuleError: it refuses, or there is no master to ask.
        """

    def tell(self, tag: str, data: Mapping[str, Any]) -> None:
        """Put an event on the master's bus, there below `minion/ID/`; lost without a connection. Raises ModuleError."""


class Telling(Protocol):
    """Who wants to hear of a job while it runs. Nothing here waits; what cannot be passed on is dropped."""

    def output(self, data: bytes) -> None:
        """Take what a program of the job wrote."""

    def step(self, text: str) -> None:
        """Take a word on how far the job is."""

    def breathe(self) -> None:
        """Pass on what has waited for its time; whoever waits for a program calls it now and again."""


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
    files: Files
    master: Master
    jid: str
    job_user: str
    telling: Telling | None = None  # None: nobody wants to hear of the job before it returns
    notes: dict[str, Any] = field(default_factory=dict)  # what states of a run leave for later ones of it

    def progress(self, text: str) -> None:
        """Tell whoever watches the job how far it is ("3 of 10"); nothing happens when nobody does."""
        if self.telling is not None:
            self.telling.step(text)
