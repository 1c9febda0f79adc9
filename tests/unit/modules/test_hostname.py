"""The box's name, really set in a UTS namespace; files are the test's own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules import hostname
from shoal.errors import ArgumentError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.namespaces import inside, needs_root

Ask = Callable[[str], Any]


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, file in [("HOSTNAME", "hostname"), ("HOSTS", "hosts"), ("MACHINE_INFO", "machine-info")]:
        monkeypatch.setattr(hostname, name, str(tmp_path / file))
    monkeypatch.setattr(hostname, "SYSTEMD", str(tmp_path / "systemd"))
    return tmp_path


def test_name_is_told_under_salts_name_too(ask: Ask) -> None:
    assert ask("hostname.get") == ask("network.get_hostname") == socket.gethostname()


def test_static_name_is_the_files_first_line(ask: Ask, etc: Path) -> None:
    assert ask("hostname.get_static") == ""
    (etc / "hostname").write_text("# a comment\n\n web1 \n")
    assert ask("hostname.get_static") == "web1"


@needs_root
def test_box_is_renamed_now_and_for_good(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 old.example.org old # me\n10.0.0.1 old\n")
    code = f"""
import socket
from modules import hostname
hostname.HOSTNAME, hostname.HOSTS = {str(tmp_path / "hostname")!r}, {str(tmp_path / "hosts")!r}
hostname.SYSTEMD = "/nowhere"
socket.sethostname("old.example.org")
answer = [hostname.set_(ctx, "web2.example.org"), hostname.get(ctx), hostname.get_static(ctx)]
answer += [hostname.set_(ctx, "for-now", persist=False), hostname.get(ctx), hostname.get_static(ctx)]
"""
    before = socket.gethostname()
    assert inside("-u", code) == [
        True,
        "web2.example.org",
        "web2.example.org",
        True,
        "for-now",
        "web2.example.org",
    ]
    assert (tmp_path / "hosts").read_text() == (
        "127.0.0.1 localhost\n127.0.1.1\tweb2.example.org web2\t# me\n10.0.0.1 old\n"
    )
    assert socket.gethostname() == before


@pytest.mark.parametrize(
    ("text", "old", "new", "after"),
    [
        ("127.0.1.1 a\n", "a", "b", "127.0.1.1\tb\n"),
        ("127.0.1.1 a.x a\n", "a.x", "b", "127.0.1.1\tb\n"),
        ("127.0.0.1 localhost\n", "localhost", "b", "127.0.0.1 localhost\n"),
        ("127.0.0.1 localhost\n", "localhost.localdomain", "b", "127.0.0.1 localhost\n"),
        ("::1 a localhost\n", "a", "b", "::1\tb localhost\n"),
        ("10.0.0.1 a\n", "a", "b", "10.0.0.1 a\n"),
    ],
)
def test_loopback_entries_follow_the_name(text: str, old: str, new: str, after: str) -> None:
    assert hostname.renamed(text, old, new) == after


def test_systemd_is_asked_where_it_runs(
    ask: Ask, etc: Path, monkeypatch: pytest.MonkeyPatch, programs: FakePrograms
) -> None:
    (etc / "systemd").mkdir()
    programs.add("hostnamectl")
    told: list[str] = []
    monkeypatch.setattr(socket, "sethostname", told.append)
    assert ask("network.mod_hostname web2") is True
    assert ask("hostname.set_pretty 'The box'") is True
    assert ask("hostname.set_chassis vm") is True
    start = ["hostnamectl", "--no-ask-password"]
    assert programs.calls() == [
        [*start, "--static", "set-hostname", "--", "web2"],
        [*start, "--pretty", "set-hostname", "--", "The box"],
        [*start, "set-chassis", "--", "vm"],
    ]
    assert told == ["web2"]
    assert not (etc / "hostname").exists()
    assert not (etc / "machine-info").exists()


def test_pretty_name_and_chassis_are_kept_in_a_file(ask: Ask, etc: Path) -> None:
    (etc / "machine-info").write_text("DEPLOYMENT=test\nPRETTY_HOSTNAME=old\n")
    assert ask('hostname.set_pretty "Ann\'s $HOME box"') is True
    assert ask("hostname.set_chassis server") is True
    assert ask("hostname.get_pretty") == "Ann's $HOME box"
    assert ask("hostname.get_chassis") == "server"
    assert (etc / "machine-info").read_text().startswith("DEPLOYMENT=test\n")
    assert ask("hostname.set_pretty ''") is True
    assert ask("hostname.get_pretty") == ""
    assert (etc / "machine-info").read_text() == "DEPLOYMENT=test\nCHASSIS=server\n"


@pytest.mark.parametrize("name", ["", "-x", "a_b", "a..b", "a.", "x" * 64, "a\nb", "é"])
def test_what_is_no_host_name_is_refused(ctx: Any, etc: Path, name: str) -> None:
    with pytest.raises(ArgumentError, match="is not a host name"):
        hostname.set_(ctx, name)


def test_unknown_chassis_is_refused(ask: Ask, etc: Path) -> None:
    with pytest.raises(ArgumentError):
        ask("hostname.set_chassis toaster")
