"""Which key belongs to which minion id, and what we think of it. Held in memory, written through to the store.

States: `accepted`, `pending` (waits for an operator), `rejected` (an operator said no), `denied` (its id belongs
to another key). Rules:

1. An id belongs to at most one key that is not denied; two ids that differ only in case are one.
2. A key belongs to one id.
3. Whoever asks is judged by its key as authenticated by the transport; a join token accepts it at once.
4. Pending and denied keys are bounded: strangers cannot fill the memory or the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from pki.fingerprint import fingerprint
from pki.hello import Hello

ACCEPTED: Final = "accepted"
PENDING: Final = "pending"
REJECTED: Final = "rejected"
DENIED: Final = "denied"
STATES: Final = (ACCEPTED, DENIED, PENDING, REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """One key of one minion. `peer` is the hex of its CURVE key."""

    id: str
    peer: str
    sign_key: bytes
    state: str
    source: str = ""  # address it first came from
    first_seen: float = 0.0
    reason: str = ""

    @property
    def fingerprint(self) -> str:
        """What an operator compares."""
        return fingerprint(self.sign_key, bytes.fromhex(self.peer))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a hello is answered. `changed` is an entry the store must learn."""

    status: str
    reason: str = ""
    changed: KeyEntry | None = None


class Keyring:
    """See the module docstring. All methods are plain look-ups: nothing here waits for the store."""

    def __init__(self, entries: Iterable[KeyEntry], *, max_pending: int, now: Callable[[], float]) -> None:
        self._by_peer: dict[str, KeyEntry] = {}
        self._holders: dict[str, KeyEntry] = {}  # by case-folded id, denied ones left out
        self._old_peers: dict[str, str] = {}  # rotated-out peers that stay good until the new one shows up
        self._counts = dict.fromkeys(STATES, 0)
        self._max_pending = max_pending
        self._now = now
        for entry in entries:
            self._put(entry)

    def peer(self, peer: str) -> KeyEntry | None:
        """Return the entry of a key in whatever state, or None for a stranger."""
        return self._by_peer.get(peer)

    def accepted(self, peer: str) -> KeyEntry | None:
        """Return the entry of an accepted key, or None. Asked for every message."""
        entry = self._by_peer.get(peer)
        return entry if entry is not None and entry.state == ACCEPTED else None

    def holder(self, minion_id: str) -> KeyEntry | None:
        """Return the one key that is accepted, pending or rejected under this id."""
        return self._holders.get(minion_id.casefold())

    def entries(self) -> list[KeyEntry]:
        """Return all entries, by id; keys on their way out in a rotation go with the new ones."""
        old = set(self._old_peers.values())
        shown = [entry for entry in self._by_peer.values() if entry.peer not in old]
        return sorted(shown, key=lambda entry: (entry.id, entry.state))

    def current(self, entry: KeyEntry) -> KeyEntry | None:
        """Return what `entry` is now, under new keys perhaps; None if it is gone."""
        held = self.holder(entry.id)
        if held is not None and self._old_peers.get(held.peer) == entry.peer:
            return held
        return self._by_peer.get(entry.peer)

    def peers_of(self, entry: KeyEntry) -> list[str]:
        """Return all peers that are good under `entry`: its own, and while it rotates the old one."""
        old = self._old_peers.get(entry.peer)
        return [entry.peer, old] if old else [entry.peer]

    def judge(self, hello: Hello, peer: str, source: str) -> Verdict:
        """Judge a hello without a token (or after its token was refused)."""
        entry = self._by_peer.get(peer)
        if entry is not None:
            return self._known(entry, hello)
        holder = self.holder(hello.id)
        if holder is not None:
            return self._deny(hello, peer, source, holder)
        if self._counts[PENDING] >= self._max_pending:
            return Verdict("busy", f"{self._max_pending} keys already wait to be accepted")
        fresh = self._entry(hello, peer, source, PENDING)
        self._put(fresh)
        return Verdict(PENDING, f"accept it with: shoal-key -a {hello.id}", fresh)

    def may_join(self, hello: Hello, peer: str) -> bool:
        """Say whether a token could still help: the key is not accepted and the id is free or its own."""
        entry = self._by_peer.get(peer)
        if entry is not None:
            return entry.id == hello.id and entry.state == PENDING
        return self.holder(hello.id) is None

    def join(self, hello: Hello, peer: str, source: str) -> KeyEntry:
        """Accept a key because of its token, after `may_join`."""
        entry = self._entry(hello, peer, source, ACCEPTED)
        self._put(entry)
        return entry

    def set_state(self, entry: KeyEntry, state: str) -> KeyEntry:
        """Accept or reject a key. A denied key can be accepted only when its id is free."""
        self.rotated_out(entry.peer)
        changed = replace(entry, state=state, reason="")
        self._put(changed)
        return changed

    def take(self, entry: KeyEntry) -> None:
        """Hold `entry` as it is: another master has decided about it."""
        self._put(entry)

    def delete(self, entry: KeyEntry) -> None:
        """Forget a key, and the one it came from if it rotates; its next message is a stranger's."""
        self.rotated_out(entry.peer)
        self._remove(entry)

    def coming(self, entry: KeyEntry) -> KeyEntry | None:
        """Return the new keys of a minion that has been promised them and has not come with them yet."""
        return next((self._by_peer[new] for new, old in self._old_peers.items() if old == entry.peer), None)

    def may_rotate_to(self, fresh: KeyEntry) -> bool:
        """Say whether nobody has these keys; a minion that has tried them too early was denied with them itself."""
        known = self._by_peer.get(fresh.peer)
        return known is None or (
            known.state == DENIED and (known.id, known.sign_key) == (fresh.id, fresh.sign_key)
        )

    def rotate(self, entry: KeyEntry, fresh: KeyEntry) -> None:
        """Give a minion new keys; the old ones are good until the new ones have been seen."""
        denied = self._by_peer.get(fresh.peer)
        if denied is not None:
            self._remove(denied)
        earlier = self.coming(entry)
        if earlier is not None:
            del self._old_peers[earlier.peer], self._by_peer[earlier.peer]
        self._by_peer[fresh.peer] = fresh
        self._holders[fresh.id.casefold()] = fresh
        self._old_peers[fresh.peer] = entry.peer

    def rotated_out(self, peer: str) -> KeyEntry | None:
        """Note that new key `peer` is in use; return the old entry, now forgotten."""
        old = self._old_peers.pop(peer, None)
        return self._by_peer.pop(old, None) if old else None

    def _known(self, entry: KeyEntry, hello: Hello) -> Verdict:
        if entry.id != hello.id:
            return Verdict(DENIED, f"this key belongs to {entry.id}")
        if entry.sign_key != hello.sign_key:
            return Verdict(DENIED, "the sign key is not the one on record; rotate both keys together")
        if entry.state == DENIED and self.holder(hello.id) is None:
            waiting = replace(entry, state=PENDING, reason="")
            self._put(waiting)
            return Verdict(PENDING, f"accept it with: shoal-key -a {hello.id}", waiting)
        reason = entry.reason or ("an operator rejected this key" if entry.state == REJECTED else "")
        if entry.state == PENDING:
            reason = f"accept it with: shoal-key -a {hello.id}"
        return Verdict(entry.state, reason)

    def _deny(self, hello: Hello, peer: str, source: str, holder: KeyEntry) -> Verdict:
        whose = f"the id {holder.id} belongs to another key ({holder.state}); delete that one first"
        if self._counts[DENIED] >= self._max_pending:
            return Verdict(DENIED, whose)
        entry = replace(self._entry(hello, peer, source, DENIED), reason=whose)
        self._put(entry)
        return Verdict(DENIED, whose, entry)

    def _entry(self, hello: Hello, peer: str, source: str, state: str) -> KeyEntry:
        return KeyEntry(
            id=hello.id,
            peer=peer,
            sign_key=hello.sign_key,
            state=state,
            source=source,
            first_seen=self._now(),
        )

    def _put(self, entry: KeyEntry) -> None:
        old = self._by_peer.get(entry.peer)
        if old is not None:
            self._remove(old)
        self._by_peer[entry.peer] = entry
        self._counts[entry.state] += 1
        if entry.state != DENIED:
            self._holders[entry.id.casefold()] = entry

    def _remove(self, entry: KeyEntry) -> None:
        known = self._by_peer.pop(entry.peer, None)
        if known is None:
            return
        self._counts[known.state] -= 1
        folded = known.id.casefold()
        if self._holders.get(folded) == known:
            del self._holders[folded]
