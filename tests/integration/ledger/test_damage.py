"""Files that are no ledger, or one no more: set aside, said, and a fresh one taken."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from minion.ledger import Ledger, open_ledger
from minion.ledger.aside import set_aside
from minion.ledger.schema import VERSION
from shoal.errors import ConfigError, LedgerError
from tests.integration.ledger.records import NOW, a_job, a_return, jid

Damage = Callable[[Path], None]


def random_bytes(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def text(path: Path) -> None:
    path.write_text("not a database\n" * 100)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def zeroed_header(path: Path) -> None:
    path.write_bytes(bytes(100) + path.read_bytes()[100:])


def zeroed_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = bytes(len(data) - 4096)
    path.write_bytes(data)


def garbled_schema(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE jobs", b"CREATE TABEL jobs"))


def other_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")


def missing_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE returns")


@pytest.mark.parametrize(
    "damage",
    [
        random_bytes,
        text,
        cut_short,
        zeroed_header,
        zeroed_middle,
        garbled_schema,
        other_program,
        missing_table,
    ],
)
def test_damaged_file_is_set_aside_and_the_minion_goes_on(path: Path, damage: Damage) -> None:
    ledger = open_ledger(path, max_bytes=100_000)
    for number in range(30):
        ledger.accept(a_job(number), NOW)
        ledger.finished(a_return(number, "x" * 1000))
    ledger.close()
    damage(path)
    data = path.read_bytes()
    ledger = open_ledger(path, max_bytes=100_000)
    try:
        assert f"{path.name}.corrupt-1" in ledger.trouble
        assert "\n" not in ledger.trouble
        assert path.with_name(f"{path.name}.corrupt-1").read_bytes() == data
        assert ledger.accept(a_job(1), NOW).verdict == "fresh"
    finally:
        ledger.close()


def test_damage_that_shows_while_working_fails_one_call(path: Path) -> None:
    ledger = open_ledger(path, max_bytes=10_000_000)
    for number in range(100):
        ledger.finished(a_return(number, "x" * 20_000))
    ledger.close()
    assert path.stat().st_size > 1024 * 1024, "too large to be looked through at the start"
    zeroed_middle_of_data(path)
    ledger = open_ledger(path, max_bytes=10_000_000)
    try:
        with pytest.raises(LedgerError, match="damaged"):
            list(ledger.unsent())
        assert "corrupt-1" in ledger.trouble
        assert list(ledger.unsent()) == []
        assert ledger.unsent_count == 0
        assert ledger.accept(a_job(1), NOW).verdict == "fresh"
    finally:
        ledger.close()


def zeroed_middle_of_data(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8 * 4096 :] = bytes(len(data) - 8 * 4096)
    path.write_bytes(data)


def test_what_lies_beside_the_file_goes_with_it(path: Path) -> None:
    beside = ("", "-wal", "-shm", "-journal")
    for end in beside:
        path.with_name(path.name + end).write_text(end)
    target = set_aside(path)
    assert {entry.name: entry.read_text() for entry in path.parent.iterdir()} == {
        target.name + end: end for end in beside
    }


def test_three_damaged_files_are_kept_the_newest(path: Path) -> None:
    for number in range(1, 6):
        path.write_text(f"no database, number {number} " * 100)
        open_ledger(path, max_bytes=100_000).close()
    kept = sorted(path.parent.glob("ledger.db.corrupt-*"))
    assert [entry.name for entry in kept] == [f"ledger.db.corrupt-{number}" for number in (3, 4, 5)]


def test_empty_file_is_a_fresh_ledger(path: Path) -> None:
    path.touch()
    ledger = open_ledger(path, max_bytes=100_000)
    assert ledger.trouble == ""
    ledger.close()


def test_torn_wal_is_no_damage(path: Path) -> None:
    open_ledger(path, max_bytes=100_000).close()
    path.with_name(path.name + "-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(500))
    ledger = open_ledger(path, max_bytes=100_000)
    assert ledger.trouble == ""
    ledger.close()


def test_file_of_a_newer_shoal_is_left_as_it_is(path: Path) -> None:
    open_ledger(path, max_bytes=100_000).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(
        ConfigError, match=rf"ledger\.db: the ledger has version {VERSION + 1}, .* up to {VERSION}"
    ):
        open_ledger(path, max_bytes=100_000)
    assert [entry.name for entry in path.parent.glob("*corrupt*")] == []


def test_job_that_another_version_wrote_is_answered(
    ledger: Ledger, reopen: Callable[[], Ledger], path: Path
) -> None:
    for number in (1, 2, 3):
        ledger.accept(a_job(number), NOW)
    ledger.started(jid(2), NOW)
    ledger.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE jobs SET job = x'81a17602' WHERE jid <> ?", (jid(3),))
    ledger = reopen()
    assert [entry.job.jid for entry in ledger.unfinished()] == [jid(3)]
    assert [(ret.jid, ret.outcome) for ret in ledger.unsent()] == [
        (jid(1), "refused"),
        (jid(2), "outcome_unknown"),
    ]
