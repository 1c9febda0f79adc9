"""The file below the ledger: opening, settings, transactions.

1. The file is this process's alone (`locking_mode=EXCLUSIVE`): no lock calls, no shared-memory file that the
   kernel writes to flash again and again, and a second minion is refused.
2. A durable transaction has reached the disk when it returns (`synchronous=FULL`, one fsync of the WAL). One that
   is not durable outlives a killed process, not always a power cut.
3. A damaged file is set aside and a fresh one made; whatever else goes wrong, the next call tries again.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from minion.ledger.aside import set_aside
from minion.ledger.faults import explained, is_damage
from minion.ledger.schema import check_version, migrate
from shoal.errors import ConfigError

log = logging.getLogger(__name__)

_CHECKED_BYTES: Final = 1024 * 1024  # a file up to this size is looked through at the start
_SETTINGS: Final = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "cache_size = -256",  # KiB
    "mmap_size = 0",
    "temp_store = MEMORY",
    "secure_delete = OFF",  # it would write each page once more
    "wal_autocheckpoint = 256",  # pages: 1 MiB
    "journal_size_limit = 1048576",
)


class LedgerFile:
    """One SQLite file. `on_change` is called when what is known of the content is void."""

    def __init__(self, path: Path, on_change: Callable[[], None]) -> None:
        self.path: Final = path
        self.trouble = ""  # one line for people; "" when all is well
        self.durable_commits = 0
        self._on_change = on_change
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the file, made if need be; a damaged one is set aside. Raises ConfigError, LedgerError."""
        with self._explained("opening the ledger"):
            self._open()

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def write(self, doing: str, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction, which is kept if the block ends well and wrote anything.

        Raises LedgerError: nothing of it was kept.
        """
        with self._explained(doing):
            connection = self._open()
            if not durable:
                connection.execute("PRAGMA synchronous = NORMAL")
            try:
                connection.execute("BEGIN IMMEDIATE")
                before = connection.total_changes
                yield connection
                connection.execute("COMMIT")
                self.durable_commits += durable and connection.total_changes != before
            except BaseException:
                self._roll_back(connection)
                raise
            finally:
                if not durable and self._connection is connection:
                    connection.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def read(self, doing: str) -> Iterator[sqlite3.Connection]:
        """Give a connection to read from. Raises LedgerError."""
        with self._explained(doing):
            yield self._open()

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        self._on_change()
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error:
            self.close()

    @contextmanager
    def _explained(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                self._replace(error)
            raise explained(error, self.path, doing) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._on_change()
            try:
                self._connection = _connect(self.path)
            except sqlite3.DatabaseError as error:
                if not is_damage(error):
                    raise
                self._set_aside(error)
                self._connection = _connect(self.path)
        return self._connection

    def _replace(self, error: Exception) -> None:
        """Go on with a fresh file after damage was found while working; the call that found it fails."""
        self._on_change()
        try:
            self.close()
            self._set_aside(error)
        except (sqlite3.Error, OSError) as another:
            log.error("%s: %s", self.path, another, extra={"action": "ledger_not_set_aside"})

    def _set_aside(self, error: Exception) -> None:
        target = set_aside(self.path)
        self.trouble = (
            f"The ledger was damaged ({error}) and is now {target}; jobs and returns in it are not known."
        )
        log.error(self.trouble, extra={"action": "ledger_set_aside"})


def _connect(path: Path) -> sqlite3.Connection:
    _create(path)
    connection = sqlite3.connect(path, timeout=0.2, isolation_level=None, cached_statements=40)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        version = check_version(connection)  # before anything is changed in somebody else's file
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}").fetchall()
        migrate(connection, version)
        if path.stat().st_size <= _CHECKED_BYTES:
            _check(connection)
    except ConfigError as error:
        connection.close()
        raise ConfigError(f"{path}: {error}") from None
    except BaseException:
        connection.close()
        raise
    return connection


def _create(path: Path) -> None:
    """Make the file 0600 before SQLite does, which gives the same bits to the files beside it."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        return
    os.close(fd)
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check(connection: sqlite3.Connection) -> None:
    with closing(connection.execute("PRAGMA quick_check(1)")) as cursor:
        (verdict,) = cursor.fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(f"malformed: {verdict}".replace("\n", " ")[:200])
