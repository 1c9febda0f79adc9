"""Settings: a few small values the master keeps over restarts (fleet id, time floor, masters document)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, insert, select, update

from master.store.cells import pack_value, unpack_value
from master.store.database import Database
from master.store.schema import settings


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
            query = update(settings).where(settings.c.key == key).values(value=cell)
            if not connection.execute(query).rowcount:
                connection.execute(insert(settings).values(key=key, value=cell))

    def delete(self, key: str) -> bool:
        """Forget the value; False if there was none. Raises StoreError."""
        with self._database.write() as connection:
            return connection.execute(delete(settings).where(settings.c.key == key)).rowcount == 1

    def all(self) -> dict[str, Any]:
        """Return everything, by key. Raises StoreError."""
        query = select(settings.c.key, settings.c.value).order_by(settings.c.key)
        with self._database.read() as connection:
            return {key: unpack_value(cell, f"setting {key}") for key, cell in connection.execute(query)}
