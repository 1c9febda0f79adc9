"""Answers hellos: judges the key, uses join tokens, opens the session.

A second hello under an accepted key while its session is alive is either the same process on a new connection
(same `instance`), a restart (the old connection is gone), or a copy of the box. To tell the last two apart the
old connection is probed; the newcomer has to wait for the outcome.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from master.events import EventBus
from master.identity import Identity
from master.keyring import ACCEPTED, DENIED, PENDING, REJECTED, KeyEntry, Keyring, Verdict
from master.keystore import KeyStore
from master.quota import Buckets, source_of
from master.roster import Roster
from master.sessions import Session, Sessions
from pki.hello import Hello, judge_hello
from pki.welcome import MAX_WAIT_S, Welcome, seal_welcome
from shoal.clock import Clock
from shoal.errors import StoreError, TrustError
from shoal.event import minion_start
from shoal.messages import HELLO_FIRST, PROBE, WANT_FACTS, WELCOME, reply
from shoal.transport import Inbound, MasterTransport

log = logging.getLogger(__name__)

_PENDING_RETRY_S: Final = 10.0
_REFUSED_RETRY_S: Final = 300.0
_BUSY_RETRY_S: Final = 5.0
_PROBE_S: Final = 3.0
_PROBE_STALE_S: Final = 30.0  # who asked so long ago has given up; its answer says nothing about who asks now
_MAX_JOINING: Final = 5000
_MAX_WAITING: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What minions are told to keep to."""

    heartbeat_s: float
    hellos_per_s: float


class Greeter:
    """See the module docstring."""

    def __init__(
        self,
        *,
        identity: Identity,
        keyring: Keyring,
        keys: KeyStore,
        sessions: Sessions,
        roster: Roster,
        bus: EventBus,
        guests: Buckets,
        counters: Counter[str],
        limits: Limits,
        clock: Clock,
        now: Callable[[], float],
    ) -> None:
        self._identity = identity
        self._keyring = keyring
        self._keys = keys
        self._sessions = sessions
        self._roster = roster
        self._bus = bus
        self._guests = guests
        self._counters = counters
        self._limits = limits
        self._clock = clock
        self._now = now
        self._joining: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, bytes] = {}  # pending and rejected peers, and where they can be reached
        self.transport: MasterTransport | None = None  # set once the sockets are there

    def hello(self, inbound: Inbound, body: object) -> None:
        """Judge one hello and answer it."""
        if not isinstance(body, bytes):
            raise TrustError("malformed hello")
        hello = judge_hello(body, bytes.fromhex(inbound.peer))
        stranger = self._keyring.peer(inbound.peer) is None
        if stranger and not self._guests.take(source_of(inbound.address)):
            self._counters["hello refused: too many from one address"] += 1
            self._answer(
                inbound, hello, Verdict("busy", "too many first contacts from this address"), _BUSY_RETRY_S
            )
        elif hello.token and self._keyring.may_join(hello, inbound.peer):
            self._join_soon(inbound, hello)
        else:
            self._decide(inbound, hello)

    def decided(self, peer: str) -> None:
        """Let a waiting minion ask again at once: an operator has decided about its key."""
        route = self._waiting.pop(peer, None)
        if route is not None:
            self._reply(route, reply(HELLO_FIRST))

    def _join_soon(self, inbound: Inbound, hello: Hello) -> None:
        if len(self._joining) >= _MAX_JOINING:
            self._answer(inbound, hello, Verdict("busy", "many minions are joining"), _BUSY_RETRY_S)
            return
        task = asyncio.get_running_loop().create_task(self._join(inbound, hello))
        self._joining.add(task)
        task.add_done_callback(self._joining.discard)

    async def _join(self, inbound: Inbound, hello: Hello) -> None:
        try:
            tags = await self._keys.admit(hello, inbound.peer, _host(inbound.address))
        except TrustError as error:
            self._counters[f"token refused: {error.reason}"] += 1
            log.warning(
                "%s: join token %s", hello.id, error, extra={"action": "token_refused", "minion": hello.id}
            )
            self._auth_event(hello, inbound, "token refused", error.reason)
            self._decide(inbound, hello)
            return
        except StoreError as error:
            log.error("%s: %s", hello.id, error, extra={"action": "join_failed", "minion": hello.id})
            self._answer(inbound, hello, Verdict("busy", "the master's store is away"), _BUSY_RETRY_S)
            return
        self._waiting.pop(inbound.peer, None)
        if self._keyring.may_join(hello, inbound.peer):  # nobody else took the id meanwhile
            self._keyring.join(hello, inbound.peer, _host(inbound.address))
            self._roster.ensure(hello.id, tags)
            self._roster.set_tags(hello.id, tags)
            self._auth_event(hello, inbound, "accept", "join token")
        self._decide(inbound, hello)

    def _decide(self, inbound: Inbound, hello: Hello) -> None:
        verdict = self._keyring.judge(hello, inbound.peer, _host(inbound.address))
        if verdict.changed is not None:
            self._keys.remember(verdict.changed)
            if verdict.status != DENIED:
                self._auth_event(hello, inbound, verdict.status, verdict.reason)
        if verdict.status == PENDING and hello.token:
            verdict = replace(verdict, reason=f"the join token was refused; {verdict.reason}")
        if verdict.status == DENIED:
            self._counters["hello refused: denied"] += 1
            self._warn_of(hello, inbound, verdict)
        if verdict.status not in (PENDING, REJECTED):
            self._waiting.pop(inbound.peer, None)
        elif len(self._waiting) < _MAX_WAITING:
            self._waiting[inbound.peer] = inbound.route
        if verdict.status != ACCEPTED:
            wait = _PENDING_RETRY_S if verdict.status in ("pending", "busy") else _REFUSED_RETRY_S
            self._answer(inbound, hello, verdict, wait)
            return
        entry = self._keyring.accepted(inbound.peer)
        assert entry is not None
        refusal = self._copied(inbound, hello)
        if refusal is not None:
            self._answer(inbound, hello, refusal, _PROBE_S if refusal.status == "busy" else _REFUSED_RETRY_S)
            return
        self._open(inbound, hello, entry)

    def _warn_of(self, hello: Hello, inbound: Inbound, verdict: Verdict) -> None:
        """Tell of a key that is shown for an id it does not own: once, if there is room to remember the key."""
        if verdict.changed is None and self._keyring.peer(inbound.peer) is not None:
            return
        log.warning(
            "%s from %s: %s", hello.id, inbound.address, verdict.reason,
            extra={"action": "denied", "minion": hello.id},
        )  # fmt: skip
        self._auth_event(hello, inbound, verdict.status, verdict.reason)

    def _copied(self, inbound: Inbound, hello: Hello) -> Verdict | None:
        """Return why this hello has to wait or go: another process already uses the key."""
        session = self._sessions.get(hello.id)
        if session is None or session.instance == hello.boot_id or session.peer != inbound.peer:
            return None
        assert self.transport is not None
        if not self.transport.send(session.route, reply(PROBE)):
            return None  # the old connection is gone: a restart
        now = self._clock.monotonic()
        if not session.probed or now - session.probed > _PROBE_STALE_S:
            session.probed = now
            return Verdict("busy", "another process is connected under this key; waiting for a sign of it")
        if session.heard > session.probed:
            session.probed = 0.0
            text = f"the same key is in use by another process at {session.address}: is this box a copy?"
            self._counters["hello refused: copied key"] += 1
            log.error("%s from %s: %s", hello.id, inbound.address, text, extra={"action": "copied_key"})
            self._auth_event(hello, inbound, "copied key", text)
            return Verdict("denied", text)
        return (
            None
            if now - session.probed >= _PROBE_S * 0.7
            else Verdict("busy", "waiting for the other process")
        )

    def _open(self, inbound: Inbound, hello: Hello, entry: KeyEntry) -> None:
        known = self._sessions.get(hello.id)
        monotonic = self._clock.monotonic()
        session = Session(
            id=entry.id,
            peer=inbound.peer,
            route=inbound.route,
            instance=hello.boot_id,
            address=_host(inbound.address),
            since=known.since if known and known.instance == hello.boot_id else self._now(),
            heard=monotonic,
            version=hello.shoal,
        )
        self._sessions.put(session)
        old = self._keyring.rotated_out(inbound.peer)
        if old is not None:
            self._sessions.revoke(old.peer)
            log.info("%s uses its new keys", entry.id, extra={"action": "rotated", "minion": entry.id})
        self._roster.ensure(entry.id, {})
        self._answer(inbound, hello, Verdict(ACCEPTED), 0.0)
        digest = self._roster.digest(entry.id)
        if digest != hello.grains_digest:
            self._reply(inbound.route, reply(WANT_FACTS, digest))
        if known is None or known.instance != hello.boot_id:
            self._bus.publish(minion_start(entry.id), {"id": entry.id, "version": hello.shoal})

    def _answer(self, inbound: Inbound, hello: Hello, verdict: Verdict, retry_after_s: float) -> None:
        identity = self._identity
        welcome = Welcome(
            nonce=hello.nonce,
            status=verdict.status,
            time=self._now(),
            reason=verdict.reason,
            heartbeat_s=self._limits.heartbeat_s,
            retry_after_s=retry_after_s,
            spread_s=min(MAX_WAIT_S, len(self._sessions) / self._limits.hellos_per_s),
            tags=dict(self._roster.tags(hello.id)) if verdict.status == ACCEPTED else {},
            masters=identity.masters_bytes,
        )
        sealed = seal_welcome(welcome, identity.keys.sign, identity.certificate_bytes)
        self._reply(inbound.route, reply(WELCOME, sealed))

    def _reply(self, route: bytes, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.send(route, frame)

    def _auth_event(self, hello: Hello, inbound: Inbound, act: str, reason: str) -> None:
        data = {"id": hello.id, "act": act, "reason": reason, "address": _host(inbound.address)}
        self._bus.publish("shoal/auth", data)


def _host(address: str) -> str:
    """Return the source address without the IPv4-in-IPv6 prefix."""
    return address.removeprefix("::ffff:")
