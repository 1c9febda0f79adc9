"""The tables, and the steps from each older version to the newest. `PRAGMA user_version` says where a file is.

jobs     one row a job that was accepted: `accepted`, `started`, `done` (its return waits), `tombstone`
returns  what the master has not stored yet, in the order of their coming; small columns first, so that looking
         for sizes does not read the values
floor    one row at most: ids up to this one had to be forgotten before their time, and count as seen

Few indexes: each is one more page to write for each job, and flash wears out. What has none is looked for seldom.
"""

from __future__ import annotations

import sqlite3
from typing import Final

from shoal.errors import ConfigError

_STEPS: Final = (
    (
        """CREATE TABLE jobs (
            place INTEGER PRIMARY KEY, jid TEXT NOT NULL UNIQUE, fun TEXT NOT NULL, channel TEXT NOT NULL,
            expires REAL NOT NULL, accepted REAL NOT NULL, state TEXT NOT NULL, started REAL, job BLOB)""",
        "CREATE INDEX jobs_channel ON jobs (channel, jid) WHERE channel <> ''",
        """CREATE TABLE returns (
            place INTEGER PRIMARY KEY, jid TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, good INTEGER NOT NULL,
            fun TEXT NOT NULL, outcome TEXT NOT NULL, retcode INTEGER NOT NULL, started REAL NOT NULL,
            duration_s REAL NOT NULL, trimmed INTEGER NOT NULL, out TEXT NOT NULL, packed BLOB NOT NULL)""",
        "CREATE TABLE floor (one INTEGER PRIMARY KEY CHECK (one = 1), jid TEXT NOT NULL, expires REAL NOT NULL)",
    ),
    ("ALTER TABLE jobs ADD COLUMN runs INTEGER NOT NULL DEFAULT 0",),  # how often a job has begun
)
VERSION: Final = len(_STEPS)
_TABLES: Final = {"jobs", "returns", "floor"}


def check_version(connection: sqlite3.Connection) -> int:
    """Return the file's version, 0 for an empty one; changes nothing.

    Raises:
        ConfigError: the file was written by a newer Shoal.
        sqlite3.DatabaseError: it is no ledger, or a damaged one.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise ConfigError(
            f"the ledger has version {version}, this minion knows up to {VERSION}: install the newer Shoal "
            "again, or move the file away (jobs and returns in it are then forgotten)"
        )
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if names != (_TABLES if version else set()):
        raise sqlite3.DatabaseError("not a database of the ledger's")
    return int(version)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring the file from `version` to VERSION, each step in one transaction."""
    for number in range(version, VERSION):
        connection.execute("BEGIN IMMEDIATE")
        for statement in _STEPS[number]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
