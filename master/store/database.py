"""One database, two ways in: `read()` and `write()`. Here alone strangers' errors become StoreError.

1. A block is one transaction: committed at its end, undone when it raises.
2. SQLite knows one writer at a time. Writers of this process queue here instead of polling the file's lock.
3. Never open a second block inside a block: on SQLite the inner writer waits for the outer one and fails.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from master.store.engine import WRITE, alone_in_folder, make_engine
from master.store.faults import describe, is_conflict
from master.store.url import parse_url, place
from shoal.errors import ConflictError, StoreError


class Database:
    """Connections to one database, safe to use from any thread."""

    def __init__(self, url: str, lock_wait_s: float) -> None:
        parsed = parse_url(url)
        self.place = place(parsed)
        self.engine = make_engine(parsed, lock_wait_s)
        self._writing = self.engine.execution_options(**{WRITE: True})
        self._turn: AbstractContextManager[Any] = threading.RLock() if self.is_sqlite else nullcontext()
        driver = self.engine.dialect.loaded_dbapi
        # OverflowError and UnicodeError: what sqlite3 raises for a number or text that no cell can hold.
        self._strange = (SQLAlchemyError, driver.Error, OverflowError, UnicodeError)

    @property
    def is_sqlite(self) -> bool:
        """True for SQLite, False for PostgreSQL."""
        return self.engine.dialect.name == "sqlite"

    def prepare(self) -> None:
        """Turn on SQLite's write-ahead log, once per file. Raises StoreError if its file system cannot."""
        if not self.is_sqlite:
            return
        with self.border(), alone_in_folder(Path(self.place).parent):
            raw = self.engine.raw_connection()  # the pragma does nothing inside a transaction
            try:
                mode = raw.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            finally:
                raw.close()
        if mode != "wal":
            raise StoreError(f"the database {self.place} is on a file system without WAL: use a local disk")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the database. Raises StoreError."""
        with self.border(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a write transaction, committed and on disk at the end. Raises StoreError."""
        with self.border(), self._turn, self._writing.begin() as connection:
            yield connection

    @contextmanager
    def border(self) -> Iterator[None]:
        """Translate what SQLAlchemy and the drivers raise inside into StoreError."""
        try:
            yield
        except self._strange as error:
            # Not `from error`: its text may quote rows, and a traceback would log them.
            kind = ConflictError if is_conflict(error) else StoreError
            raise kind(describe(error, self.place)) from None

    def close(self) -> None:
        """Close all connections; SQLite then folds its log into the file."""
        self.engine.dispose()
