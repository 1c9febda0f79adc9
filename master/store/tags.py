"""Tags: what operators say about a minion (`site: berlin`). Set on the master only, so targets trust them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import Connection, delete, select

from master.store.bulk import BulkInsert
from master.store.database import Database
from master.store.schema import tags

_UPSERT: Final = BulkInsert(tags, "ON CONFLICT (minion, key) DO UPDATE SET value = excluded.value")


class Tags:
    """The tags table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, minion: str, values: Mapping[str, str]) -> None:
        """Set these tags of the minion; its others stay. Raises StoreError."""
        self.load({minion: values})

    def load(self, values: Mapping[str, Mapping[str, str]]) -> None:
        """Set the tags of many minions, `{minion: {key: value}}`, in one transaction. Raises StoreError."""
        with self._database.write() as connection:
            upsert_tags(connection, values)

    def delete(self, minion: str, keys: Iterable[str]) -> int:
        """Delete these tags of the minion; return how many there were. Raises StoreError."""
        query = delete(tags).where(tags.c.minion == minion, tags.c.key.in_(list(keys)))
        with self._database.write() as connection:
            return connection.execute(query).rowcount

    def of(self, minion: str) -> dict[str, str]:
        """Return the minion's tags by key. Raises StoreError."""
        query = select(tags.c.key, tags.c.value).where(tags.c.minion == minion).order_by(tags.c.key)
        with self._database.read() as connection:
            return {row.key: row.value for row in connection.execute(query)}

    def all(self) -> dict[str, dict[str, str]]:
        """Return the tags of every minion that has any. Raises StoreError."""
        found: dict[str, dict[str, str]] = {}
        query = select(tags.c.minion, tags.c.key, tags.c.value).order_by(tags.c.minion, tags.c.key)
        with self._database.read() as connection:
            for minion, key, value in connection.execute(query):
                found.setdefault(minion, {})[key] = value
        return found


def upsert_tags(connection: Connection, values: Mapping[str, Mapping[str, str]]) -> None:
    """Set tags in the caller's transaction."""
    rows = [(minion, key, value) for minion, mine in values.items() for key, value in mine.items()]
    _UPSERT.run(connection, rows)
