"""Jobs under way: for each target where it stands, and who watches.

A target of a job is in one of: `waiting` (its turn in a batch has not come), `sent`, `running`, or it is out:
returned, or silent with a reason. Whoever watches (a command line, a batch) gets each change once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from shoal.progress import JobProgress
from shoal.returns import Return
from shoal.wire import encode

MAX_KEPT_RUNS: Final = 256
MAX_ACTIVE_RUNS: Final = 4096
MAX_WATCH_BYTES: Final = 64 * 1024 * 1024
MAX_LIVE_BYTES: Final = 1024 * 1024  # of what jobs say while they run, for one reader
_LEFT_OUT: Final = encode("[not shown: the reader does not keep up; see shoal-run jobs.lookup_jid]")


@dataclass(frozen=True, slots=True)
class Silence:
    """A target that will not answer in time, and why."""

    minion: str
    why: str  # queued | sent | received | offline | lost (offline, and it had begun) | unknown
    label: str  # the same for people, e.g. "Offline since 2026-11-25 06:40:01"
    text: str  # a sentence more
    kept: bool = False  # no failure: the job is kept for the minion


class Watch:
    """What happened in a run, in order, for one reader. Values beyond a bound are left in the store."""

    def __init__(self) -> None:
        self._items: deque[Return | Silence | JobProgress] = deque()
        self._bytes = 0
        self._live = 0
        self._wake = asyncio.Event()

    def put(self, item: Return | Silence) -> None:
        """Queue an item, without its value if too much waits already."""
        if isinstance(item, Return):
            self._bytes += len(item.packed)
            if self._bytes > MAX_WATCH_BYTES:
                item = replace(item, packed=_LEFT_OUT)
        self._items.append(item)
        self._wake.set()

    def tell(self, said: JobProgress) -> bool:
        """Queue what a job says while it runs; False, and it is dropped, if the reader does not keep up."""
        size = len(said.text) + 256
        if self._live + size > MAX_LIVE_BYTES:
            return False
        self._live += size
        self._items.append(said)
        self._wake.set()
        return True

    async def wait(self, timeout_s: float) -> None:
        """Return when there is something, or after `timeout_s`."""
        if self._items or timeout_s <= 0:
            return
        self._wake.clear()
        with contextlib.suppress(asyncio.TimeoutError):  # nothing came: the caller looks at its deadlines
            await asyncio.wait_for(self._wake.wait(), timeout_s)

    def take(self) -> list[Return | Silence | JobProgress]:
        """Return what has come, oldest first."""
        items = list(self._items)
        self._items.clear()
        self._bytes = self._live = 0
        return items


@dataclass(slots=True)
class Run:
    """One job."""

    jid: str
    fun: str
    targets: frozenset[str]
    kept: bool = False  # for minions that are away: it has deliveries
    stream: bool = False  # what it says while it runs is wanted
    returners: tuple[str, ...] = ()  # asked for by its order
    sent: dict[str, float] = field(default_factory=dict)  # id -> monotonic time of publishing
    running: dict[str, float] = field(default_factory=dict)  # id -> epoch second; 0: queued there
    received: set[str] = field(default_factory=set)  # have it on their disks
    returned: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)  # of those, the ones on the disk
    turns: Collection[str] = ()  # of a batch, whose turn has not come
    cancelled: set[str] = field(default_factory=set)  # of those, the ones that never get one
    watches: list[Watch] = field(default_factory=list)

    def publish_done(self, ids: Iterable[str], now: float) -> None:
        """Note that the job went out to `ids`."""
        for minion in ids:
            self.sent[minion] = now

    def started(self, minion: str, at: float) -> None:
        """Note that a minion is at it since epoch second `at`, or keeps it until there is a place (0)."""
        if minion in self.targets and minion not in self.returned:
            self.running[minion] = at

    def take(self, ret: Return) -> bool:
        """Note a return; False when it is not from a target or came before."""
        minion = ret.minion
        if minion not in self.targets or minion in self.returned:
            return False
        self.returned.add(minion)
        self.running.pop(minion, None)
        self.sent.pop(minion, None)
        for watch in self.watches:
            watch.put(ret)
        return True

    def tell(self, said: JobProgress) -> bool:
        """Pass on what a target says while it runs; True if anybody took it."""
        taken = [watch.tell(said) for watch in self.watches]
        return any(taken)

    def outstanding(self) -> list[str]:
        """Return who has the job and has not answered."""
        return list(self.sent)

    def give_up(self, minion: str) -> None:
        """Stop waiting for a target; a late return is still taken."""
        self.sent.pop(minion, None)
        self.running.pop(minion, None)


class Runs:
    """The runs in memory: those that are under way, and the most recent of the others for late returns."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def get(self, jid: str) -> Run | None:
        """Return a run, or None when it is not in memory."""
        return self._runs.get(jid)

    def open(
        self,
        jid: str,
        fun: str,
        targets: Iterable[str],
        *,
        kept: bool = False,
        stream: bool = False,
        returners: tuple[str, ...] = (),
    ) -> Run:
        """Begin a run."""
        return self._keep(Run(jid, fun, frozenset(targets), kept, stream, returners))

    def recall(
        self,
        jid: str,
        fun: str,
        targets: Iterable[str],
        returned: Iterable[str],
        returners: tuple[str, ...] = (),
    ) -> Run:
        """Take an old run back into memory for a late return."""
        run = Run(jid, fun, frozenset(targets), returners=returners)
        run.returned.update(returned)
        run.stored.update(returned)
        return self._keep(run)

    def active(self) -> list[Run]:
        """Return the runs in which somebody is at it or expected to be."""
        return [run for run in self._runs.values() if run.sent or run.running]

    def tidy(self, now: float, sign_s: float, alive: Callable[[str], bool]) -> None:
        """Stop expecting who gave no sign within `sign_s`, and who was lost while running.

        Whoever watches a run does the same sooner; this is for runs that nobody watches any more.
        """
        for run in self._runs.values():
            for minion, sent_at in list(run.sent.items()):
                lost = not alive(minion) if minion in run.running else now - sent_at > sign_s
                if lost and not run.watches:
                    run.give_up(minion)

    def _keep(self, run: Run) -> Run:
        """Keep `run`; make room for it among the others, for it is neither sent nor watched yet."""
        self._runs.pop(run.jid, None)
        if len(self._runs) >= MAX_KEPT_RUNS:
            self._evict()
        self._runs[run.jid] = run
        return run

    def _evict(self) -> None:
        """Drop the oldest runs in which nobody is expected; if there are too many others, the oldest of all."""
        surplus = len(self._runs) + 1 - MAX_KEPT_RUNS
        idle = [jid for jid, run in self._runs.items() if not run.sent and not run.watches]
        for jid in idle[:surplus]:
            del self._runs[jid]
        while len(self._runs) >= MAX_ACTIVE_RUNS:
            del self._runs[next(iter(self._runs))]
