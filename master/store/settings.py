"""Settings: a few small values the master keeps over restarts (fleet id, time floor, masters document)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import delete, select

from master.store.bulk import BulkInsert
from master.store.cells import pack_value, unpack_value
from master.store.database import Database
from master.store.schema import settings

_UPSERT: Final = BulkInsert(settings, "ON CONFLICT (key) DO UPDATE SET value = excluded.value")


class Settings:
    """The settings table: text to anything that msgpack carries."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value, or `default`. Raises StoreError."""
        with self._database.read() as connection:
            cell = connection.execute(select(settings.c.value).where(settings.c.key == key)).scalar()
        return default if cell is None else unpack_value(cell, f"setting {key}")

    def put(self, key: str, value: Any) -> None:
        """Set the value. Raises StoreError, also for what msgpack does not carry."""
        cell = pack_value(value)
        with self._database.write() as connection:
            _UPSERT.run(connection, [(key, cell)])

    def delete(self, key: str) -> bool:
        """Forget the value; False if there was none. Raises StoreError."""
        with self._database.write() as connection:
            return connection.execute(delete(settings).where(settings.c.key == key)).rowcount == 1

    def all(self) -> dict[str, Any]:
        """Return everything, by key. Raises StoreError."""
        query = select(settings.c.key, settings.c.value).order_by(settings.c.key)
        with self._database.read() as connection:
            return {key: unpack_value(cell, f"setting {key}") for key, cell in connection.execute(query)}
