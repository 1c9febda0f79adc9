from __future__ import annotations

import sqlite3
from types import SimpleNamespace

import pytest

from master.store.faults import describe


class FakePostgresError(Exception):
    def __init__(self, sqlstate: str, primary: str) -> None:
        super().__init__(f"{primary}\nDETAIL: Key (id)=(s3cret) already exists.")
        self.sqlstate = sqlstate
        self.diag = SimpleNamespace(message_primary=primary)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (sqlite3.OperationalError("database is locked"), "is locked by another process"),
        (sqlite3.OperationalError("database or disk is full"), "disk is full: free some space"),
        (sqlite3.DatabaseError("database disk image is malformed"), "is damaged: restore a backup"),
        (sqlite3.DatabaseError("file is not a database"), "is not a SQLite database"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "check owner and mode"),
        (sqlite3.OperationalError("unable to open database file"), "check that its folder exists"),
        (sqlite3.IntegrityError("UNIQUE constraint failed: jobs.jid"), "refused: UNIQUE constraint failed"),
        (OverflowError("Python int too large"), "cannot hold a value of this kind (OverflowError)"),
        (FakePostgresError("55P03", "canceling statement"), "is locked by another process"),
        (FakePostgresError("40P01", "deadlock detected"), "try again"),
        (FakePostgresError("40001", "could not serialize"), "try again"),
        (FakePostgresError("53100", "could not extend file"), "disk is full"),
        (FakePostgresError("28P01", "password authentication failed"), "user or password"),
        (FakePostgresError("57P03", "the database system is starting up"), "starting: try again"),
        (FakePostgresError("08006", "connection failure"), "is away"),
        (FakePostgresError("23505", "duplicate key value"), "refused: duplicate key value"),
        (FakePostgresError("XX000", ""), "refused: FakePostgresError"),
        (TimeoutError("QueuePool limit of size 5"), "too many requests at once"),
        (ValueError("s3cret is not a number"), "cannot hold a value of this kind (ValueError)"),
    ],
)
def test_error_is_one_line_with_place_and_advice_and_no_values(error: Exception, says: str) -> None:
    wrapped = Exception("[SQL: INSERT … s3cret]")
    wrapped.orig = error  # type: ignore[attr-defined]
    for raised in (error, wrapped):
        text = describe(raised, "/x/master.db")
        assert text.startswith("the database /x/master.db ")
        assert says in text
        assert "\n" not in text
        assert "s3cret" not in text
