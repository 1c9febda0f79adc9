"""A whole fleet in one process under a fake clock: the real master, real minions, disks, keys and seals.

Only sockets (the memory transport), time and what jobs do (`CountingExecutor`) are stand-ins. `tally` looks for
the three zeros: no job that was promised is lost, none has its effect twice, none is without an explained end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, Final

from master.acl import Caller
from master.config import MasterConfig
from master.intake import Order
from master.keyring import ACCEPTED, KeyEntry
from master.master import Master
from master.store import open_store
from master.store.delivery_state import FINAL_STATES, RETURNED
from master.store.minion_record import MinionRecord
from shoal.clock import FakeClock
from shoal.memory_transport import Fair, MemoryMasterTransport, MemoryNetwork, Odds, Rough
from shoal.paths import Paths
from shoal.transport import Endpoint, MasterTransport
from tests.chaos.box import Box
from tests.chaos.fake_time import FakeTimeLoop

DAY_S: Final = 86400.0
ROOT: Final = Caller(uid=0, pid=1)
_TURNS: Final = 10  # of the loop in one step: a message and its answer, through the store


class MemoryMaster(Master):
    """The master on a memory transport."""

    def __init__(self, config: MasterConfig, paths: Paths, clock: FakeClock, network: MemoryNetwork) -> None:
        super().__init__(config, paths, clock)
        self._network = network

    def _open_transport(self) -> MasterTransport:
        key = self.identity.keys.curve.public
        return MemoryMasterTransport(self._network, self.gate, "m1", 4506, curve_key=key)


@dataclass
class Tally:
    """What became of the jobs that were promised."""

    promised: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # state or outcome -> deliveries
    lost: list[tuple[str, str]] = field(default_factory=list)
    doubled: list[tuple[str, str]] = field(default_factory=list)
    unexplained: list[tuple[str, str, str]] = field(default_factory=list)

    def check(self) -> None:
        """Fail unless there are three zeros."""
        assert not self.lost, f"{len(self.lost)} lost: {self.lost[:5]}"
        assert not self.doubled, f"{len(self.doubled)} done twice: {self.doubled[:5]}"
        assert not self.unexplained, f"{len(self.unexplained)} without an end: {self.unexplained[:5]}"


class World:
    """See the module docstring."""

    def __init__(
        self, folder: Path, clock: FakeClock, boxes: int, seed: int, settings: Mapping[str, Any]
    ) -> None:
        self.clock = clock
        self.dice = Random(seed)
        self.loop = asyncio.get_running_loop()
        self.fair = Fair(_Soon(self.loop))
        self.network = MemoryNetwork(self.fair)
        self.boxes = [Box(f"box{number}", folder, self.network, clock, self.dice) for number in range(boxes)]
        self.master: MemoryMaster | None = None
        self.promised: dict[str, list[str]] = {}  # queued jobs that the operator was told of
        self.counters: Counter[str] = Counter()
        self._paths = Paths.for_master(str(folder / "m"))
        self._paths.prepare()
        self._config = MasterConfig(
            id="m1", advertise=("m1",), heartbeat_s=5.0, minion_messages_per_s=1e5, joins_per_s=1e5,
            keep_jobs_seconds=366 * 86400, **settings,
        )  # fmt: skip
        self._orders: set[asyncio.Task[None]] = set()
        self._accept_keys()

    # ------------------------------------------------------------ who is up

    async def start_master(self) -> None:
        """Start the master from what its disk has."""
        master = MemoryMaster(self._config, self._paths, self.clock, self.network)
        await master.start()
        self.master = master
        self.counters["master started"] += 1
        for box in self.boxes:
            box.anchor = master.identity.anchor
            key = master.identity.keys.curve.public
            box.endpoint = Endpoint(host="m1", publish_port=4505, request_port=4506, curve_key=key)

    async def kill_master(self) -> None:
        """Throw the master away: none of its tasks goes on, nothing is said, nothing is written any more."""
        master, self.master = self.master, None
        if master is None:
            return
        master.transport.close()
        me = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not me]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for session in master.sessions:
            master.sessions.drop(session.id)  # timers that are left find nobody to send to
        await master.control.stop()
        master.writer.close()
        master.store.close()

    def rough(self, odds: Odds) -> None:
        """Let the weather be bad."""
        weather = Rough(self.loop.call_later, self.dice, odds)
        weather.counters = self.counters
        self.network.weather = weather

    def calm(self) -> None:
        """Let it be good."""
        self.network.weather = self.fair

    # -------------------------------------------------------------- time

    async def step(self, seconds: float) -> None:
        """Let `seconds` pass, and what is due happen."""
        self.clock.advance(seconds)
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            for box in self.boxes:
                box.turn()

    async def until(self, what: str, ask: Callable[[], bool], patience_s: float, step_s: float = 0.5) -> None:
        """Let time pass until `ask` says yes."""
        end = self.clock.monotonic() + patience_s
        while not ask():
            assert self.clock.monotonic() < end, f"waited {patience_s:g} s for {what}"
            await self.step(step_s)

    # -------------------------------------------------------------- jobs

    def order(self, boxes: Sequence[str], *, ttl_s: float = 7 * DAY_S, mode: str = "queue") -> None:
        """Order a job as `shoal --queue --async` does; it is promised once the master has said its jid."""
        if self.master is not None:
            task = self.loop.create_task(self._order(self.master, list(boxes), ttl_s, mode))
            self._orders.add(task)
            task.add_done_callback(self._orders.discard)

    async def _order(self, master: MemoryMaster, boxes: list[str], ttl_s: float, mode: str) -> None:
        request: dict[str, Any] = {
            "op": "run", "target": {"kind": "list", "expr": ",".join(boxes)}, "fun": "test.ping", "mode": mode,
            "queue_ttl_s": ttl_s, "async": True,
        }  # fmt: skip
        performance = await master.conductor.begin(Order.from_wire(request), ROOT)
        self.counters[f"{mode} jobs"] += 1
        if mode == "queue":
            self.promised[performance.jid] = boxes
        performance.publish_all()

    # -------------------------------------------------------------- the end

    def open_deliveries(self) -> int:
        """Return how many deliveries have not ended."""
        assert self.master is not None
        return sum(map(len, self.master.store.deliveries.open_jobs().values()))

    async def settle(self, patience_s: float = 4 * 3600.0) -> None:
        """Bring everything up, in good weather, and wait for the end of every delivery."""
        self.calm()
        if self.master is None:
            await self.start_master()
        for box in self.boxes:
            if not box.is_up:
                box.start()
        await self.step(1.0)
        await self.until("the end of all deliveries", lambda: self.open_deliveries() == 0, patience_s)

    def tally(self) -> Tally:
        """Compare what was promised with what the store says and what the boxes did."""
        assert self.master is not None
        store, tally = self.master.store, Tally(promised=sum(map(len, self.promised.values())))
        for box in self.boxes:
            tally.doubled += [(jid, box.id) for jid, count in box.effects.items() if count > 1]
        effects = {box.id: box.effects for box in self.boxes}
        for jid, targets in self.promised.items():
            rows = {row.minion: row for row in store.deliveries.for_job(jid)}
            returns = {ret.minion: ret for ret in store.returns.for_job(jid)}
            for minion in targets:
                row, ret, done = rows.get(minion), returns.get(minion), effects[minion][jid]
                if row is None:
                    tally.lost.append((jid, minion))
                    continue
                tally.ends[row.state if ret is None else ret.outcome] += 1
                if not _explained(row.state, row.reason, ret.outcome if ret else "", done):
                    tally.unexplained.append(
                        (jid, minion, f"{row.state} {ret and ret.outcome} {done} effects")
                    )
        return tally

    def _accept_keys(self) -> None:
        with open_store(self._config.database(self._paths).reveal(), self.clock) as store:
            for box in self.boxes:
                public = (box.keys.curve.public, box.keys.sign.public)
                entry = KeyEntry(id=box.id, peer=public[0].hex(), sign_key=public[1], state=ACCEPTED)
                store.minions.put(
                    MinionRecord(
                        id=box.id, state=ACCEPTED, curve_key=public[0], sign_key=public[1],
                        fingerprint=entry.fingerprint, first_seen=1.0, changed_at=1.0,
                    )
                )  # fmt: skip


class _Soon:
    """A scheduler that only knows `call_soon`: the memory transport asks for nothing else."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def call_soon(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon(callback)

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        raise NotImplementedError

    def unwatch(self, fd: int) -> None:
        raise NotImplementedError


def _explained(state: str, reason: str, outcome: str, effects: int) -> bool:
    """Say whether an end and the effects agree: what is done has happened once, what never began not at all."""
    if state not in FINAL_STATES or (state == RETURNED) != bool(outcome):
        return False
    if outcome == "done":
        return effects == 1
    if outcome == "outcome_unknown":
        return effects <= 1
    return effects == 0 and bool(outcome or reason)


def play(
    folder: Path,
    body: Callable[[World], Awaitable[None]],
    *,
    boxes: int,
    seed: int,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Run `body` in a fresh world, its boxes up and its master, with `settings` of its own."""
    clock = FakeClock()
    loop = FakeTimeLoop(clock)

    async def main() -> None:
        world = World(folder, clock, boxes, seed, settings)
        await world.start_master()
        for box in world.boxes:
            box.start()
        try:
            await body(world)
        finally:
            for box in world.boxes:
                box.kill(power=True)
            await world.kill_master()

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()
