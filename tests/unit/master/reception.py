"""The master's front rooms, real ones, over the memory transport, with minions that say what the test tells them.

Everything runs on asyncio, as in the master; the clock is moved by hand. The store is SQLite in a folder.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

from master.asyncio_scheduler import AsyncioScheduler
from master.backplane import LocalBackplane
from master.collector import Collector
from master.dispatch.dispatcher import Dispatcher
from master.events import EventBus
from master.fileserver.catalog import Catalog
from master.fileserver.index import DigestIndex
from master.fileserver.manifests import Manifests
from master.fileserver.service import FileService
from master.gate import Gate
from master.greeter import Greeter, Limits
from master.identity import IdentityFiles
from master.keyring import ACCEPTED, KeyEntry, Keyring
from master.keystore import KeyStore
from master.late import LateWords
from master.outbox import Outbox
from master.papers import Reach
from master.quota import Buckets, Doors, Quotas
from master.roster import Roster
from master.runs import Runs
from master.sessions import Sessions
from master.store import open_store
from master.store.minion_record import MinionRecord
from master.writer import Writer
from pki.hello import Hello, make_hello
from pki.keys import NodeKeys
from pki.rotation import make_rotation
from pki.welcome import Welcome, judge_welcome
from shoal.clock import FakeClock
from shoal.event import Event
from shoal.files.roots import FileRoots, Rules
from shoal.memory_transport import Fair, MemoryConnector, MemoryMasterTransport, MemoryNetwork
from shoal.messages import WELCOME, read_reply, request
from shoal.transport import BROADCAST, Endpoint, own_topic

HEARTBEAT_S = 10.0
PLENTY = 1e6


class Box:
    """A minion that says what it is told; `said` is what the master answered."""

    def __init__(self, room: Reception, minion: str, keys: NodeKeys, instance: str) -> None:
        self._room = room
        self.id = minion
        self.keys = keys
        self.instance = instance
        self.peer = keys.curve.public.hex()
        self._replies: list[tuple[str, Any]] = []
        self.heard: list[bytes] = []
        connector = MemoryConnector(room.network, self.peer)
        self.link = connector.open(room.endpoint, self)

    def published(self, frame: bytes) -> None:
        self.heard.append(frame)

    def replied(self, frame: bytes) -> None:
        self._replies.append(read_reply(frame))

    def subscribe(self) -> None:
        """Read all and its own."""
        self.link.subscribe((BROADCAST, own_topic(self.peer)))

    async def say(self, verb: str, body: Any = None) -> list[tuple[str, Any]]:
        """Send a request; return what has come when all is quiet."""
        self.link.send(request(verb, body))
        await self._room.settle()
        return self.take()

    async def hello(self, **changes: Any) -> Welcome:
        """Say hello; return the welcome. What comes with it can be taken later."""
        answers = await self.say("hello", self.hello_bytes(**changes))
        sealed = next(body for kind, body in answers if kind == WELCOME)
        self._replies = [answer for answer in answers if answer[0] != WELCOME]
        return judge_welcome(sealed, bytes(16), self._room.identity.anchor, 0.0)[0]

    def hello_bytes(self, **changes: Any) -> bytes:
        """Return a hello, sealed."""
        values: dict[str, Any] = {
            "id": self.id,
            "sign_key": self.keys.sign.public,
            "curve_key": self.keys.curve.public,
            "nonce": bytes(16),
            "boot_id": self.instance,
            "started": 0.0,
            "shoal": "0",
        }
        return make_hello(Hello(**(values | changes)), self.keys.sign)

    async def beat(self) -> list[tuple[str, Any]]:
        """Send a heartbeat; return the answers."""
        return await self.say("heartbeat", {"running": 0})

    async def rotate(self, fresh: NodeKeys) -> list[tuple[str, Any]]:
        """Ask to be known by other keys; return the answers."""
        return await self.say("rotate", make_rotation(self.id, self.keys, fresh, self._room.clock.time()))

    def take(self) -> list[tuple[str, Any]]:
        """Return what the master has answered since the last question."""
        replies, self._replies = self._replies, []
        return replies


class Reception:
    """See the module docstring."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        now, monotonic = self.clock.time, self.clock.monotonic
        self.store = open_store(f"sqlite:///{folder}/master.db", self.clock, lock_wait_s=0.02)
        (folder / "pki").mkdir(mode=0o700, exist_ok=True)
        reach = Reach(name="m1", addresses=("m1",), publish_port=4505, request_port=4506)
        self.identity = IdentityFiles(folder / "pki", reach).open(now())
        self.writer = Writer(self.store, lambda returns: self.collector.stored(returns), retry_s=0.01)
        self.counters: Counter[str] = Counter()
        self.bus = EventBus(now, LocalBackplane())
        self.events: list[Event] = []
        self._listener = asyncio.get_running_loop().create_task(self._listen())
        self.sessions = Sessions(monotonic, 3 * HEARTBEAT_S)
        self.roster = Roster({})
        self.runs = Runs()
        self.keyring = Keyring((), max_pending=100, now=now)
        self.keys = KeyStore(self.store, self.writer, now, 100)
        guests = Buckets(PLENTY, PLENTY, monotonic, 1000)
        common: dict[str, Any] = {
            "keyring": self.keyring, "sessions": self.sessions, "bus": self.bus, "counters": self.counters,
            "clock": self.clock,
        }  # fmt: skip
        self.greeter = Greeter(
            identity=self.identity,
            guests=guests,
            limits=Limits(heartbeat_s=HEARTBEAT_S, hellos_per_s=10.0),
            keys=self.keys,
            roster=self.roster,
            now=now,
            **common,
        )
        outbox = Outbox(
            fleet="f",
            store=self.store,
            writer=self.writer,
            sessions=self.sessions,
            now=now,
            random=Random(1),
        )
        doors = Doors(quotas=Quotas(PLENTY, PLENTY, monotonic), guests=guests, waiters=guests, reports=guests)
        roots = FileRoots(lambda: {"base": (folder / "roots",)}, Rules())
        self.files = FileService(Catalog(roots, DigestIndex(), monotonic), self.counters, monotonic)
        self.files.manifests = Manifests(self.files.catalog, self.identity, now)
        self.collector = Collector(
            runs=self.runs,
            late=LateWords(self.store, self.writer, self.runs),
            files=self.files,
            inquiries={},
            outbox=outbox,
            dispatcher=Dispatcher(
                returners={},
                default=(),
                queue=self.store.dispatches,
                bus=self.bus,
                counters=self.counters,
                clock=self.clock,
                random=Random(1),
            ),
            writer=self.writer,
            reports=guests,
            now=now,
            keys=self.keys,
            roster=self.roster,
            **common,
        )
        self.gate = Gate(
            greeter=self.greeter,
            collector=self.collector,
            outbox=outbox,
            doors=doors,
            hellos_per_s=10.0,
            **common,
        )
        self._plug_in()

    def _plug_in(self) -> None:
        self.network = MemoryNetwork(Fair(AsyncioScheduler(asyncio.get_running_loop())))
        self.transport = MemoryMasterTransport(self.network, self.gate, "m1", 4506)
        self.gate.transport = self.collector.transport = self.greeter.transport = self.transport
        self.files.transport = self.transport
        self.endpoint = Endpoint(
            host="m1", publish_port=4505, request_port=4506, curve_key=self.identity.keys.curve.public
        )

    def box(self, minion: str = "a", keys: NodeKeys | None = None, instance: str = "i-1") -> Box:
        """Return a box with a connection of its own."""
        return Box(self, minion, keys or NodeKeys.generate(), instance)

    def known(self, minion: str = "a", keys: NodeKeys | None = None, instance: str = "i-1") -> Box:
        """Return a box whose key is accepted, in memory and in the store."""
        box = self.box(minion, keys, instance)
        entry = KeyEntry(id=minion, peer=box.peer, sign_key=box.keys.sign.public, state=ACCEPTED)
        record = MinionRecord(
            id=minion, state=ACCEPTED, curve_key=box.keys.curve.public, sign_key=box.keys.sign.public,
            fingerprint=entry.fingerprint, first_seen=1.0, changed_at=1.0,
        )  # fmt: skip
        self.store.minions.put(record)
        self.keyring.join(_hello_of(box), box.peer, "")
        return box

    async def online(self, minion: str = "a", instance: str = "i-1") -> Box:
        """Return a box that is accepted, connected and reading."""
        box = self.known(minion, instance=instance)
        assert (await box.hello()).status == "accepted"
        box.subscribe()
        await self.settle()
        box.take()
        return box

    async def settle(self) -> None:
        """Let everything arrive, the store's answers too."""
        for _ in range(5):
            for _ in range(10):
                await asyncio.sleep(0)
            await self.writer.call(lambda: None)  # behind whatever waits for the store's thread

    async def _listen(self) -> None:
        async for event in self.bus.subscribe():
            self.events.append(event)

    def acts(self) -> list[str]:
        """Return what `shoal/auth` and `shoal/key` have told since the last question."""
        told = [str(event.data["act"]) for event in self.events if event.tag in ("shoal/auth", "shoal/key")]
        self.events.clear()
        return told

    def close(self) -> None:
        """Give everything back."""
        self._listener.cancel()
        self.writer.close()
        self.store.close()


def _hello_of(box: Box) -> Hello:
    return Hello(
        id=box.id, sign_key=box.keys.sign.public, curve_key=box.keys.curve.public,
        nonce=bytes(16), started=0.0, shoal="0",
    )  # fmt: skip


def run(folder: Path, body: Callable[[Reception], Awaitable[None]]) -> None:
    """Run `body` with a reception."""

    async def main() -> None:
        room = Reception(folder)
        try:
            await body(room)
        finally:
            room.close()

    asyncio.run(asyncio.wait_for(main(), 60))
