"""The process of `shoal-minion`: puts a box's rooms together and runs until it is told to stop.

The executor is forked before this module is imported (see `minion/cli/minion.py`): what is imported here
(zmq, nacl) must not be in the process that runs jobs.
"""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Mapping, Sequence
from functools import partial
from random import SystemRandom
from typing import Any, Final

from minion.address_watch import AddressWatch
from minion.chores import Chores, is_chore
from minion.config import MinionConfig
from minion.desk.desk import Desk
from minion.desk.facts_clerk import FactsClerk
from minion.desk.file_clerk import FileClerk
from minion.desk.master_clerk import MasterClerk
from minion.desk.pillar_clerk import PillarClerk
from minion.desk.sync_clerk import SyncClerk
from minion.endpoints import Endpoints
from minion.executor.client import ExecutorClient
from minion.executor.spawn import Spawner
from minion.facts import Facts, FactsKeeper
from minion.files.cache import FileCache
from minion.files.fetcher import Fetcher
from minion.journal import Journal
from minion.key_change import KeyChange
from minion.ledger.ledger import MAX_TOMBSTONES, Ledger
from minion.loop import Loop
from minion.membership import Membership
from minion.minion import Minion, Parts
from minion.outbox import Outbox
from minion.pillar.errand import ErrandParts
from minion.pillar.keeper import PillarKeeper
from minion.pillar.kept import KeptPillar
from minion.policy import policy_of
from minion.recovery import Recovery
from minion.spool import Spool
from minion.synced.shelf import Shelf
from minion.synced.start import StartSync
from minion.synced.syncing import Syncing, SyncParts
from modules import blackout
from pki.anchor import TrustAnchor
from pki.envelope import ENVELOPE_OVERHEAD
from pki.keys import NodeKeys
from pki.trust import JobTrust
from pki.welcome import MAX_WELCOME_BYTES, Welcome
from shoal.clock import FloorClock, SystemClock
from shoal.errors import LedgerError, ShoalError
from shoal.ids import new_nonce
from shoal.job import MAX_JOB_BYTES
from shoal.paths import Paths
from shoal.readiness import Readiness
from shoal.returns import Return
from shoal.timing import Timing
from shoal.zmq_transport.link import ZmqConnector

log = logging.getLogger(__name__)

_MAX_PUBLISH_BYTES: Final = max(MAX_JOB_BYTES, MAX_WELCOME_BYTES) + ENVELOPE_OVERHEAD + 1024
_TIDY_S: Final = 3600.0
_MAX_TROUBLES: Final = 20  # that are told when there is a master again
_MAX_TOLD: Final = 1000  # characters of what a job tells


def main(paths: Paths, config: MinionConfig, spawner: Spawner, readiness: Readiness) -> int:
    """Run until SIGTERM or SIGINT; return the exit code. Raises ShoalError when it cannot start."""
    Daemon(paths, config, spawner).run(readiness)
    return 0


class Daemon:
    """All rooms of a box, connected."""

    def __init__(self, paths: Paths, config: MinionConfig, spawner: Spawner) -> None:
        self._paths = paths
        self._config = config
        self._loop = Loop()
        self._membership = Membership(paths)
        self._policy = policy_of(config)
        self._facts = FactsKeeper(self._loop, paths, config, self._facts_changed, self._tell_trouble)
        self._tags: Mapping[str, str] = {}
        self._troubles: list[str] = []  # to be told once there is somebody to tell
        self._ledger = self._open_ledger()
        self._spool = Spool(self._ledger, Outbox(config.spool_max_bytes))
        self._journal = Journal(self._ledger)
        self._key_change = KeyChange(self._membership, config.id, self._use_keys)
        self._minion = self._make_minion()
        self._cache = FileCache(paths.cache_dir / "files", config.file_cache_max_mib * 1024 * 1024)
        self._fetcher = Fetcher(self._loop, self._cache, self._minion.questions)
        self._shelf = Shelf(paths.synced)
        self._syncing = self._make_syncing()
        self._start_sync = StartSync(self._syncing, self._policy)
        self._pillar = self._make_pillar()
        self._desk = self._open_desk()
        self._recovery = Recovery(self._loop, self._clock, self._journal, self._minion.jobs)
        self._executor = ExecutorClient(
            self._loop,
            spawner,
            on_started=self._started,
            on_return=self._returned,
            on_request=self._requested,
            on_alert=self._alert,
            on_ready=self._executor_ready,
            on_lost=self._lost,
            on_progress=self._minion.live.tell,
            on_grains=self._facts.gathered,
        )
        self._facts.gather = self._executor.gather_grains
        self._chores = Chores(self._loop, SystemRandom(), self._executor.submit)
        self._watch = AddressWatch(self._loop, self._addresses_changed)

    def run(self, readiness: Readiness) -> None:
        """Run until a signal says stop."""
        self._handle_signals()
        self._syncing.load()
        self._pillar.load()
        self._tell_executor()
        self._executor.start()
        self._minion.start(self._executor)
        self._facts.start()
        self._begin_chores()
        self._tidy()
        log.info("minion %s is up", self._config.id, extra={"action": "minion_up"})
        readiness.tell()
        self._loop.run()
        self._membership.keep_floor(self._clock.floor, now=True)
        self._watch.close()
        if self._desk is not None:
            self._desk.close()
        self._minion.stop()
        self._connector.close()
        self._ledger.close()

    # -------------------------------------------------------------- assembly

    def _open_ledger(self) -> Ledger:
        """Open the ledger. With a disk that refuses the minion runs all the same: each later call tries again."""
        ledger = Ledger(self._paths.state_dir / "ledger.db", self._config.spool_max_bytes, MAX_TOMBSTONES)
        try:
            ledger.open()
            self._troubles += [ledger.trouble] if ledger.trouble else []
        except LedgerError as error:
            log.error("%s", error, extra={"action": "ledger_failed"})
            self._troubles.append(str(error))
        return ledger

    def _make_minion(self) -> Minion:
        config, membership = self._config, self._membership
        joined = membership.joined()
        self._clock = FloorClock(SystemClock(), membership.floor())
        self._connector = ZmqConnector(
            self._loop,
            curve_secret=self._key_change.keys.curve.secret,
            curve_public=self._key_change.keys.curve.public,
            max_publish_bytes=_MAX_PUBLISH_BYTES,
            timing=Timing(
                heartbeat_ms=int(config.heartbeat_s * 1000),
                heartbeat_timeout_ms=int(config.heartbeat_s * 2000),
            ),
        )
        self._anchor = TrustAnchor(joined.root_key)
        trust = JobTrust(self._anchor, config.id, self._policy)
        minion = Minion(
            Parts(
                id=config.id,
                instance=new_nonce().hex(),
                keys=self._key_change.keys,
                token=joined.token,
                loop=self._loop,
                clock=self._clock,
                trust=trust,
                connector=self._connector,
                endpoints=Endpoints(
                    membership.endpoints(config.master, config.publish_port, config.master_port)
                ),
                outbox=self._spool,
                journal=self._journal,
                random=SystemRandom(),
                recon_base_s=config.recon_default / 1000,
                recon_max_s=config.recon_max / 1000,
                failback_s=config.master_failback_interval if config.master_failback else 0.0,
                facts=lambda: (self._facts.facts.digest, self._facts.facts.grains),
                holds=lambda job: self._frozen(job.fun),
                on_masters=self._masters_changed,
                on_welcome=self._welcomed,
                on_rotated=self._key_change.rotated,
            )
        )
        for jid, expires in self._journal.taken():
            # Not by `now`: until the master has spoken, the box's clock may be ahead.
            trust.remember(jid, expires, self._clock.floor)
        masters = membership.masters(joined.root_key)
        if masters is not None:
            minion.masters.use(masters)
        return minion

    def _open_desk(self) -> Desk | None:
        """Open the socket where jobs ask the daemon; without it there are no files, and all else works."""
        questions = self._minion.questions
        try:
            clerks = FileClerk(questions, self._fetcher).clerks()
            clerks |= FactsClerk(self._known).clerks()
            clerks |= MasterClerk(questions, self._minion.send_event).clerks()
            clerks |= SyncClerk(self._syncing.sync).clerks()
            clerks |= PillarClerk(self._pillar).clerks()
            return Desk(self._loop, self._paths.desk_socket, clerks)
        except OSError as error:
            log.error("jobs cannot ask the daemon: %s", error, extra={"action": "no_desk"})
            return None

    def _make_pillar(self) -> PillarKeeper:
        parts = ErrandParts(
            loop=self._loop,
            clock=self._clock,
            anchor=self._anchor,
            questions=self._minion.questions,
            minion=self._config.id,
            grains_digest=lambda: self._facts.facts.digest,
        )
        kept = KeptPillar(self._paths.cache_dir / "pillar")
        return PillarKeeper(parts, kept, SystemRandom(), self._pillar_changed, self._tell_trouble)

    def _make_syncing(self) -> Syncing:
        return Syncing(
            SyncParts(
                loop=self._loop,
                clock=self._clock,
                shelf=self._shelf,
                anchor=self._anchor,
                questions=self._minion.questions,
                fetcher=self._fetcher,
                cache=self._cache,
                on_change=self._synced,
                on_trouble=self._tell_trouble,
            )
        )

    def _handle_signals(self) -> None:
        """SIGTERM and SIGINT end the loop; through a pipe, so that epoll wakes up."""
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write)
        self._loop.watch(read, partial(self._stop_asked, read))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def _stop_asked(self, pipe: int) -> None:
        """Let go of the executor (its jobs run on, for the next daemon), then end the loop."""
        self._loop.unwatch(pipe)
        self._executor.stop(on_stopped=self._loop.stop)

    # ---------------------------------------------------------------- events

    def _welcomed(self, welcome: Welcome) -> None:
        self._membership.keep_floor(self._clock.floor)
        self._recovery.time_told()
        if welcome.status == "accepted":
            self._membership.blank_token()
            troubles, self._troubles = self._troubles, []
            for text in troubles:
                self._alert(text)
            self._start_sync.online()
            if dict(welcome.tags) != dict(self._tags):
                self._tags = welcome.tags
                self._tell_executor()
                self._pillar.stale()
            self._pillar.online()
        self._key_change.welcomed(welcome)

    def _tidy(self) -> None:
        """Drop what the ledger need not remember any more; now and again.

        Not by a clock that may be ahead: what it forgets too early could come a second time.
        """
        if self._clock.anchored:
            self._journal.prune(self._clock.now())
        self._syncing.look()
        self._loop.call_later(_TIDY_S, self._tidy)

    def _begin_chores(self) -> None:
        config = self._config

        def possible() -> bool:
            return (
                bool(config.mine_functions or self._pillar.here.get("mine_functions"))
                and self._minion.state == "online"
                and not self._frozen("mine.update")
            )

        if config.mine_interval:
            self._chores.every(config.mine_interval * 60.0, "mine.update", possible)

    def _executor_ready(self, jids: frozenset[str]) -> None:
        self._recovery.executor_ready(frozenset(jid for jid in jids if not is_chore(jid)))

    def _started(self, jid: str, at: float) -> None:
        if not is_chore(jid):
            self._minion.jobs.started(jid, at)

    def _returned(self, ret: Return) -> None:
        if is_chore(ret.jid):
            self._chores.returned(ret)
        else:
            self._minion.jobs.returned(ret)

    def _lost(self, jid: str, fun: str, since: float) -> None:
        if is_chore(jid):
            self._chores.lost(jid)
        else:
            self._minion.jobs.lost(jid, fun, since)

    def _requested(self, action: str, data: dict[str, Any]) -> None:
        """Do what a job asks of the daemon."""
        if action == "refresh_grains":
            self._facts.refresh()
        elif action == "altered":
            self._syncing.tell(str(data.get("text", ""))[:_MAX_TOLD])
        elif action == "rotate_key":
            self._rotate_key()
        else:
            log.error("a job asked for %r, which is not known", action[:40], extra={"action": "bad_request"})

    def _rotate_key(self) -> None:
        try:
            self._minion.send_rotation(self._key_change.ask(self._clock.now()))
        except ShoalError as error:  # the disk is full, say
            log.error("cannot make new keys: %s", error, extra={"action": "rotation_failed"})

    def _use_keys(self, keys: NodeKeys, delay_s: float) -> None:
        self._connector.set_keys(keys.curve.secret, keys.curve.public)
        self._minion.use_keys(keys, delay_s)

    def _frozen(self, fun: str) -> str:
        """Return why a kept job of this function, or a chore, must wait."""
        settings = self._config.module_settings(self._paths)
        return blackout.held(fun, blackout.sources_of(settings, self._facts.facts.grains, self._pillar.here))

    def _facts_changed(self, before: Facts) -> None:
        self._tell_executor()
        self._minion.jobs.look_again()
        self._minion.facts_changed(before.digest, before.grains)
        self._pillar.stale()
        if self._minion.state == "online":
            self._pillar.online()

    def _pillar_changed(self) -> None:
        self._executor.use_pillar(self._pillar.packed)
        self._minion.jobs.look_again()

    def _known(self) -> tuple[Mapping[str, Any], Mapping[str, str], bytes]:
        return self._facts.facts.grains, self._tags, self._pillar.packed

    def _tell_trouble(self, text: str) -> None:
        if self._minion.state == "online":
            self._alert(text)
            return
        log.error("%s", text, extra={"action": "trouble"})
        if len(self._troubles) < _MAX_TROUBLES:
            self._troubles.append(text)

    def _masters_changed(self, document: bytes) -> None:
        self._membership.keep_masters(document)
        if not self._pillar.load() and self._minion.state == "online":
            self._pillar.online()
        if not self._syncing.load():  # it has revoked the certificate under a manifest
            self._start_sync.again()
            if self._minion.state == "online":
                self._start_sync.online()

    def _synced(self, kinds: Sequence[str]) -> None:
        """Other synced files count now: tell whoever loads them."""
        held = self._syncing.held
        if "modules" in kinds:
            self._executor.use_modules(held.modules(self._policy))
        if "grains" in kinds:
            self._facts.custom_files = held.custom_grains(self._shelf)
            self._facts.refresh()

    def _addresses_changed(self) -> None:
        self._minion.check_connection()
        self._facts.addresses_changed()

    def _tell_executor(self) -> None:
        settings = self._config.module_settings(self._paths)
        self._executor.set_facts(self._facts.facts.grains, self._tags, settings)

    def _alert(self, text: str) -> None:
        log.error("%s", text, extra={"action": "alert"})
        self._minion.send_event("alert", {"text": text})
