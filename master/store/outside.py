"""A query in a database that is not the master's own, for external pillar. Reads only; its errors show no URL."""

from __future__ import annotations

import threading
from typing import Any, Final

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from shoal.errors import ConfigError, StoreError
from shoal.secret import Secret

MAX_ROWS: Final = 10_000
_POOL: Final = 4
_RECYCLE_S: Final = 600


class OutsideQuery:
    """One query with bound parameters. May be used by several threads."""

    def __init__(self, url: Secret, query: str) -> None:
        """Raises ConfigError for what is no URL or names a driver that is not installed; nothing is opened yet."""
        try:
            self._url = make_url(url.reveal())
        except (ArgumentError, ValueError):
            raise ConfigError(
                "the URL of the database cannot be read: DIALECT://user@host/database expected"
            ) from None
        self._query = text(query)
        self._engine: Engine | None = None
        self._lock = threading.Lock()

    def rows(self, **parameters: str) -> list[tuple[Any, ...]]:
        """Return what the query gives. Raises StoreError, also for more than MAX_ROWS."""
        try:
            with self._open().connect() as connection:
                found = connection.execute(self._query, parameters).fetchmany(MAX_ROWS + 1)
                connection.rollback()  # it only reads
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__).split("\n")[0][:200]
            raise StoreError(f"{self._place()}: {reason}") from None
        if len(found) > MAX_ROWS:
            raise StoreError(f"{self._place()}: more than {MAX_ROWS} rows")
        return [tuple(row) for row in found]

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> Engine:
        with self._lock:
            if self._engine is None:
                try:
                    pool: dict[str, Any] = {
                        "pool_size": _POOL,
                        "pool_recycle": _RECYCLE_S,
                        "pool_pre_ping": True,
                    }
                    self._engine = create_engine(self._url, hide_parameters=True, **pool)
                except (ImportError, NoSuchModuleError) as error:
                    raise StoreError(f"{self._place()}: the driver is not installed: {error}") from None
            return self._engine

    def _place(self) -> str:
        return f"{self._url.get_backend_name()} {self._url.database or self._url.username or ''}".strip()
