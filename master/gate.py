"""Where minions come in: who may say it is settled here, before anything is looked at.

Every message goes down one corridor: authenticated key → accepted? → quota → the lane of its verb; and, when its
turn comes → still accepted? → verb known and small enough? → this connection's session? → handler. The sender is
always the key's minion; nothing in a message says who it is from. Nothing is decoded that its sender has not
paid for, and no kind of message holds up the others (`master/lanes.py`).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

from master.collector import Collector
from master.events import EventBus
from master.greeter import Greeter
from master.invitations import Invitations
from master.keyring import KeyEntry, Keyring
from master.lanes import Lane, Lanes
from master.outbox import Outbox
from master.quota import Doors, source_of
from master.sessions import Session, Sessions
from shoal.clock import Clock
from shoal.errors import TrustError, WireError
from shoal.messages import BUSY, HELLO, HELLO_FIRST, Verb, read_request, reply, verb_of
from shoal.transport import BROADCAST, PUBLISH, Inbound, MasterTransport, own_topic, topic_owner

log = logging.getLogger(__name__)

_BUSY_S: Final = 5.0
# What waits on the box until it is taken.
_TOLD_BUSY: Final = ("return", "slice", "files", "pillar", "mine", "push", "hello")
_GUESTS: Final = "guests"  # hellos of keys that are not accepted: strangers must not keep out who is known
_MIB: Final = 1024 * 1024
_HELLO_LANE_S: Final = 10.0  # a hello that waited for longer would soon be given up by its minion
_HELLO_FIRST: Final = reply(HELLO_FIRST)


class Gate:
    """The handlers of the master's transport."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        sessions: Sessions,
        outbox: Outbox,
        greeter: Greeter,
        collector: Collector,
        bus: EventBus,
        doors: Doors,
        counters: Counter[str],
        clock: Clock,
        hellos_per_s: float,
    ) -> None:
        self._keyring = keyring
        self._sessions = sessions
        self._outbox = outbox
        self._greeter = greeter
        self._collector = collector
        self._bus = bus
        self._doors = doors
        self.counters = counters
        self._clock = clock
        self.transport: MasterTransport | None = None  # set once the sockets are there
        self._hellos_per_s = hellos_per_s
        self._hellos: dict[bytes, Inbound] = {}  # the newest hello of each connection, if one waits
        self._lanes = Lanes(
            _lanes(max(100, int(hellos_per_s * _HELLO_LANE_S))),
            self._serve,
            soon=lambda turn: asyncio.get_running_loop().call_soon(turn),
            monotonic=clock.monotonic,
        )
        self._invitations = Invitations(
            hellos_per_s,
            lambda seconds, ask: asyncio.get_running_loop().call_later(seconds, ask),
            clock.monotonic,
        )

    def admit(self, domain: str, address: str, peer: str) -> bool:
        """Jobs are for accepted keys only; anybody whom the source's allowance still covers may say hello."""
        if self._keyring.accepted(peer) is not None:
            if self._doors.quotas.take_connection(peer):
                return True
            self.counters["connection refused: too many of one key"] += 1
            return False
        if domain == PUBLISH:
            return False
        door = self._doors.guests if self._keyring.peer(peer) is None else self._doors.waiters
        if door.take(source_of(address)):
            return True
        self.counters["connection refused: too many from one address"] += 1
        return False

    def grant(self, peer: str, topic: bytes) -> bool:
        """A peer may read the topic of all and its own."""
        entry = self._keyring.accepted(peer)
        granted = entry is not None and topic in (BROADCAST, own_topic(peer))
        owner = topic_owner(topic)
        if topic == BROADCAST:
            self._sessions.began_reading_all()
        elif owner is not None and self._keyring.peer(owner) is not None:
            self._sessions.began_reading(owner, granted=granted)
        if entry is None or not granted:
            self.counters["subscription refused"] += 1
            if self._doors.reports.take(peer):
                extra = {"action": "subscription_refused", "peer": peer[:16]}
                log.warning("subscription refused", extra=extra)
            return False
        if topic != BROADCAST:
            self._came(entry)
        return True

    def left(self, topic: bytes, peer: str) -> None:
        """A subscription ended. Only the end of a connection can end that of another peer, or one to all."""
        owner = topic_owner(topic)
        if topic == BROADCAST and not peer:
            self._sessions.stopped_reading_all()
        elif owner is not None and peer in ("", owner) and self._sessions.stopped_reading(owner):
            entry = self._keyring.peer(owner)
            if entry is not None:
                self._bus.publish("shoal/presence/change", {"new": [], "lost": [entry.id]})

    def all_left(self) -> None:
        """The publish port was closed and opened again."""
        self.counters["publish port reopened"] += 1
        self._sessions.nobody_reads()

    def received(self, batch: list[Inbound]) -> None:
        """Take requests in the order of arrival; the lanes say when each is handled."""
        for inbound in batch:
            self._enter(inbound)
        self._lanes.run()

    # --------------------------------------------------------------- corridor

    def _enter(self, inbound: Inbound) -> None:
        """Let who has paid into a lane. Nothing is decoded here."""
        entry, known = self._keyring.accepted(inbound.peer), verb_of(inbound.frame)
        if entry is None:
            if not self._guest_pays(inbound, known):
                self._over_quota(inbound, known)
                return
        else:
            session = self._session(entry, inbound)
            if session is not None:
                session.heard = self._clock.monotonic()
            if not self._doors.quotas.take(inbound.peer, known, len(inbound.frame)):
                self._over_quota(inbound, known)
                return
        if known is not None and _is_hello(inbound, known):
            self._enter_hello(inbound, known, _GUESTS if entry is None else known.lane)
            return
        lane = _GUESTS if entry is None else known.lane if known is not None else "bulk"
        if not self._lanes.put(lane, inbound):
            self._full(inbound, known, _BUSY_S)

    def _enter_hello(self, inbound: Inbound, verb: Verb, lane: str) -> None:
        """Let one hello of each connection wait: the newest, for only that has the nonce the minion looks for."""
        if inbound.route in self._hellos:
            self.counters["hello replaced by a newer one"] += 1
        elif not self._lanes.put(lane, inbound):
            self._full(inbound, verb, self._lanes.waiting(lane) / self._hellos_per_s)
            return
        self._hellos[inbound.route] = inbound

    def _full(self, inbound: Inbound, verb: Verb | None, retry_after_s: float) -> None:
        name = verb.name if verb is not None else "message"
        self.counters[f"{name} refused: lane full"] += 1
        if name in _TOLD_BUSY:
            self._busy(inbound, name, max(1.0, retry_after_s))

    def _serve(self, inbound: Inbound) -> None:
        try:
            self._corridor(
                self._hellos.pop(inbound.route, inbound)
                if self._hellos and _is_hello(inbound, verb_of(inbound.frame))
                else inbound
            )
        except (WireError, TrustError) as error:
            self._refuse(inbound, error)
        except Exception:  # a bug that one minion's message finds must not cost the others theirs
            self.counters["message failed: internal error"] += 1
            log.exception("a message could not be handled", extra={"action": "message_failed"})

    def _session(self, entry: KeyEntry, inbound: Inbound) -> Session | None:
        """Return the session of this connection; None if there is another, or of the keys it had before."""
        session = self._sessions.get(entry.id)
        if session is not None and (session.route != inbound.route or session.peer != inbound.peer):
            return None
        return session

    def _corridor(self, inbound: Inbound) -> None:
        entry = self._keyring.accepted(inbound.peer)  # once more: it may have been deleted in the meantime
        if entry is None:
            self._guest(inbound)
            return
        verb, body = read_request(inbound.frame)
        session = self._session(entry, inbound)
        if verb.name == "hello":
            self._greeter.hello(inbound, body)
            self._outbox.came(entry.id)
        elif session is not None:
            self._collector.handle(verb, session, body)
        elif inbound.route not in self._hellos:
            # It has not said hello here, or said it to the master before its restart. If its hello waits in its
            # lane, asking for another would double the storm that it waits behind.
            self._invitations.invite(entry.peer, lambda: self._ask_first(entry, inbound))

    def _guest_pays(self, inbound: Inbound, known: Verb | None) -> bool:
        waits = self._keyring.peer(inbound.peer) is not None
        if waits and not self._doors.quotas.take_sign(inbound.peer):
            return False
        return self._doors.waiters.take(source_of(inbound.address))

    def _guest(self, inbound: Inbound) -> None:
        """Somebody without an accepted key: may say hello, nothing else."""
        known, doors = verb_of(inbound.frame), self._doors
        waits, source = self._keyring.peer(inbound.peer) is not None, source_of(inbound.address)
        if known is None or known.guests:
            _, body = read_request(inbound.frame)
            self._greeter.hello(inbound, body)  # which knows what strangers may
            return
        self.counters[f"{known.name} refused: key not accepted"] += 1
        if doors.reports.take(source):
            log.warning(
                "%s refused: the key is not accepted", known.name,
                extra={"action": "refused", "verb": known.name, "peer": inbound.peer[:16]},
            )  # fmt: skip
        if waits or doors.guests.take(source):
            self._send(inbound.route, _HELLO_FIRST)

    def _over_quota(self, inbound: Inbound, verb: Verb | None) -> None:
        name = verb.name if verb is not None else "message"
        self.counters[f"{name} refused: over quota"] += 1
        if name in _TOLD_BUSY and name != "hello":
            self._busy(inbound, name, _BUSY_S)

    def _busy(self, inbound: Inbound, verb: str, retry_after_s: float) -> None:
        self._send(inbound.route, reply(BUSY, {"verb": verb, "retry_after_s": retry_after_s}))

    def _refuse(self, inbound: Inbound, error: WireError | TrustError) -> None:
        reason = error.reason if isinstance(error, TrustError) else "malformed"
        self.counters[f"message refused: {reason}"] += 1
        entry = self._keyring.peer(inbound.peer)
        who = entry.id if entry is not None else "a stranger"
        if not self._doors.reports.take(who if entry is not None else source_of(inbound.address)):
            return  # who sends bad messages fast must not fill the disk with lines about them
        log.warning(
            "message from %s refused: %s", who, error,
            extra={"action": "refused", "minion": who, "address": inbound.address, "reason": reason},
        )  # fmt: skip

    def _came(self, entry: KeyEntry) -> None:
        """A minion reads its topic; if this master has no session with it, ask for a hello."""
        if not self._has_session(entry):
            assert self.transport is not None
            # Never at once: now the subscription is not granted yet, and the word would be lost.
            publish = self.transport.publish
            self._invitations.invite(
                entry.peer,
                lambda: None if self._has_session(entry) else publish(own_topic(entry.peer), HELLO),
            )
        self._outbox.came(entry.id)
        self._bus.publish("shoal/presence/change", {"new": [entry.id], "lost": []})

    def greet_again(self, minion_id: str) -> None:
        """Let a connected minion say hello once more, in its turn: the welcome has what changed, e.g. its tags."""
        session = self._sessions.get(minion_id)
        if session is not None:
            self._invitations.invite(session.peer, lambda: self._ask_again(minion_id))

    def _ask_again(self, minion_id: str) -> None:
        session = self._sessions.get(minion_id)
        if session is not None and session.route not in self._hellos:
            self._send(session.route, _HELLO_FIRST)

    def _ask_first(self, entry: KeyEntry, inbound: Inbound) -> None:
        if self._session(entry, inbound) is None and inbound.route not in self._hellos:
            self._send(inbound.route, _HELLO_FIRST)

    def _has_session(self, entry: KeyEntry) -> bool:
        session = self._sessions.get(entry.id)
        return session is not None and session.peer == entry.peer

    def _send(self, route: bytes, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(route, frame)


def _is_hello(inbound: Inbound, verb: Verb | None) -> bool:
    """True for a hello; one that is too large is no hello, and is refused when its turn comes."""
    return verb is not None and verb.name == "hello" and len(inbound.frame) <= verb.max_bytes


def _lanes(hellos: int) -> dict[str, Lane]:
    """Return the lanes, in the order of a round. Weights are messages; a hello costs as much as 20 returns."""
    return {
        "control": Lane(weight=200, max_messages=100_000, max_bytes=16 * _MIB),
        "returns": Lane(weight=100, max_messages=50_000, max_bytes=64 * _MIB),
        "hello": Lane(weight=8, max_messages=hellos, max_bytes=16 * _MIB),
        "bulk": Lane(weight=10, max_messages=20_000, max_bytes=32 * _MIB),
        _GUESTS: Lane(weight=2, max_messages=1000, max_bytes=8 * _MIB),
    }
