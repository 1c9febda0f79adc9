"""What people read when the ledger cannot be used: what, where, and what to do, in one line."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from minion.ledger.faults import explained, is_damage

PATH = Path("/var/lib/shoal/minion/ledger.db")


def system(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (sqlite3.OperationalError("database or disk is full"), "the disk is full: make room"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "mount the file system writable"),
        (sqlite3.OperationalError("disk I/O error"), "look at dmesg"),
        (sqlite3.OperationalError("unable to open database file"), "the folder must exist"),
        (sqlite3.OperationalError("database is locked"), "another process uses it"),
        (sqlite3.DatabaseError("file is not a database"), "it is set aside"),
        (sqlite3.OperationalError("something\nnew"), "something new"),
        (system(errno.ENOSPC), "the disk is full: make room"),
        (system(errno.EROFS), "mount the file system writable"),
        (system(errno.EACCES), "mount the file system writable"),
        (system(errno.EIO), "look at dmesg"),
        (system(errno.ENOENT), "the folder must exist"),
        (system(errno.EMFILE), "Too many open files"),
    ],
)
def test_error_says_what_where_and_what_to_do(error: Exception, advice: str) -> None:
    text = str(explained(error, PATH, "keeping a return"))
    assert text.startswith(f"{PATH}: keeping a return failed: ")
    assert advice in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("error", "damage"),
    [
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.DatabaseError('malformed database schema (jobs) - near "TABEL": syntax error'), True),
        (sqlite3.OperationalError("no such table: jobs"), True),
        (sqlite3.OperationalError("database or disk is full"), False),
        (sqlite3.OperationalError("disk I/O error"), False),
        (sqlite3.OperationalError("database is locked"), False),
        (system(errno.EIO), False),
    ],
)
def test_only_damage_sets_a_file_aside(error: Exception, damage: bool) -> None:
    assert is_damage(error) is damage
