"""Minion keys: which key an id holds, which were denied.

1. An id holds at most one key (accepted, pending or rejected). A held key is never replaced silently: delete
   it, or deny it, first.
2. An accepted key belongs to one id only, the next key of a rotation too: a peer is known by its key.
3. When an id holds no key any more, its facts and tags are gone too (`OF_A_MINION`), its open deliveries ended.
4. What strangers can cause is bounded: pending keys in all, denied keys per id.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, func, select

from master.store import minion_rows as rows
from master.store.database import Database
from master.store.minion_record import DENIED, PENDING, RECORD_COLUMNS, MinionRecord, record_of
from master.store.schema import minions
from shoal.clock import Clock
from shoal.errors import StoreError

MAX_DENIED_KEYS: Final = 8  # per id; the oldest go


class Minions:
    """The minions table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def get(self, minion: str) -> MinionRecord | None:
        """Return the key that the id holds (accepted, pending or rejected), or None. Raises StoreError."""
        with self._database.read() as connection:
            return rows.held(connection, minion)

    def keys(self, minion: str) -> tuple[MinionRecord, ...]:
        """Return every key of the id, denied ones too, oldest first. Raises StoreError."""
        return self._select(minions.c.id == minion)

    def by_curve_key(self, curve_key: bytes) -> tuple[MinionRecord, ...]:
        """Return the keys with this CURVE key, now or next in a rotation. Raises StoreError."""
        return self._select(minions.c.curve_key == curve_key)

    def all(self, state: str = "") -> tuple[MinionRecord, ...]:
        """Return the keys in `state`, or all, by id. Raises StoreError."""
        return self._select(*([minions.c.state == state] if state else []))

    def counts(self) -> dict[str, int]:
        """Return how many keys are in each state that has any. Raises StoreError."""
        query = select(minions.c.state, func.count()).group_by(minions.c.state)
        with self._database.read() as connection:
            return {row.state: row[1] for row in connection.execute(query)}

    def twin(self, minion: str) -> str:
        """Return an id that is spelt the same but for upper and lower case, or "". Raises StoreError."""
        query = select(minions.c.id).where(
            minions.c.id_folded == minion.lower(), minions.c.id != minion, minions.c.state != DENIED
        )
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).scalar() or ""

    def put(self, record: MinionRecord) -> None:
        """Store `record`, in the place of the same id's same key if there is one.

        Raises:
            StoreError: the id holds another key, or the key is accepted for another id.
        """
        with self._database.write() as connection:
            rows.put(connection, record)

    def add_pending(self, record: MinionRecord, max_pending: int) -> MinionRecord | None:
        """Store a new id's key as pending, unless the id holds a key or `max_pending` others wait.

        Returns:
            The key the id holds now: `record`, or the one that was there (look at its fingerprint and
            state); None when the waiting room is full.
        """
        if record.state != PENDING:
            raise StoreError(f"minion {record.id}: a key in state {record.state!r} does not wait")
        with self._database.write() as connection:
            present = rows.held(connection, record.id)
            if present is not None:
                return present
            waiting = select(func.count()).select_from(minions).where(minions.c.state == PENDING)
            if (connection.execute(waiting).scalar() or 0) >= max_pending:
                return None
            rows.put(connection, record)
            return record

    def add_denied(self, record: MinionRecord) -> bool:
        """Note a key that was shown for an id that holds another; at most MAX_DENIED_KEYS per id are kept.

        Returns:
            False if the id holds this very key, which then stays as it is.
        """
        if record.state != DENIED:
            raise StoreError(f"minion {record.id}: a key in state {record.state!r} is not denied")
        with self._database.write() as connection:
            present = rows.find(connection, record.id, record.fingerprint)
            if present is not None and present.state != DENIED:
                return False
            rows.put(connection, replace(record, first_seen=present.first_seen) if present else record)
            rows.forget_denied(connection, record.id, MAX_DENIED_KEYS)
            return True

    def set_state(self, minion: str, fingerprint: str, state: str, reason: str = "") -> MinionRecord:
        """Move one key to `state` and return it. Denying the held key also forgets facts and tags.

        Raises:
            StoreError: no such key; the id holds another key; the key is accepted for another id.
        """
        with self._database.write() as connection:
            changes = {"state": state, "reason": reason}
            record = rows.change(connection, minion, fingerprint, changes | self._now())
            if rows.held(connection, minion) is None:
                rows.wipe(connection, minion, self._clock.time())
            return record

    def rotate(self, minion: str, *, sign_key: bytes, curve_key: bytes, fingerprint: str) -> MinionRecord:
        """Give the id's accepted minion new keys; all that is kept of it stays.

        Raises:
            StoreError: the id has no accepted key, or the new key belongs to another id.
        """
        with self._database.write() as connection:
            present = rows.accepted(connection, minion)
            changes = {"sign_key": sign_key, "curve_key": curve_key, "fingerprint": fingerprint}
            return rows.change(connection, minion, present.fingerprint, changes | self._now())

    def delete(self, minion: str, fingerprint: str = "") -> int:
        """Delete the id's keys, or the one with `fingerprint`; return how many.

        Once the id holds no key, all that is kept of it goes too, so that whoever registers the id later
        inherits nothing. Returns of past jobs stay: they are history, and retention ends them.
        """
        with self._database.write() as connection:
            count = rows.delete(connection, minion, fingerprint)
            if rows.held(connection, minion) is None:
                rows.wipe(connection, minion, self._clock.time())
            return count

    def _now(self) -> dict[str, object]:
        return {"changed_at": self._clock.time()}

    def _select(self, *conditions: ColumnElement[bool]) -> tuple[MinionRecord, ...]:
        query = select(*RECORD_COLUMNS).where(*conditions).order_by(minions.c.id, minions.c.first_seen)
        with self._database.read() as connection:
            return tuple(record_of(row) for row in connection.execute(query))
