"""Steps on the minions table inside the caller's transaction; each keeps the rules in `minions.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy import delete as delete_from

from master.store.delivery_rows import drop_minion
from master.store.minion_record import ACCEPTED, DENIED, RECORD_COLUMNS, MinionRecord, record_of, values_of
from master.store.schema import OF_A_MINION, minions
from shoal.errors import StoreError


def held(connection: Connection, minion: str) -> MinionRecord | None:
    """Return the key that the id holds, or None."""
    query = select(*RECORD_COLUMNS).where(minions.c.id == minion, minions.c.state != DENIED)
    row = connection.execute(query).first()
    return None if row is None else record_of(row)


def accepted(connection: Connection, minion: str) -> MinionRecord:
    """Return the id's accepted key. Raises StoreError if it has none."""
    present = held(connection, minion)
    if present is None or present.state != ACCEPTED:
        raise StoreError(f"minion {minion} has no accepted key")
    return present


def find(connection: Connection, minion: str, fingerprint: str) -> MinionRecord | None:
    """Return one key of the id, in whatever state, or None."""
    row = connection.execute(select(*RECORD_COLUMNS).where(*_one(minion, fingerprint))).first()
    return None if row is None else record_of(row)


def put(connection: Connection, record: MinionRecord) -> None:
    """Insert the record or replace the same key. Raises StoreError if a rule forbids it."""
    _check(connection, record, record.fingerprint)
    changed = connection.execute(
        update(minions).where(*_one(record.id, record.fingerprint)).values(values_of(record))
    )
    if not changed.rowcount:
        connection.execute(insert(minions).values(values_of(record)))


def change(connection: Connection, minion: str, fingerprint: str, changes: Mapping[str, Any]) -> MinionRecord:
    """Change one key and return it. Raises StoreError if there is none or a rule forbids it."""
    present = find(connection, minion, fingerprint)
    if present is None:
        raise StoreError(f"minion {minion} has no key {fingerprint[:23]}")
    record = replace(present, **changes)
    _check(connection, record, fingerprint)
    connection.execute(update(minions).where(*_one(minion, fingerprint)).values(values_of(record)))
    return record


def delete(connection: Connection, minion: str, fingerprint: str) -> int:
    """Delete the id's keys, or only the one with `fingerprint` if that is given; return how many."""
    conditions = _one(minion, fingerprint) if fingerprint else (minions.c.id == minion,)
    return connection.execute(delete_from(minions).where(*conditions)).rowcount


def forget_denied(connection: Connection, minion: str, keep: int) -> None:
    """Delete the id's denied keys but the `keep` that were shown last."""
    denied = (minions.c.id == minion, minions.c.state == DENIED)
    newest = select(minions.c.fingerprint).where(*denied).order_by(minions.c.changed_at.desc()).limit(keep)
    kept = list(connection.execute(newest).scalars())
    connection.execute(delete_from(minions).where(*denied, minions.c.fingerprint.not_in(kept)))


def wipe(connection: Connection, minion: str, at: float) -> None:
    """Delete everything that is kept about the id besides keys and history; end its open deliveries."""
    drop_minion(connection, minion, "key deleted", at)
    for table in OF_A_MINION:
        connection.execute(delete_from(table).where(table.c.minion == minion))


def _check(connection: Connection, record: MinionRecord, was: str) -> None:
    # Unique indexes say the same, for two masters at once; here it is said in words.
    if record.state != DENIED:
        present = held(connection, record.id)
        if present is not None and present.fingerprint != was:
            raise StoreError(
                f"minion {record.id} holds another key, {present.state}: "
                f"delete or deny {present.fingerprint[:23]} first"
            )
    if record.state == ACCEPTED:
        query = select(minions.c.id).where(
            minions.c.state == ACCEPTED,
            minions.c.id != record.id,
            minions.c.curve_key == record.curve_key,
        )
        other = connection.execute(query.limit(1)).scalar()
        if other:
            raise StoreError(f"minion {record.id} shows the key of {other}: two boxes, one disk image?")


def _one(minion: str, fingerprint: str) -> tuple[Any, ...]:
    return (minions.c.id == minion, minions.c.fingerprint == fingerprint)
