"""Facts: what a minion last said of itself (grains, release, boot) and when it was last seen.

Facts exist only beside an accepted key: a late report of a minion that was just deleted leaves no trace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, Table, select, text

from master.store.bulk import BulkInsert
from master.store.cells import plain_text, unpack_value
from master.store.database import Database
from master.store.minion_record import ACCEPTED
from master.store.schema import facts, grains, minions

_PAGE: Final = 500
_ASKED: Final = 500  # ids in one IN (…)
_SEEN_SQLITE: Final = text(
    "UPDATE facts SET last_seen = v.value FROM json_each(:seen) AS v"
    " WHERE facts.minion = v.key AND facts.last_seen < v.value"
)
_SEEN_POSTGRES: Final = text(
    "UPDATE facts SET last_seen = CAST(v.value AS double precision)"
    " FROM json_each_text(CAST(:seen AS json)) AS v(minion, value)"
    " WHERE facts.minion = v.minion AND facts.last_seen < CAST(v.value AS double precision)"
    # Another master may be at the same rows in another order: what it has is left to it, nobody waits.
    " AND facts.minion IN (SELECT f.minion FROM facts AS f WHERE f.minion IN"
    " (SELECT json_object_keys(CAST(:seen AS json))) FOR UPDATE SKIP LOCKED)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsRecord:
    """One minion's facts. Grains stay packed until somebody looks: 10,000 of them are read at a start."""

    minion: str
    packed_grains: bytes  # a msgpack map
    version: str = ""  # the minion's Shoal release
    boot_id: str = ""
    address: str = ""
    last_seen: float = 0.0  # epoch seconds, on the master
    reported: float = 0.0  # when the grains came

    def grains(self) -> dict[str, Any]:
        """Return the decoded grains. Raises StoreError if the cell is damaged."""
        grains: dict[str, Any] = unpack_value(self.packed_grains, f"minion {self.minion}: grains")
        return grains


def _upsert(table: Table) -> BulkInsert:
    changes = ", ".join(f"{c.name} = excluded.{c.name}" for c in table.c if not c.primary_key)
    return BulkInsert(table, f"ON CONFLICT (minion) DO UPDATE SET {changes}")


_UPSERT_FACTS: Final = _upsert(facts)
_UPSERT_GRAINS: Final = _upsert(grains)
_FIELDS: Final = tuple(field.name for field in fields(FactsRecord))
_SELECT: Final = select(*((grains if name in grains.c else facts).c[name] for name in _FIELDS)).where(
    facts.c.minion == grains.c.minion
)


class FactsTable:
    """The facts table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, batch: Sequence[FactsRecord]) -> int:
        """Store facts of accepted minions, the last of each id; return how many. Raises StoreError."""
        with self._database.write() as connection:
            return upsert_facts(connection, batch)

    def get(self, minion: str) -> FactsRecord | None:
        """Return the minion's facts, or None. Raises StoreError."""
        with self._database.read() as connection:
            row = connection.execute(_SELECT.where(facts.c.minion == minion)).first()
        return None if row is None else _record(row)

    def all(self) -> Iterator[FactsRecord]:
        """Give all facts by id, read in pages, so never all in memory at once. Raises StoreError."""
        after = ""
        while True:
            query = _SELECT.where(facts.c.minion > after).order_by(facts.c.minion).limit(_PAGE)
            with self._database.read() as connection:
                page = connection.execute(query).all()
            yield from map(_record, page)
            if len(page) < _PAGE:
                return
            after = page[-1].minion

    def seen(self, times: Mapping[str, float]) -> int:
        """Note when minions were last heard of (epoch seconds); never goes back. Return how many changed.

        Raises:
            StoreError: the database refused or is away.
        """
        with self._database.write() as connection:
            return update_seen(connection, times)


def upsert_facts(connection: Connection, batch: Sequence[FactsRecord]) -> int:
    """Store the facts of accepted minions in the caller's transaction; return how many."""
    newest = {record.minion: record for record in batch}  # PostgreSQL refuses to touch a row twice
    accepted = _accepted(connection, list(newest))
    records = [record for record in newest.values() if record.minion in accepted]
    _UPSERT_GRAINS.run(connection, [(record.minion, record.packed_grains) for record in records])
    return _UPSERT_FACTS.run(connection, [_values(record) for record in records])


def update_seen(connection: Connection, times: Mapping[str, float]) -> int:
    """Move `last_seen` forward in the caller's transaction, in one statement (see bulk.py)."""
    if not times:
        return 0
    query = _SEEN_SQLITE if connection.dialect.name == "sqlite" else _SEEN_POSTGRES
    return connection.execute(query, {"seen": json.dumps(dict(times))}).rowcount


def _accepted(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    query = select(minions.c.id).where(minions.c.state == ACCEPTED)
    for start in range(0, len(ids), _ASKED):
        # The lock (PostgreSQL's; SQLite has one writer) makes a delete of the key wait and wipe our row too.
        part = query.where(minions.c.id.in_(ids[start : start + _ASKED])).with_for_update(read=True)
        found.update(connection.execute(part).scalars())
    return found


def _values(record: FactsRecord) -> tuple[Any, ...]:
    return (
        record.minion,
        plain_text(record.version),
        plain_text(record.boot_id),
        plain_text(record.address),
        float(record.last_seen),
        float(record.reported),
    )


def _record(row: Any) -> FactsRecord:
    return FactsRecord(**dict(zip(_FIELDS, row, strict=True)))
