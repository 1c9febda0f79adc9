"""One master, put together: rooms in, sockets on, loops running. Knows all rooms; none knows it."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from functools import partial
from random import SystemRandom
from typing import Any, Final

from master.acl import Acl, Caller
from master.asyncio_scheduler import AsyncioScheduler
from master.backplane import LocalBackplane
from master.collector import Collector
from master.conductor import Conductor, Defaults
from master.config import MasterConfig
from master.control import ControlServer
from master.dispatch.dispatcher import Dispatcher
from master.events import EventBus
from master.fileserver.manifests import Manifests
from master.fileserver.opening import open_files
from master.gate import Gate
from master.greeter import Greeter, Limits
from master.identity import Identity, IdentityFiles
from master.inquiries import Inquiries
from master.keyring import ACCEPTED, Keyring
from master.keyroom import KeyRoom
from master.keystore import KeyStore, load_entries
from master.late import LateWords
from master.mine import MineRoom
from master.neighbours import Neighbours
from master.outbox import Outbox
from master.papers import Reach
from master.pillar.handing import Handing
from master.pillar.service import open_pillar
from master.publisher import Publisher
from master.quota import Doors
from master.receiving.limits import MIB
from master.receiving.pushed import PushedFiles
from master.receiving.uploads import Uploads
from master.roster import Roster
from master.runners.at_work import RunnersAtWork
from master.runners.context import RunnerContext
from master.runs import Runs
from master.sessions import Sessions
from master.store.store import Store, open_store
from master.time_floor import LEAP_S, MasterTime
from master.writer import Writer
from shoal.clock import Clock
from shoal.errors import ShoalError, StoreError
from shoal.files.piece import Piece
from shoal.ids import JidMaker
from shoal.messages import MAX_REQUEST_BYTES
from shoal.mine import MineQuestion
from shoal.paths import Paths
from shoal.pillar.handed import PillarQuestion
from shoal.returns import Return
from shoal.timing import Timing
from shoal.transport import MasterTransport
from shoal.wire import decode
from shoal.zmq_transport.master import ZmqMasterTransport

log = logging.getLogger(__name__)

_FLOOR_SETTING: Final = "time_floor"
_HOUSEKEEPING_S: Final = 30.0
_LOST_HEARTBEATS: Final = 3.0  # a session that is silent for so many is over
_RETENTION_PAUSE_S: Final = 0.05
_MINE_AT_ONCE: Final = 4
_PILLARS_AT_ONCE: Final = 4  # so many external sources are asked at a time
_LAST_WORDS_S: Final = 5.0  # for the store, at a stop


class Master:
    """A running master. `start`, then `stop`; the event loop is the caller's."""

    def __init__(self, config: MasterConfig, paths: Paths, clock: Clock) -> None:
        self._config = config
        self._paths = paths
        self._clock = clock
        self.counters: Counter[str] = Counter()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Open everything. Raises ConfigError, TrustError, StoreError with one line that says what to do."""
        config, clock = self._config, self._clock
        self.store: Store = open_store(config.database(self._paths).reveal(), clock)
        floor = float(self.store.settings.get(_FLOOR_SETTING, 0.0))
        # The clock was set back, and a killed master had gone on after noting this. Not for less than a leap: with a
        # clock that is a little behind, or another master's a little ahead, each restart would add to it.
        if floor > clock.time() + LEAP_S:
            floor += _HOUSEKEEPING_S + LEAP_S
        self.time = MasterTime(clock, floor)
        self.identity = self._open_identity()
        self._note_masters()
        self.bus = EventBus(self.time.now, LocalBackplane())
        self.runs = Runs()
        self.dispatcher = Dispatcher(
            returners=config.returners,
            default=config.default_returners,
            queue=self.store.dispatches,
            bus=self.bus,
            counters=self.counters,
            clock=clock,
            random=SystemRandom(),
        )
        self.writer = Writer(self.store, self._stored, on_queued=self.dispatcher.wake)
        self.sessions = Sessions(clock.monotonic, config.heartbeat_s * _LOST_HEARTBEATS)
        self.roster = Roster(config.nodegroups)
        self.keyring = Keyring(load_entries(self.store), max_pending=config.pending_max, now=self.time.now)
        self._load_roster()
        self._assemble()
        self._open_sockets()
        # Before minions hear of it: a master that is killed must not go back behind it.
        await self._keep_floor()
        self.dispatcher.start()
        self._tasks = [
            asyncio.create_task(self.writer.run(), name="writer"),
            asyncio.create_task(self._housekeeping(), name="housekeeping"),
            asyncio.create_task(self._reassure(), name="reassure"),
            asyncio.create_task(self.outbox.run(), name="outbox"),
        ]
        if self.files.updates is not None:
            self._tasks.append(asyncio.create_task(self.files.updates.run(), name="gitfs"))
        if self.store.shared.possible:
            self._tasks.append(asyncio.create_task(self.neighbours.run(), name="neighbours"))
        await self.control.start(self._paths.control_socket)
        log.info(
            "master %s is up at ports %d and %d", config.id, config.publish_port, config.ret_port,
            extra={"action": "master_up"},
        )  # fmt: skip

    async def stop(self) -> None:
        """Close everything; what was received is stored first."""
        await self.control.stop()
        self.transport.close()
        self.files.close()
        self.uploads.close()
        self.pushed.close()
        self.pillar.close()
        for asked in self.inquiries.values():
            asked.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(self.dispatcher.stop)
        try:
            await asyncio.wait_for(self._last_words(), _LAST_WORDS_S)
        except asyncio.TimeoutError:
            self.writer.stalled = True
            log.error("not all is stored: the store does not answer", extra={"action": "not_stored"})
        self.writer.close()
        if not self.writer.stalled:
            self.store.close()
        self._paths.control_socket.unlink(missing_ok=True)

    async def _last_words(self) -> None:
        await self.writer.flush()
        await self._keep_floor()

    def reload(self) -> None:
        """Take a newer masters document from the disk and tell the minions that are connected."""
        try:
            newer = self._identity_files.newer_masters(self.identity.masters)
        except ShoalError as error:
            log.error("%s", error, extra={"action": "reload_failed"})
            return
        if newer is None:
            log.info("there is no newer masters document", extra={"action": "reloaded"})
            return
        self.identity.masters, self.identity.masters_bytes = newer
        self._note_masters()
        self.publisher.notify(self.identity.masters_bytes)
        log.info(
            "masters document %d is in use and published", newer[0].version, extra={"action": "reloaded"}
        )

    # -------------------------------------------------------------- assembly

    def _open_identity(self) -> Identity:
        config = self._config
        reach = Reach.of(config)
        self._reach = (reach.addresses, reach.publish_port, reach.request_port)
        self._identity_files = IdentityFiles(self._paths.pki_dir, reach)
        return self._identity_files.open(self.time.now())

    def _load_roster(self) -> None:
        tags = self.store.tags.all()
        for entry in self.keyring.entries():
            if entry.state == ACCEPTED:
                self.roster.ensure(entry.id, tags.get(entry.id, {}))
        for record in self.store.facts.all():
            if record.minion in self.roster:
                ago = max(0.0, self.time.now() - record.last_seen)
                self.sessions.remember(record.minion, self._clock.monotonic() - ago)
                known = decode(record.packed_grains, len(record.packed_grains))
                self.roster.set_grains(record.minion, known["grains"], known["digest"])

    def _assemble(self) -> None:
        config, clock, now = self._config, self._clock, self.time.now
        keys = KeyStore(self.store, self.writer, now, config.pending_max)
        doors = Doors.of(config, clock.monotonic)
        self.greeter = Greeter(
            identity=self.identity,
            keyring=self.keyring,
            keys=keys,
            sessions=self.sessions,
            roster=self.roster,
            bus=self.bus,
            guests=doors.guests,
            counters=self.counters,
            limits=Limits(heartbeat_s=config.heartbeat_s, hellos_per_s=config.reconnect_per_s),
            clock=clock,
            now=now,
        )
        self.outbox = Outbox(
            fleet=self.identity.fleet,
            store=self.store,
            writer=self.writer,
            sessions=self.sessions,
            now=now,
            random=SystemRandom(),
        )
        self.outbox.load()
        self._open_rooms(keys, doors)

    def _open_rooms(self, keys: KeyStore, doors: Doors) -> None:
        self.files = open_files(self._config, self._paths, self.counters, self._clock)
        cache, monotonic = self._paths.cache_dir, self._clock.monotonic
        self.pushed = PushedFiles(cache / "minions", self._config.receiving(), monotonic)
        self.uploads = Uploads(cache / "uploads", self._config.cp_upload_mib * MIB, monotonic)
        self.files.uploads = self.uploads
        self.pillar = open_pillar(self._config, self._paths, self.roster)
        handing = Handing(self.pillar, self.roster, self.identity, self.time.now)
        self.files.manifests = Manifests(self.files.catalog, self.identity, self.time.now)
        self.mine = MineRoom(self.store, self.writer, self.roster, self.time.now)
        self.inquiries: dict[str, Inquiries[Any]] = {
            "mine": Inquiries(
                "mine", MineQuestion.from_fields, self.mine.answer, self.counters, _MINE_AT_ONCE
            ),
            "pillar": Inquiries(
                "pillar", PillarQuestion.from_fields, handing.answer, self.counters, _PILLARS_AT_ONCE
            ),
            "push": Inquiries("push", Piece.from_fields, self.pushed.answer, self.counters),
        }
        self.collector = Collector(
            keyring=self.keyring,
            keys=keys,
            sessions=self.sessions,
            roster=self.roster,
            runs=self.runs,
            late=LateWords(self.store, self.writer, self.runs),
            files=self.files,
            inquiries=self.inquiries,
            outbox=self.outbox,
            writer=self.writer,
            bus=self.bus,
            dispatcher=self.dispatcher,
            reports=doors.reports,
            counters=self.counters,
            clock=self._clock,
            now=self.time.now,
        )
        self.gate = Gate(
            keyring=self.keyring,
            sessions=self.sessions,
            outbox=self.outbox,
            greeter=self.greeter,
            collector=self.collector,
            bus=self.bus,
            doors=doors,
            counters=self.counters,
            clock=self._clock,
            hellos_per_s=self._config.reconnect_per_s,
        )
        self.keyroom = KeyRoom(
            keyring=self.keyring,
            keys=keys,
            sessions=self.sessions,
            roster=self.roster,
            bus=self.bus,
            identity=self.identity,
            on_decided=self.greeter.decided,
        )

    def _open_transport(self) -> MasterTransport:
        config = self._config
        host = f"[{config.interface}]" if ":" in config.interface else config.interface
        return ZmqMasterTransport(
            AsyncioScheduler(asyncio.get_running_loop()),
            self.gate,
            curve_secret=self.identity.keys.curve.secret,
            publish=f"tcp://{host}:{config.publish_port}",
            request=f"tcp://{host}:{config.ret_port}",
            max_request_bytes=MAX_REQUEST_BYTES,
            timing=Timing(
                heartbeat_ms=int(config.heartbeat_s * 1000),
                heartbeat_timeout_ms=int(config.heartbeat_s * 2000),
            ),
        )

    def _open_sockets(self) -> None:
        config = self._config
        self.transport = self._open_transport()
        self.gate.transport = self.collector.transport = self.transport
        self.greeter.transport = self.keyroom.transport = self.files.transport = self.transport
        for asked in self.inquiries.values():
            asked.transport = self.transport
        self.publisher = Publisher(self.identity, self.transport, self.sessions)
        self.outbox.publisher = self.publisher
        acl = Acl(config.publisher_acl, self.roster)
        self.conductor = Conductor(
            fleet=self.identity.fleet,
            roster=self.roster,
            acl=acl,
            sessions=self.sessions,
            runs=self.runs,
            writer=self.writer,
            publisher=self.publisher,
            outbox=self.outbox,
            store_job=self.store.jobs.add,
            bus=self.bus,
            check_returners=self.dispatcher.check_names,
            clock=self._clock,
            now=self.time.now,
            defaults=Defaults(
                timeout_s=config.timeout, expires_s=config.job_expires_s, job_timeout_s=config.job_timeout_s
            ),
            rules=config.delivery,
            jids=JidMaker(self._slot()),
            random=SystemRandom(),
        )
        self.neighbours = Neighbours(
            store=self.store,
            writer=self.writer,
            keys=self.keyroom,
            roster=self.roster,
            sessions=self.sessions,
            outbox=self.outbox,
            greet_again=self.gate.greet_again,
            use_masters=self._use_masters,
            now=self.time.now,
            monotonic=self._clock.monotonic,
        )
        self.at_work = RunnersAtWork()
        self.control = ControlServer(
            conductor=self.conductor,
            acl=acl,
            keys=self.keyroom,
            bus=self.bus,
            writer=self.writer,
            uploads=self.uploads,
            context=self._runner_context,
        )

    def _runner_context(self, caller: Caller) -> RunnerContext:
        return RunnerContext(
            caller=caller,
            config=self._config,
            store=self.store,
            writer=self.writer,
            sessions=self.sessions,
            roster=self.roster,
            runs=self.runs,
            at_work=self.at_work,
            bus=self.bus,
            conductor=self.conductor,
            outbox=self.outbox,
            dispatcher=self.dispatcher,
            files=self.files,
            pushed=self.pushed,
            pillar=self.pillar,
            mine=self.mine,
            identity=self.identity,
            counters=self.counters,
            clock=self._clock,
            now=self.time.now,
            greet_again=self.gate.greet_again,
            reach=self._reach,
        )

    async def _keep_time(self) -> None:
        """Keep the time, then follow the system clock if it has leapt. Raises StoreError."""
        time = self.time.wanted()
        await self.writer.call(self.store.settings.put, _FLOOR_SETTING, time)
        self.time.follow(time)

    async def _keep_floor(self) -> None:
        try:
            await self._keep_time()
        except StoreError as error:
            log.error("%s", error, extra={"action": "floor_not_stored"})

    def _slot(self) -> int | None:
        """Return this master's place among those that share a database, None if it has one of its own."""
        names = [entry.name for entry in self.identity.masters.masters]
        return (
            names.index(self._config.id) % 10
            if self.store.shared.possible and self._config.id in names
            else None
        )

    def _note_masters(self) -> None:
        self.store.shared.several = self.store.shared.possible and len(self.identity.masters.masters) > 1

    def _use_masters(self, stored: bytes) -> bytes:
        """Take over a masters document from the store if it is newer than ours; return the one in use."""
        if stored and stored != self.identity.masters_bytes:
            try:
                newer = self._identity_files.take_masters(self.identity.masters, stored)
            except ShoalError as error:
                log.error("masters document in the store: %s", error, extra={"action": "masters_refused"})
            else:
                if newer is None:
                    return self.identity.masters_bytes
                self.identity.masters, self.identity.masters_bytes = newer, stored
                self._note_masters()
                self.publisher.notify(stored)
        return self.identity.masters_bytes

    def _stored(self, returns: list[Return]) -> None:
        self.collector.stored(returns)

    # ---------------------------------------------------------- housekeeping

    async def _housekeeping(self) -> None:
        """Now and then: remember the time and who was seen, drop dead sessions, cut the history."""
        while True:
            await asyncio.sleep(_HOUSEKEEPING_S)
            self.reap()
            try:
                await self._keep_time()
                await self.writer.call(self.store.facts.seen, self._seen())
                await self.outbox.expire()
                await self._cut_history()
            except Exception as error:  # the next round may do better, and there must be one
                known = isinstance(error, StoreError)
                log.error(
                    "housekeeping: %s", error, extra={"action": "housekeeping_failed"}, exc_info=not known
                )

    async def _reassure(self) -> None:
        """Let minions that are late know that we are there."""
        while True:
            await asyncio.sleep(self._config.heartbeat_s / 2)
            self.collector.reassure(self._config.heartbeat_s)

    def reap(self) -> None:
        """Drop sessions that have been silent for too long."""
        for session in self.sessions:
            if self.sessions.over(session):
                self.sessions.drop(session.id)
                self.bus.publish("shoal/presence/change", {"new": [], "lost": [session.id]})
        self.collector.tidy()
        self.files.tidy()
        self.uploads.tidy()
        monotonic = self._clock.monotonic()
        self.runs.tidy(monotonic, self._config.job_expires_s, lambda m: self.sessions.get(m) is not None)

    def _seen(self) -> dict[str, float]:
        now, monotonic = self.time.now(), self._clock.monotonic()
        return {session.id: now - (monotonic - session.heard) for session in self.sessions}

    async def _cut_history(self) -> None:
        config, retention = self._config, self.store.retention
        before = self.time.now() - config.keep_jobs_seconds
        cut = await self.writer.read(
            partial(retention.cut, before=before, keep_returns=config.keep_returns_max)
        )
        rows = 1 if cut else 0
        while rows:
            rows = await self.writer.call(retention.step, cut)
            await asyncio.sleep(_RETENTION_PAUSE_S)
