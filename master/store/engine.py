"""SQLAlchemy's engine for either database, tuned: pragmas, lock waits, who may read the file.

Durability: SQLite runs in WAL with synchronous=FULL, so a commit is on the disk before it returns. NORMAL
would be faster and could lose the last commits in a power cut, and a minion forgets a result as soon as the
master acknowledges it. The price is one fsync per commit; the master commits in groups, so it is shared.
PostgreSQL's default (synchronous_commit=on) promises the same.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from shoal.errors import ConfigError, StoreError

WRITE: Final = "shoal_write"  # the execution option that marks a connection which is going to write
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
# libpq's own defaults wait for a host that has vanished for a quarter of an hour, or, idle, for two hours.
_PATIENCE: Final = {
    "connect_timeout": 10,  # seconds
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}


def make_engine(url: URL, lock_wait_s: float) -> Engine:
    """Return an engine for a URL from `parse_url`; nothing is opened yet, but a SQLite file is created.

    Raises:
        ConfigError: the driver for this database is not installed.
        StoreError: the SQLite file cannot be created.
    """
    if url.get_backend_name() == "sqlite":
        _create_file(Path(str(url.database)))
        return _sqlite(url, lock_wait_s)
    return _postgres(url, lock_wait_s)


@contextmanager
def alone_in_folder(folder: Path) -> Iterator[None]:
    """Let one process at a time prepare a SQLite file in `folder`.

    SQLite itself does not wait when two processes switch a new file to WAL at once: one is told "locked".
    Neither may we lock the database's own file: closing it would drop SQLite's locks, which are per process.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"the database's folder {folder} cannot be opened: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _create_file(path: Path) -> None:
    # SQLite would make it world-readable. Its -wal and -shm files take this file's mode. O_EXCL: a file that
    # is there is not opened, for the reason above.
    try:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        os.close(os.open(path.resolve(), flags, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"the database {path} cannot be opened: {error.strerror}") from None


def _sqlite(url: URL, lock_wait_s: float) -> Engine:
    # isolation_level None: Python's driver leaves BEGIN to us.
    engine = create_engine(url, hide_parameters=True, connect_args={"isolation_level": None})

    def tune(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {int(lock_wait_s * 1000)}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")

    def begin(connection: Connection) -> None:
        # A deferred transaction that reads first and writes later fails at once when another wrote between;
        # IMMEDIATE takes the write lock at the start and waits for it.
        writing = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", tune)
    event.listen(engine, "begin", begin)
    return engine


def _postgres(url: URL, lock_wait_s: float) -> Engine:
    arguments = {"application_name": "shoal-master", **_PATIENCE}
    for name in set(arguments) & set(url.query):  # the operator's own choice stays
        del arguments[name]
    try:
        # pre_ping: one small question per checkout, and a restarted server costs no failed call.
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)
    except ImportError:
        raise ConfigError(
            "a PostgreSQL database needs psycopg: apt install python3-psycopg, or pip install 'shoal[postgres]'"
        ) from None

    def tune(connection: Any, _record: object) -> None:
        connection.execute(f"SET lock_timeout = {int(lock_wait_s * 1000)}")
        connection.commit()

    event.listen(engine, "connect", tune)
    return engine
