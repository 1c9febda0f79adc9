"""What minions that are known and have a session say, and what comes of it.

Who may say it was settled before (`master/gate.py`); here the content is checked, verb by verb: a return only from
a target of its job, for the function that was asked, once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from master.dispatch.dispatcher import Dispatcher
from master.events import EventBus
from master.fileserver.service import FileService
from master.inquiries import Inquiries
from master.keyring import KeyEntry, Keyring
from master.keystore import KeyStore
from master.late import LateWords
from master.outbox import Outbox
from master.quota import Buckets
from master.roster import Roster
from master.runs import Run, Runs
from master.sessions import Session, Sessions
from master.slices import Slices
from master.store.facts import FactsRecord
from master.writer import Writer
from pki.rotation import judge_rotation
from shoal.clock import Clock
from shoal.errors import StoreError, TrustError, WireError
from shoal.event import MAX_TAG, job_progress, job_return, job_start
from shoal.grains_report import GrainsReport
from shoal.ids import check_jid
from shoal.messages import (
    ACK,
    BUSY,
    HEARD,
    MAX_RECEIVED,
    MORE,
    PONG,
    ROTATED,
    WANT_FACTS,
    Verb,
    reply,
)
from shoal.progress import JobProgress
from shoal.returns import MAX_RETURN_BYTES, Return
from shoal.slices import Slice
from shoal.transport import MasterTransport
from shoal.wire import Fields, decode, encode

log = logging.getLogger(__name__)

_BUSY_S: Final = 10.0
_STARTED_BYTES: Final = 500
_PONG: Final = {reading: reply(PONG, reading) for reading in (True, False)}


class Collector:
    """The handlers of what the gate lets in."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        keys: KeyStore,
        sessions: Sessions,
        roster: Roster,
        runs: Runs,
        late: LateWords,
        files: FileService,
        inquiries: Mapping[str, Inquiries[Any]],
        outbox: Outbox,
        writer: Writer,
        bus: EventBus,
        dispatcher: Dispatcher,
        reports: Buckets,
        counters: Counter[str],
        clock: Clock,
        now: Callable[[], float],
    ) -> None:
        self._keyring = keyring
        self._keys = keys
        self._sessions = sessions
        self._roster = roster
        self._runs = runs
        self._late = late
        self._files = files
        self._outbox = outbox
        self._writer = writer
        self._bus = bus
        self._dispatcher = dispatcher
        self._reports = reports
        self.counters = counters
        self._clock = clock
        self._now = now
        self.transport: MasterTransport | None = None  # set once the sockets are there
        self.rotating: set[asyncio.Task[None]] = set()  # key changes that wait for the store
        self._slices = Slices(clock.monotonic)
        self._handlers: dict[str, Callable[[Session, Any], None]] = {
            "heartbeat": self._heartbeat,
            "started": self._started,
            "received": self._received,
            "progress": self._progress,
            "return": self._return,
            "slice": self._slice,
            "event": self._event,
            "files": lambda session, body: self._files.ask(session.id, session.route, body),
            "facts": self._facts,
            "rotate": self._rotate,
            "bye": self._bye,
            **{verb: partial(_ask, asked) for verb, asked in inquiries.items()},
        }

    def handle(self, verb: Verb, session: Session, body: object) -> None:
        """Do what one request of a session asks for.

        Raises:
            WireError, TrustError: it is malformed, or says what its sender may not.
        """
        self._handlers[verb.name](session, body)

    def _heartbeat(self, session: Session, body: object) -> None:
        fields = Fields(body, "heartbeat")
        fields.integer("running", 0, 1_000_000)
        fields.done()
        self._send(session.route, _PONG[self._sessions.reading(session.peer)])

    def _started(self, session: Session, body: object) -> None:
        fields = Fields(body, "started")
        jid, at = check_jid(fields.text("jid", 20)), fields.seconds("at")
        fields.done()
        run = self._runs.get(jid)
        if run is None or run.kept:
            self._outbox.started(session.id, jid)
        if run is None:
            if not self._late.ask(jid, _STARTED_BYTES, partial(self._note_start, session.id, jid, at)):
                self.counters["started refused: too many unknown jobs"] += 1
        else:
            self._note_start(session.id, jid, at, run)

    def _note_start(self, minion: str, jid: str, at: float, run: Run | None) -> None:
        if run is None or minion not in run.targets:
            self.counters["started refused: not a target"] += 1
            return
        run.started(minion, at)
        if at:  # else it waits on the box for a place to run
            self._bus.publish(job_start(jid, minion), {"jid": jid, "id": minion})

    def _received(self, session: Session, body: object) -> None:
        """Note which queued jobs a minion has on its disk."""
        fields = Fields(body, "received")
        jids = fields.texts("jids", MAX_RECEIVED, 20)
        fields.done()
        self._outbox.received(session.id, [check_jid(jid) for jid in jids])
        for jid in jids:
            run = self._runs.get(jid)
            if run is not None and session.id in run.targets:
                run.received.add(session.id)

    def _progress(self, session: Session, body: object) -> None:
        """Pass on what a job says while it runs. Without an answer the box says no more for a while."""
        said = JobProgress.from_wire(body, session.id)
        run = self._runs.get(said.jid)
        if run is None or not run.stream or said.minion not in run.targets or said.minion in run.returned:
            self.counters["progress refused: not asked for"] += 1
        elif run.tell(said) or self._bus.busy:
            self._bus.publish(job_progress(said.jid, said.minion), {"id": said.minion, **said.to_wire()})
            self._send(session.route, reply(HEARD, [said.jid, said.seq]))

    def _return(self, session: Session, body: object) -> None:
        ret = Return.from_wire(body, session.id)
        run = self._runs.get(ret.jid)
        if run is None:
            if not self._late.ask(ret.jid, len(ret.packed), partial(self._store_late, ret)):
                self.counters["return refused: too many unknown jobs"] += 1
            return
        self._take(run, ret)

    def _slice(self, session: Session, body: object) -> None:
        """Take a slice of a large return, and all of it with the last."""
        piece = Slice.from_wire(body)
        there = self._slices.take(session.id, piece)
        if there is None:
            self.counters["slice refused: too many large returns"] += 1
            self._send(session.route, reply(BUSY, {"verb": "slice", "retry_after_s": _BUSY_S}))
            return
        whole = self._slices.whole(session.id)
        if whole is None:
            self._send(session.route, reply(MORE, [piece.jid, there]))
            return
        self._send(session.route, reply(MORE, [piece.jid, piece.size]))
        self._return(session, decode(whole, MAX_RETURN_BYTES))

    def _store_late(self, ret: Return, run: Run | None) -> None:
        if run is None:
            self.counters["return refused: no such job"] += 1
            self._report(ret, "return for an unknown job")
            self._ack(ret)  # it would be sent for ever
            return
        self._take(run, ret)

    def _take(self, run: Run, ret: Return) -> None:
        if ret.minion not in run.targets:
            self.counters["return refused: not a target"] += 1
            self._report(ret, "return from a minion that was no target")
            self._ack(ret)
        elif ret.fun != run.fun:  # rules go by what was asked, not by what a box says it was asked
            self.counters["return refused: other function"] += 1
            self._report(ret, "return for another function than asked")
            self._ack(ret)
        elif ret.minion in run.returned:
            self.counters["return refused: replayed"] += 1
            if ret.minion in run.stored:
                self._ack(ret)
        elif self._writer.add_return(ret, self._dispatcher.names_for(run.returners)):
            self._outbox.returned(ret.minion, ret.jid)
            run.take(ret)
            if self._bus.busy:
                self._bus.publish(job_return(ret.jid, ret.minion), _event_data(ret))

    def _report(self, ret: Return, text: str) -> None:
        """Log what is odd about a return, not for each one of a flood."""
        if self._reports.take(ret.minion):
            log.warning(text, extra={"action": "refused", "minion": ret.minion})

    def reassure(self, late_s: float) -> None:
        """Say a word to minions that have been silent for longer.

        Their heartbeats may wait behind a large result on a thin link; so would our answers, and they would take
        our silence for the end of the connection and begin anew, again and again.
        """
        before = self._clock.monotonic() - late_s
        for session in self._sessions:
            if session.heard < before:
                self._send(session.route, _PONG[self._sessions.reading(session.peer)])

    def tidy(self) -> None:
        """Forget what was begun and not gone on with."""
        self._slices.tidy()

    def stored(self, returns: list[Return]) -> None:
        """Acknowledge what is on the disk: one message for each minion."""
        by_minion: dict[str, list[str]] = {}
        for ret in returns:
            by_minion.setdefault(ret.minion, []).append(ret.jid)
            run = self._runs.get(ret.jid)
            if run is not None:
                run.stored.add(ret.minion)
        for minion, jids in by_minion.items():
            self._outbox.ended(minion, jids)
            session = self._sessions.get(minion)
            if session is not None:
                self._send(session.route, reply(ACK, jids))

    def _ack(self, ret: Return) -> None:
        session = self._sessions.get(ret.minion)
        if session is not None:
            self._send(session.route, reply(ACK, [ret.jid]))

    def _event(self, session: Session, body: object) -> None:
        """Put a minion's event on the bus, always under its own prefix."""
        fields = Fields(body, "event")
        tag, data = fields.text("tag", MAX_TAG), fields.mapping("data", 10_000)
        fields.done()
        if not tag.isprintable() or tag.startswith("shoal/"):
            raise TrustError("reserved tag", f"{session.id} sent an event with tag {tag[:60]!r}")
        self._bus.publish(f"shoal/minion/{session.id}/event/{tag}", {**data, "id": session.id})

    def _facts(self, session: Session, body: object) -> None:
        report = GrainsReport.from_wire(body)
        known = self._roster.digest(session.id)
        if report.base and report.base != known:
            self.counters["facts asked for anew: other base"] += 1
            self._send(session.route, reply(WANT_FACTS, known))
            return
        grains = report.over(self._roster.grains(session.id))
        grains["id"] = session.id
        self._roster.set_grains(session.id, grains, report.digest)
        now = self._now()
        record = FactsRecord(
            minion=session.id,
            packed_grains=encode({"digest": report.digest, "grains": grains}),
            version=session.version,
            boot_id=session.instance,
            address=session.address,
            last_seen=now,
            reported=now,
        )
        self._writer.add_facts(record)

    def _rotate(self, session: Session, body: object) -> None:
        if not isinstance(body, bytes):
            raise WireError("rotate: bytes expected")
        entry = self._keyring.accepted(session.peer)
        assert entry is not None
        on_record = (entry.sign_key, bytes.fromhex(entry.peer))
        rotation = judge_rotation(body, session.id, on_record, self._now())
        fresh = replace(entry, sign_key=rotation.sign_key, peer=rotation.curve_key.hex())
        if self._keyring.coming(entry) == fresh:
            self._send(session.route, reply(ROTATED, fresh.fingerprint))  # our first answer was lost
        elif not self._keyring.may_rotate_to(fresh):
            raise TrustError("same keys", f"{session.id}'s new key is in use already")
        else:
            task = asyncio.get_running_loop().create_task(self._store_rotation(session, entry, fresh))
            self.rotating.add(task)
            task.add_done_callback(self.rotating.discard)

    async def _store_rotation(self, session: Session, entry: KeyEntry, fresh: KeyEntry) -> None:
        """Promise a minion its new keys once they are on the disk: it throws its old ones away."""
        try:
            await self._keys.rotate(fresh)
            if self._keyring.accepted(entry.peer) != entry:  # deleted or rejected in the meantime
                await self._keys.delete(fresh)
                return
        except StoreError as error:
            log.error("new keys of %s: %s", entry.id, error, extra={"action": "rotation_not_stored"})
            return
        self._keyring.rotate(entry, fresh)
        self._bus.publish("shoal/key", {"id": entry.id, "act": "rotate"})
        self._send(session.route, reply(ROTATED, fresh.fingerprint))

    def _bye(self, session: Session, _body: object) -> None:
        self._sessions.drop(session.id)

    def _send(self, route: bytes, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(route, frame)


def _event_data(ret: Return) -> dict[str, Any]:
    try:
        value = ret.value()
    except WireError as error:
        value = f"[cannot be read: {error}]"
    return {
        "jid": ret.jid,
        "id": ret.minion,
        "fun": ret.fun,
        "return": value,
        "retcode": ret.retcode,
        "success": ret.success,
        "outcome": ret.outcome,
    }


def _ask(asked: Inquiries[Any], session: Session, body: object) -> None:
    asked.ask(session.id, session.route, body)
