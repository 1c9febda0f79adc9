"""What can be wrong with a database, and what the operator is told."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from master.store import Store, open_store
from shoal.clock import FakeClock
from shoal.errors import StoreError
from tests.postgres import PostgresServer

from .samples import answer, key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "master.db"


def opened(path: Path, lock_wait_s: float = 0.05) -> Store:
    return open_store(f"sqlite:///{path}", FakeClock(), lock_wait_s=lock_wait_s)


def test_only_the_owner_may_read_the_database(path: Path) -> None:
    old = os.umask(0)
    try:
        with opened(path) as store:
            store.returns.save([answer()])
            modes = {name.name: oct(name.stat().st_mode & 0o777) for name in path.parent.iterdir()}
    finally:
        os.umask(old)
    assert modes == dict.fromkeys(["master.db", "master.db-wal", "master.db-shm"], "0o600")


def test_what_was_acknowledged_is_on_the_disk(path: Path) -> None:
    with opened(path) as store, store.database.write() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 50}


def test_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/master\.db cannot be opened: No such file or directory"):
        opened(tmp_path / "nowhere" / "master.db")


@pytest.mark.parametrize("content", [b"this is no database" * 300, b"SQLite format 3\0" + b"\xff" * 9000])
def test_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"master\.db is not a SQLite database or is damaged: restore"):
        opened(path)
    assert path.read_bytes() == content


def test_damage_found_later_is_reported_too(path: Path) -> None:
    with opened(path) as store:
        for number in range(100):
            store.minions.put(key(f"web{number}", number))
    damaged = bytearray(path.read_bytes())
    damaged[8192:] = b"\xff" * (len(damaged) - 8192)
    path.write_bytes(damaged)
    with pytest.raises(StoreError, match="is damaged: restore"), opened(path) as store:
        store.minions.all()


def test_writer_that_finds_the_file_locked_says_so(path: Path) -> None:
    with opened(path) as store, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked by another process: is a second master running"):
            store.settings.put("a", 1)
        assert store.settings.get("a") is None  # readers go on
        other.execute("ROLLBACK")
        store.settings.put("a", 1)


def test_full_disk_says_that_nothing_was_stored(path: Path) -> None:
    with opened(path) as store:
        full = pytest.raises(StoreError, match="disk is full: free some space")
        with full, store.database.write() as connection:
            connection.execute(text("PRAGMA max_page_count = 1"))
            connection.execute(text("INSERT INTO settings VALUES ('a', zeroblob(1000000))"))
        assert store.settings.all() == {}


def test_write_inside_a_write_fails_and_does_not_hang(path: Path) -> None:
    with opened(path) as store, store.database.write(), pytest.raises(StoreError, match="locked"):
        store.settings.put("a", 1)


def test_read_only_database_is_named(path: Path) -> None:
    with opened(path) as store, store.database.write() as connection:
        connection.execute(text("PRAGMA query_only = 1"))
        with pytest.raises(StoreError, match="is read-only: check owner and mode"), store.database.border():
            connection.execute(text("DELETE FROM settings"))


def start(url: str) -> subprocess.CompletedProcess[str]:
    """Open and close the store in a process of its own; it prints whether that took Alembic."""
    script = "import sys; from master.store import open_store; from shoal.clock import SystemClock; "
    script += "open_store(sys.argv[1], SystemClock()).close(); print('alembic' in sys.modules)"
    command = [sys.executable, "-W", "error", "-c", script, url]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_several_masters_start_on_an_empty_database_at_once(blank: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(start, [blank, blank]))
    assert [run.stderr for run in runs] == ["", ""]


def test_ordinary_start_does_not_import_alembic(blank: str) -> None:
    assert start(blank).stdout == "True\n"
    assert start(blank).stdout == "False\n"


def test_database_that_does_not_exist_is_named(postgres_server: PostgresServer) -> None:
    with pytest.raises(StoreError, match="nothing"):
        open_store(postgres_server.url("nothing"), FakeClock())


def test_server_that_is_away_is_named_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"shoal at {tmp_path}") as caught:
        open_store(f"postgresql://anna:s3cret@/shoal?host={tmp_path}", FakeClock())
    assert "s3cret" not in str(caught.value)


def test_lock_of_another_client_is_waited_for_but_not_for_ever(postgres_server: PostgresServer) -> None:
    with (
        postgres_server.database() as url,
        open_store(url, FakeClock()) as other,
        open_store(url, FakeClock(), lock_wait_s=0.05) as store,
        other.database.write() as connection,
    ):
        connection.execute(text("LOCK TABLE settings"))
        with pytest.raises(StoreError, match="locked by another process"):
            store.settings.put("a", 1)


def test_lost_connections_are_replaced(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url, open_store(url, FakeClock()) as store:
        name = url.split("/")[3].split("?")[0]
        postgres_server.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        store.settings.put("a", 1)
        assert store.settings.get("a") == 1
