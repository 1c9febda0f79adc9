"""`journal.*` with a fake journalctl that prints what that of 252 and 255 does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules import journal
from shoal.errors import ArgumentError, CommandError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
BOOT = "0b9ac1f8d2f14d0e9c1b6d4f3a2e1c0d"
BY_SERVICE = (
    '{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1767607200123456","__MONOTONIC_TIMESTAMP":"5000000",'
    f'"_BOOT_ID":"{BOOT}","PRIORITY":"6","_HOSTNAME":"web1","SYSLOG_IDENTIFIER":"sshd","_PID":"612",'
    '"_SYSTEMD_UNIT":"ssh.service","MESSAGE":"Server listening on 0.0.0.0 port 22."}\n'
)
BY_SYSTEMD = (
    '{"__REALTIME_TIMESTAMP":"1767607201000000","PRIORITY":"3","SYSLOG_IDENTIFIER":"systemd","_PID":"1",'
    '"_SYSTEMD_UNIT":"init.scope","UNIT":"nginx.service","MESSAGE":"Failed to start nginx.service."}\n'
)
NOT_UTF8 = '{"__REALTIME_TIMESTAMP":"1767607202000000","_COMM":"old","MESSAGE":[99,97,102,233]}\n'
TOO_LONG = '{"__REALTIME_TIMESTAMP":"1767607203000000","MESSAGE":null,"TAG":["a","b"]}\n'
BOOTS_252 = """\
-1 3c1b7e0f5a8d4e26b9f0a1c2d3e4f506 Sun 2026-01-04 08:00:01 UTC—Sun 2026-01-04 22:15:40 UTC
 0 0b9ac1f8d2f14d0e9c1b6d4f3a2e1c0d Mon 2026-01-05 09:59:12 UTC—Mon 2026-01-05 10:21:03 UTC
"""
BOOTS_255 = """\
IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY
 -1 3c1b7e0f5a8d4e26b9f0a1c2d3e4f506 Sun 2026-01-04 08:00:01 UTC Sun 2026-01-04 22:15:40 UTC
  0 0b9ac1f8d2f14d0e9c1b6d4f3a2e1c0d Mon 2026-01-05 09:59:12 UTC Mon 2026-01-05 10:21:03 UTC
"""
FOLDER = "/var/log/journal/6f1c2d3e4a5b6978a9b0c1d2e3f40516"
VACUUMED = f"""\
Deleted archived journal {FOLDER}/system@0006-1.journal (8.0M).
Deleted archived journal {FOLDER}/user-1000@0006-2.journal (3.6M).
Vacuuming done, freed 11.6M of archived journals from {FOLDER}.
Vacuuming done, freed 0B of archived journals from /run/log/journal.
"""


@pytest.fixture
def box(programs: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    monkeypatch.setattr(journal, "JOURNALD_RUNS", tmp_path)
    programs.add("journalctl")
    return programs


def test_entries(box: FakePrograms, ask: Ask) -> None:
    box.say("journalctl --output=json", BY_SERVICE + BY_SYSTEMD)
    first, second = ask("journal.query")
    assert first == {
        "time": "2026-01-05T10:00:00.123456Z",
        "priority": "info",
        "unit": "ssh.service",
        "identifier": "sshd",
        "pid": 612,
        "message": "Server listening on 0.0.0.0 port 22.",
        "boot": BOOT,
        "host": "web1",
    }
    assert (second["unit"], second["priority"], second["pid"]) == ("nginx.service", "err", 1)


def test_entry_that_is_not_text_or_too_long(box: FakePrograms, ask: Ask) -> None:
    box.say("journalctl --output=json", NOT_UTF8 + TOO_LONG)
    first, second = ask("journal.query")
    assert first["message"] == "caf\\xe9"
    assert (first["identifier"], first["priority"], first["pid"]) == ("old", "", None)
    assert second["message"] == "[longer than 4096 bytes, not shown]"


def test_entry_with_all_its_fields(box: FakePrograms, ask: Ask) -> None:
    box.say("journalctl --output=json", BY_SERVICE + TOO_LONG)
    first, second = ask("journal.query full=true")
    assert first["__CURSOR"] == "s=1;i=2"
    assert second["TAG"] == ["a", "b"]
    assert not [word for word in box.calls("journalctl")[0] if word.startswith("--output-fields")]


def test_line_that_was_cut_is_left_out(box: FakePrograms, ask: Ask) -> None:
    box.say(
        "journalctl --output=json",
        BY_SERVICE + '{"MESSAGE":"ha\n[... 99 bytes cut ...]\n lf"}\n' + BY_SYSTEMD,
    )
    assert [entry["pid"] for entry in ask("journal.query")] == [612, 1]


def test_every_filter_is_one_word(box: FakePrograms, ask: Ask) -> None:
    ask(
        "journal.query unit=ssh since=-1h until='2026-01-31 12:00' priority=err..alert grep='--file=/etc/shadow' "
        "identifier=-f boot=-1 lines=7"
    )
    words = box.calls("journalctl")[0]
    assert words[:2] == ["--no-pager", "--quiet"]
    assert words[2:10] == [
        "--lines=7",
        "--unit=ssh",
        "--since=-1h",
        "--until=2026-01-31 12:00",
        "--priority=err..alert",
        "--grep=--file=/etc/shadow",
        "--identifier=-f",
        "--boot=-1",
    ]
    assert words[10] == "--output=json"
    assert words[11].startswith("--output-fields=MESSAGE,")


@pytest.mark.parametrize(
    "line",
    [
        "query lines=0",
        "query lines=1001",
        "query unit=-f",
        "query unit='a b'",
        "query boot=yesterday",
        "query boot=--file",
        "query priority=loud",
        "query priority=err..loud",
        "query since='a\nb'",
        "vacuum",
        "vacuum size=much",
        "vacuum time=--rotate",
        "vacuum time=",
    ],
)
def test_what_journalctl_should_not_see(box: FakePrograms, ask: Ask, line: str) -> None:
    with pytest.raises(ArgumentError):
        ask(f"journal.{line}")
    assert box.calls() == []


def test_nothing_fits(box: FakePrograms, ask: Ask) -> None:
    assert ask("journal.query") == []
    box.say("journalctl --output=json", code=1)
    assert ask("journal.query grep=x") == []


def test_journalctl_that_refuses(box: FakePrograms, ask: Ask) -> None:
    box.say("journalctl --output=json", err="Failed to parse timestamp: tea time\n", code=1)
    with pytest.raises(CommandError, match="Failed to parse timestamp: tea time"):
        ask("journal.query since='tea time'")


@pytest.mark.parametrize("text", [BOOTS_252, BOOTS_255])
def test_boots(box: FakePrograms, ask: Ask, text: str) -> None:
    box.say("journalctl --list-boots --utc", text)
    assert ask("journal.boots") == [
        {
            "index": -1,
            "id": "3c1b7e0f5a8d4e26b9f0a1c2d3e4f506",
            "first": "2026-01-04T08:00:01Z",
            "last": "2026-01-04T22:15:40Z",
        },
        {"index": 0, "id": BOOT, "first": "2026-01-05T09:59:12Z", "last": "2026-01-05T10:21:03Z"},
    ]


@pytest.mark.parametrize(
    ("size", "number"), [("0B", 0), ("8.0M", 8 << 20), ("1.5G", 3 << 29), ("712.0K", 712 << 10)]
)
def test_room_that_the_journal_takes(box: FakePrograms, ask: Ask, size: str, number: int) -> None:
    box.say("journalctl --disk-usage", f"Archived and active journals take up {size} in the file system.\n")
    assert ask("journal.disk_usage") == {"size": size, "bytes": number}


def test_room_in_words_that_are_new(box: FakePrograms, ask: Ask) -> None:
    box.say("journalctl --disk-usage", "Plenty.\n")
    with pytest.raises(CommandError, match=r"Plenty\."):
        ask("journal.disk_usage")


def test_vacuum(box: FakePrograms, ask: Ask) -> None:
    box.say("journalctl --vacuum-size=200M --vacuum-time=2weeks", err=VACUUMED)
    assert ask("journal.vacuum size=200M time=2weeks") == {
        "deleted": [f"{FOLDER}/system@0006-1.journal", f"{FOLDER}/user-1000@0006-2.journal"],
        "freed": {FOLDER: int(11.6 * 2**20), "/run/log/journal": 0},
    }
    assert "--quiet" not in box.calls("journalctl")[0]


def test_rotate(box: FakePrograms, ask: Ask) -> None:
    assert ask("journal.rotate") is True
    assert box.calls("journalctl") == [["--no-pager", "--quiet", "--rotate"]]


@pytest.mark.usefixtures("programs")
def test_box_without_journalctl(ask: Ask) -> None:
    with pytest.raises(UnavailableError, match="no journalctl"):
        ask("journal.boots")


def test_box_whose_journald_does_not_run(
    box: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    monkeypatch.setattr(journal, "JOURNALD_RUNS", tmp_path / "nope")
    with pytest.raises(UnavailableError, match="journald does not run"):
        ask("journal.query")
    assert box.calls() == []
