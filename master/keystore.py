"""The keyring's other half: what it decides is written to the store, in the background, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from master.keyring import ACCEPTED, DENIED, PENDING, KeyEntry
from master.store.minion_record import MinionRecord
from master.store.store import Store
from master.writer import Writer
from pki.fingerprint import fingerprint
from pki.hello import Hello
from pki.token import TokenRecord as JudgedToken
from pki.token import hash_token, judge_token
from shoal.errors import StoreError, TrustError

log = logging.getLogger(__name__)


def load_entries(store: Store) -> list[KeyEntry]:
    """Return all keys in the store."""
    return [
        KeyEntry(
            id=record.id,
            peer=record.curve_key.hex(),
            sign_key=record.sign_key,
            state=record.state,
            source=record.source,
            first_seen=record.first_seen,
            reason=record.reason,
        )
        for record in store.minions.all()
    ]


class KeyStore:
    """Writes keys through."""

    def __init__(self, store: Store, writer: Writer, now: Callable[[], float], max_pending: int) -> None:
        self._store = store
        self._writer = writer
        self._now = now
        self._max_pending = max_pending
        self._tasks: set[asyncio.Task[None]] = set()

    def remember(self, entry: KeyEntry) -> None:
        """Store a key that just showed up (pending or denied)."""
        record = self._record(entry)
        if entry.state == PENDING:
            self._soon(partial(self._store.minions.add_pending, record, self._max_pending))
        elif entry.state == DENIED:
            self._soon(partial(self._store.minions.add_denied, record))
        else:
            self._soon(partial(self._store.minions.put, record))

    async def admit(self, hello: Hello, peer: str, source: str) -> dict[str, str]:
        """Use up one use of the hello's token and store the key as accepted; return the token's tags.

        Raises:
            TrustError: the token is unknown, expired, used up or revoked.
            StoreError: the store is away.
        """
        return await self._writer.call(self._admit, hello, peer, source)

    async def set_state(self, entry: KeyEntry, state: str, reason: str = "") -> None:
        """Store an operator's decision. Raises StoreError."""
        await self._writer.call(
            lambda: self._store.minions.set_state(entry.id, self._fingerprint(entry), state, reason)
        )

    async def delete(self, entry: KeyEntry) -> None:
        """Delete a key and, if it held its id, all that is kept of that id. Raises StoreError."""
        await self._writer.call(lambda: self._store.minions.delete(entry.id, self._fingerprint(entry)))

    async def rotate(self, new: KeyEntry) -> None:
        """Store the new keys of a minion; the old ones stay good in memory until the new ones are seen.

        Raises:
            StoreError: the store is away, or the minion has no accepted key any more.
        """
        await self._writer.call(self._rotate, new)

    def _rotate(self, new: KeyEntry) -> None:
        self._store.minions.delete(new.id, new.fingerprint)  # denied, if it was shown before it was promised
        self._store.minions.rotate(
            new.id,
            sign_key=new.sign_key,
            curve_key=bytes.fromhex(new.peer),
            fingerprint=new.fingerprint,
        )

    def _fingerprint(self, entry: KeyEntry) -> str:
        """Return under which fingerprint an entry is stored: a rotation may have reached the store before us."""
        held = self._store.minions.get(entry.id) if entry.state == ACCEPTED else None
        return held.fingerprint if held is not None and held.state == ACCEPTED else entry.fingerprint

    def _admit(self, hello: Hello, peer: str, source: str) -> dict[str, str]:
        now = self._now()
        found = self._store.tokens.by_hash(bytes.fromhex(hash_token(hello.token)))
        if found is None:
            raise TrustError("unknown token")
        judged = JudgedToken(
            token_id=found.id,
            expires=found.expires,
            uses_left=found.uses_left,
            revoked=found.revoked_at is not None,
        )
        curve_key = bytes.fromhex(peer)
        record = MinionRecord(
            id=hello.id,
            state="accepted",
            curve_key=curve_key,
            sign_key=hello.sign_key,
            fingerprint=fingerprint(hello.sign_key, curve_key),
            first_seen=now,
            changed_at=now,
            source=source,
            reason=f"join token {found.id}",
        )
        known = self._store.minions.get(hello.id)
        if known is None or known.fingerprint != record.fingerprint or known.state != "accepted":
            judge_token(judged, now)
        if not self._store.admit(record, found.id):
            raise TrustError("used up", f"token {found.id}")
        return dict(self._store.tags.of(hello.id))

    def _record(self, entry: KeyEntry) -> MinionRecord:
        return MinionRecord(
            id=entry.id,
            state=entry.state,
            curve_key=bytes.fromhex(entry.peer),
            sign_key=entry.sign_key,
            fingerprint=entry.fingerprint,
            first_seen=entry.first_seen or self._now(),
            changed_at=self._now(),
            source=entry.source,
            reason=entry.reason,
        )

    def _soon(self, work: Callable[[], object]) -> None:
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Callable[[], object]) -> None:
        try:
            await self._writer.call(work)
        except StoreError as error:
            log.error("a key could not be stored: %s", error, extra={"action": "key_not_stored"})
