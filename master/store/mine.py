"""The mine: values that minions put there for others, by name, and who may read each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, func, select

from master.store.bulk import BulkInsert
from master.store.database import Database
from master.store.schema import mine
from shoal.targets import Target

_UPSERT: Final = BulkInsert(
    mine,
    "ON CONFLICT (minion, name) DO UPDATE SET allow_kind = excluded.allow_kind,"
    " allow_expr = excluded.allow_expr, updated_at = excluded.updated_at, packed = excluded.packed",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MineValue:
    """One value. `allow`: who may read it, None: all. `updated_at` in epoch seconds."""

    minion: str
    name: str
    packed: bytes
    allow: Target | None
    updated_at: float


class Mine:
    """The mine table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, value: MineValue, most: int) -> bool:
        """Keep a value; False if its minion has `most` others already. Raises StoreError."""
        others = (
            select(func.count())
            .select_from(mine)
            .where(mine.c.minion == value.minion, mine.c.name != value.name)
        )
        allow = value.allow
        row = (
            value.minion,
            value.name,
            "" if allow is None else allow.kind,
            "" if allow is None else allow.expr,
            value.updated_at,
            value.packed,
        )
        with self._database.write() as connection:
            if connection.execute(others).scalar_one() >= most:
                return False
            _UPSERT.run(connection, [row])
        return True

    def keep(self, minion: str, names: Collection[str]) -> int:
        """Delete the minion's values but for these; return how many went. Raises StoreError."""
        query = delete(mine).where(mine.c.minion == minion, mine.c.name.not_in(list(names)))
        with self._database.write() as connection:
            return connection.execute(query).rowcount

    def delete(self, minion: str, name: str) -> bool:
        """Delete a value; False if there was none. Raises StoreError."""
        query = delete(mine).where(mine.c.minion == minion, mine.c.name == name)
        with self._database.write() as connection:
            return connection.execute(query).rowcount > 0

    def named(self, names: Collection[str]) -> list[MineValue]:
        """Return all minions' values of these names. Raises StoreError."""
        query = select(mine).where(mine.c.name.in_(list(names))).order_by(mine.c.minion, mine.c.name)
        with self._database.read() as connection:
            return [_value(row) for row in connection.execute(query)]

    def of(self, minion: str) -> list[MineValue]:
        """Return the values of a minion. Raises StoreError."""
        query = select(mine).where(mine.c.minion == minion).order_by(mine.c.name)
        with self._database.read() as connection:
            return [_value(row) for row in connection.execute(query)]


def _value(row: Row[Any]) -> MineValue:
    return MineValue(
        minion=row.minion,
        name=row.name,
        packed=bytes(row.packed),
        allow=Target(kind=row.allow_kind, expr=row.allow_expr) if row.allow_kind else None,
        updated_at=row.updated_at,
    )
