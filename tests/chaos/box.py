"""A box of the world: a real minion with its ledger on a real disk, and an executor that counts what it does.

A kill throws objects away, and a start makes new ones from what the disk has. With the daemon alone killed, the
executor works on and hands its results to the next one, as the real one does.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from minion.endpoints import Endpoints
from minion.journal import Journal
from minion.ledger import Ledger, open_ledger
from minion.loop import Loop
from minion.minion import Minion, Parts
from minion.outbox import Outbox
from minion.recovery import Recovery
from minion.spool import Spool
from pki.anchor import TrustAnchor
from pki.keys import NodeKeys
from pki.trust import JobTrust
from pki.welcome import Welcome
from shoal.clock import FakeClock, FloorClock
from shoal.job import Job
from shoal.memory_transport import MemoryConnector, MemoryLink, MemoryNetwork
from shoal.returns import Return, failure
from shoal.transport import Endpoint, LinkHandlers
from shoal.wire import encode

_SLOW_S: Final = 0.1  # a job that runs for longer is said to have started
_LONGEST_S: Final = 3.0
_HALF_OPEN_S: Final = 30.0  # until the master's system notices that a box without power does not answer


class CountingExecutor:
    """Takes its time for each job, in the middle of which it has its effect: one more in `effects`."""

    def __init__(self, effects: Counter[str], dice: Random, clock: FakeClock) -> None:
        self._effects = effects
        self._dice = dice
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._timers: dict[str, list[asyncio.TimerHandle]] = {}  # of jobs in hand
        self._kept: list[Return] = []  # of which no daemon knows
        self._minion: Minion | None = None

    def attach(self, minion: Minion | None) -> None:
        """Answer to another daemon, or keep results while there is none."""
        self._minion = minion
        if minion is not None:
            kept, self._kept = self._kept, []
            for ret in kept:
                minion.jobs.returned(ret)

    def in_hand(self) -> frozenset[str]:
        """Return the jobs whose results no daemon has."""
        return frozenset([*self._timers, *(ret.jid for ret in self._kept)])

    def die(self) -> None:
        """Stop in the middle of everything."""
        for timer in [timer for timers in self._timers.values() for timer in timers]:
            timer.cancel()
        self._timers.clear()

    def submit(self, job: Job) -> None:
        if job.jid in self.in_hand():
            return
        takes = self._dice.uniform(0.0, _LONGEST_S) if self._dice.random() < 0.3 else 0.0
        later, began = self._loop.call_later, self._clock.time()
        self._timers[job.jid] = [
            later(self._dice.uniform(0.0, takes), self._effect, job.jid),
            later(takes, self._finish, job, began),
        ]
        if takes > _SLOW_S:
            self._timers[job.jid].append(later(_SLOW_S, self._started, job.jid, began))

    def resume(self, job: Job, since: float) -> None:
        """Answer as for a function that must never run twice."""
        ret = failure(job.jid, job.fun, "outcome_unknown", "It was interrupted.", started=since)
        if self._minion is None:
            self._kept.append(ret)
        else:
            self._minion.jobs.returned(ret)

    def signal(self, jid: str, number: int) -> None:
        raise NotImplementedError

    def set_facts(self, *facts: Mapping[str, Any]) -> None:
        raise NotImplementedError

    def use_pillar(self, packed: bytes) -> None: ...

    def use_modules(self, digests: Mapping[str, bytes]) -> None:
        raise NotImplementedError

    def stop(self, *, kill_jobs: bool = False, on_stopped: Callable[[], None] | None = None) -> None:
        raise NotImplementedError

    def _effect(self, jid: str) -> None:
        self._effects[jid] += 1

    def _started(self, jid: str, at: float) -> None:
        if self._minion is not None:
            self._minion.jobs.started(jid, at)

    def _finish(self, job: Job, began: float) -> None:
        del self._timers[job.jid]
        ret = Return(
            jid=job.jid,
            fun=job.fun,
            outcome="done",
            retcode=0,
            packed=encode("done"),
            started=began,
            duration_s=self._clock.time() - began,
        )
        if self._minion is None:
            self._kept.append(ret)
        else:
            self._minion.jobs.returned(ret)


class Ear:
    """Hears for a daemon until it is dead: what was under way then finds nobody."""

    def __init__(self, handlers: LinkHandlers) -> None:
        self._handlers: LinkHandlers | None = handlers

    def stop(self) -> None:
        self._handlers = None

    def published(self, frame: bytes) -> None:
        if self._handlers is not None:
            self._handlers.published(frame)

    def replied(self, frame: bytes) -> None:
        if self._handlers is not None:
            self._handlers.replied(frame)


class Cable:
    """The connector of one daemon; remembers what it has opened."""

    def __init__(self, inner: MemoryConnector) -> None:
        self._inner = inner
        self._ear: Ear | None = None
        self._link: MemoryLink | None = None

    def open(self, endpoint: Endpoint, handlers: LinkHandlers) -> MemoryLink:
        self._ear = Ear(handlers)
        self._link = self._inner.open(endpoint, self._ear)
        return self._link

    def pull(self) -> Callable[[], None]:
        """Hear nothing any more; return what lets the master know."""
        if self._ear is not None:
            self._ear.stop()
        return self._link.close if self._link is not None else lambda: None


class Box:
    """See the module docstring."""

    def __init__(
        self, name: str, folder: Path, network: MemoryNetwork, clock: FakeClock, dice: Random
    ) -> None:
        self.id = name
        self.keys = NodeKeys.generate()
        self.effects: Counter[str] = Counter()
        self.anchor: TrustAnchor | None = None  # known once the master has been up
        self.endpoint: Endpoint | None = None
        self.starts = 0
        self.tags: dict[str, str] = {}  # as the last welcome named them
        self.path = folder / f"{name}.db"
        self._network = network
        self._clock = clock
        self._dice = dice
        self._executor: CountingExecutor | None = None
        self._ledger: Ledger | None = None
        self._cable: Cable | None = None
        self._loop: Loop | None = None

    @property
    def is_up(self) -> bool:
        """True while its daemon runs."""
        return self._loop is not None

    def start(self) -> None:
        """Start the daemon, and the executor unless it has outlived the last one."""
        assert self.anchor is not None
        assert self.endpoint is not None
        self.starts += 1
        clock, loop = FloorClock(self._clock), Loop(self._clock)
        ledger = open_ledger(self.path, max_bytes=10**8)
        trust = JobTrust(self.anchor, self.id)
        journal = Journal(ledger)
        self._cable = Cable(MemoryConnector(self._network, self.keys.curve.public.hex()))
        recovery: list[Recovery] = []

        def welcomed(welcome: Welcome) -> None:
            self.tags = dict(welcome.tags)
            recovery[0].time_told()

        minion = Minion(
            Parts(
                id=self.id,
                instance=f"i-{self.starts}",
                keys=self.keys,
                loop=loop,
                clock=clock,
                trust=trust,
                connector=self._cable,  # type: ignore[arg-type]
                endpoints=Endpoints([self.endpoint]),
                outbox=Spool(ledger, Outbox(10**8)),
                journal=journal,
                random=self._dice,
                facts=lambda: (b"digest", {"id": self.id}),
                on_welcome=welcomed,
            )
        )
        for jid, expires in journal.taken():
            trust.remember(jid, expires, clock.floor)
        self._ledger, self._loop = ledger, loop
        if self._executor is None:
            self._executor = CountingExecutor(self.effects, self._dice, self._clock)
        minion.start(self._executor)
        recovery.append(Recovery(loop, clock, journal, minion.jobs))
        recovery[0].executor_ready(self._executor.in_hand())
        self._executor.attach(minion)

    def turn(self) -> None:
        """Handle what is due."""
        if self._loop is not None:
            self._loop.run_once(0)

    def kill(self, *, power: bool) -> None:
        """End the daemon, or with `power` everything: then the master is told nothing for a while."""
        if not self.is_up:
            return
        assert self._loop is not None
        assert self._ledger is not None
        assert self._cable is not None
        assert self._executor is not None
        tell = self._cable.pull()
        self._executor.attach(None)
        self._loop.close()
        self._ledger.close()
        self._loop = None
        if power:
            self._executor.die()
            self._executor = None
            asyncio.get_running_loop().call_later(_HALF_OPEN_S, tell)
        else:
            tell()
