"""What `shoal-key` asks: list, accept, reject, delete, show fingerprints.

A key that loses its right loses it at once: its session ends, its next message is refused, its subscriptions
count as unsafe until they are gone. Nobody else notices.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, Final

from master.events import EventBus
from master.identity import Identity
from master.intake import IntakeError
from master.keyring import ACCEPTED, DENIED, PENDING, REJECTED, KeyEntry, Keyring
from master.keystore import KeyStore
from master.roster import Roster
from master.sessions import Session, Sessions
from shoal.messages import HELLO_FIRST, reply
from shoal.transport import MasterTransport
from shoal.wire import Fields

_ACTIONS: Final = ("list", "accept", "reject", "delete", "finger", "print")
Answer = dict[str, Any]


class KeyRoom:
    """See the module docstring."""

    def __init__(
        self,
        *,
        keyring: Keyring,
        keys: KeyStore,
        sessions: Sessions,
        roster: Roster,
        bus: EventBus,
        identity: Identity,
        on_decided: Callable[[str], None],
    ) -> None:
        self._keyring = keyring
        self._keys = keys
        self._sessions = sessions
        self._roster = roster
        self._bus = bus
        self._identity = identity
        self._on_decided = on_decided
        self.changing = 0  # orders that are being carried out
        self.transport: MasterTransport | None = None  # set once the sockets are there

    async def handle(self, request: Answer) -> Answer:
        """Carry out one request. Raises WireError, IntakeError, StoreError."""
        fields = Fields(request, "key")
        fields.take("op", str)
        action = fields.text("action", 16)
        if action not in _ACTIONS:
            raise IntakeError("usage", f"unknown key action {action!r}")
        match, state = fields.text("match", 300, ""), fields.text("state", 16, "")
        states = {
            ACCEPTED: fields.flag("include_accepted", False),
            REJECTED: fields.flag("include_rejected", False),
            DENIED: fields.flag("include_denied", False),
        }
        fields.done()
        if action == "list":
            return self._answer([e for e in self._keyring.entries() if state in ("", e.state)])
        found = [e for e in self._keyring.entries() if fnmatchcase(e.id, match or "*")]
        if action in ("finger", "print"):
            return self._show(found, action)
        chosen = self._choose(action, found, states, explicit=match not in ("", "*"))
        change = self._accept if action == "accept" else partial(self._take_away, delete=action == "delete")
        self.changing += 1
        try:
            changed = [await change(entry) for entry in chosen]
        finally:
            self.changing -= 1
        return {**self._answer(self._keyring.entries()), "changed": _grouped(changed)}

    def _choose(
        self, action: str, found: list[KeyEntry], include: dict[str, bool], *, explicit: bool
    ) -> list[KeyEntry]:
        """Return the keys an action is for; accept and reject take pending ones unless told otherwise."""
        if action == "delete":
            return found
        wanted = {PENDING} | {state for state, yes in include.items() if yes}
        wanted.discard(ACCEPTED if action == "accept" else REJECTED)
        chosen = [entry for entry in found if entry.state in wanted]
        if action == "accept":
            for entry in chosen:
                holder = self._keyring.holder(entry.id)
                if entry.state == DENIED and holder is not None and holder != entry:
                    raise IntakeError(
                        "usage", f"{entry.id} belongs to another key ({holder.state}): delete that one first"
                    )
        return chosen

    async def _accept(self, entry: KeyEntry) -> KeyEntry:
        await self._keys.set_state(entry, ACCEPTED)
        changed = self._keyring.set_state(entry, ACCEPTED)
        self._roster.ensure(entry.id, {})
        self._on_decided(entry.peer)
        self._event(changed, "accept")
        return changed

    async def _take_away(self, chosen: KeyEntry, *, delete: bool) -> KeyEntry:
        """Reject or delete a key, in memory first: nothing of it counts any more while the store is busy.

        If the store fails, the key stays rejected until the master restarts, and the operator is told.
        """
        entry = self._keyring.current(chosen) or chosen
        peers = self._keyring.peers_of(entry)
        now = entry
        if entry.state != DENIED:  # that holds nothing which could be taken away
            now = self._keyring.set_state(entry, REJECTED)
        if entry.state == ACCEPTED:
            self._revoke(entry.id, peers)
        if delete:
            await self._keys.delete(entry)
            self._keyring.delete(now)
        else:
            await self._keys.set_state(entry, REJECTED)
            now = self._keyring.set_state(entry, REJECTED)
        self._on_decided(entry.peer)
        self._event(now, "delete" if delete else "reject")
        return entry if delete else now

    def peers(self) -> set[str]:
        """Return the peers of all keys that are known here."""
        return {entry.peer for entry in self._keyring.entries()}

    def learn(self, stored: KeyEntry) -> None:
        """Take over what another master has decided about a key."""
        known = self._keyring.peer(stored.peer)
        if known is not None and (known.id, known.state) == (stored.id, stored.state):
            return
        if known is not None and known.state == ACCEPTED:
            self._revoke(known.id, self._keyring.peers_of(known))
        self._keyring.take(stored)
        if stored.state == ACCEPTED:
            self._roster.ensure(stored.id, {})
        self._on_decided(stored.peer)

    def unlearn(self, peer: str) -> None:
        """Forget a key that another master has deleted, or exchanged for a new one."""
        known = self._keyring.peer(peer)
        if known is None:
            return
        peers, held = self._keyring.peers_of(known), self._keyring.holder(known.id)
        self._keyring.delete(known)
        if known.state != ACCEPTED:
            return
        if held is not None and held.peer != peer and held.state == ACCEPTED:
            self._succeed(held, known, peers)
        else:
            self._revoke(known.id, peers)

    def _succeed(self, held: KeyEntry, gone: KeyEntry, peers: list[str]) -> None:
        """Cut an old key off from an id that has a new one by now: exchanged for it, or another box took the id."""
        for peer in peers:
            self._sessions.revoke(peer)
        session = self._sessions.get(held.id)
        if session is not None and session.peer in peers:
            self._sessions.drop(held.id)
            self._send_hello_first(session)
        if held.first_seen != gone.first_seen:  # another box, of which nothing is true that was known here
            self._roster.forget(held.id)
            self._roster.ensure(held.id, {})

    def _send_hello_first(self, session: Session | None) -> None:
        if session is not None and self.transport is not None:
            self.transport.send(session.route, reply(HELLO_FIRST))

    def _revoke(self, minion_id: str, peers: list[str]) -> None:
        for peer in peers:
            self._sessions.revoke(peer)
        session = self._sessions.drop(minion_id)
        self._sessions.forget(minion_id)
        self._send_hello_first(session)
        self._roster.forget(minion_id)

    def _show(self, found: list[KeyEntry], action: str) -> Answer:
        def shown(entry: KeyEntry) -> str:
            if action == "finger":
                return entry.fingerprint
            return f"sign {entry.sign_key.hex()} curve {entry.peer}"

        groups: dict[str, dict[str, str]] = {}
        for entry in found:
            groups.setdefault(entry.state, {})[entry.id] = shown(entry)
        return {"minions": groups, "changed": {}, "local": self._identity.fingerprints()}

    def _answer(self, entries: list[KeyEntry]) -> Answer:
        return {"minions": _grouped(entries), "changed": {}, "local": self._identity.fingerprints()}

    def _event(self, entry: KeyEntry, act: str) -> None:
        data = {"id": entry.id, "act": act, "finger": entry.fingerprint, "result": True}
        self._bus.publish("shoal/key", data)


def _grouped(entries: list[KeyEntry]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {state: [] for state in (ACCEPTED, DENIED, PENDING, REJECTED)}
    for entry in entries:
        groups[entry.state].append(entry.id)
    return groups
