"""What `shoal-key` asks: list, accept, reject, delete, show fingerprints.

A key that loses its right loses it at once: its session ends, its next message is refused, its subscriptions
count as unsafe until they are gone. Nobody else notices.
"""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from master.events import EventBus
from master.identity import Identity
from master.intake import IntakeError
from master.keyring import ACCEPTED, DENIED, PENDING, REJECTED, KeyEntry, Keyring
from master.keystore import KeyStore
from master.roster import Roster
from master.sessions import Sessions
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
        on_accepted: Callable[[str], None],
    ) -> None:
        self._keyring = keyring
        self._keys = keys
        self._sessions = sessions
        self._roster = roster
        self._bus = bus
        self._identity = identity
        self._on_accepted = on_accepted
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
        changed = [await self._change(action, entry) for entry in chosen]
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

    async def _change(self, action: str, entry: KeyEntry) -> KeyEntry:
        if action == "delete":
            await self._keys.delete(entry)
            self._keyring.delete(entry)
            self._revoke(entry)
            self._event(entry, "delete")
            return entry
        state = ACCEPTED if action == "accept" else REJECTED
        await self._keys.set_state(entry, state)
        changed = self._keyring.set_state(entry, state)
        if state == ACCEPTED:
            self._roster.ensure(entry.id, {})
            self._on_accepted(entry.peer)
        else:
            self._revoke(entry)
        self._event(changed, action)
        return changed

    def _revoke(self, entry: KeyEntry) -> None:
        if entry.state != ACCEPTED:
            return
        self._sessions.revoke(entry.peer)
        session = self._sessions.get(entry.id)
        if session is not None and session.peer == entry.peer:
            self._sessions.drop(entry.id)
            if self.transport is not None:
                self.transport.send(session.route, reply(HELLO_FIRST))
        if self._keyring.holder(entry.id) is None or entry.state == ACCEPTED:
            self._roster.forget(entry.id)

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
