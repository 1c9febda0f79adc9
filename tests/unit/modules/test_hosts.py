"""The hosts file: what is not meant stays to the byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.hosts import entries
from shoal.errors import ArgumentError

Ask = Callable[[str], Any]
HOSTS = """\
# Managed by hand
127.0.0.1   localhost localhost.localdomain

10.0.0.1\tdb1 DB1.example.org\t# the old one
10.0.0.2  web
  10.0.0.1  backup
::1  localhost ip6-localhost
"""


@pytest.fixture
def hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "hosts"
    path.write_text(HOSTS)
    monkeypatch.setattr(entries, "HOSTS", str(path))
    return path


def test_entries_are_told_by_address(ask: Ask, hosts: Path) -> None:
    assert ask("hosts.list_hosts") == {
        "127.0.0.1": {"aliases": ["localhost", "localhost.localdomain"]},
        "10.0.0.1": {"aliases": ["db1", "DB1.example.org", "backup"], "comment": "the old one"},
        "10.0.0.2": {"aliases": ["web"]},
        "::1": {"aliases": ["localhost", "ip6-localhost"]},
    }


def test_names_and_addresses_are_found(ask: Ask, hosts: Path) -> None:
    assert ask("hosts.get_ip localhost") == "127.0.0.1"
    assert ask("hosts.get_ip db1.EXAMPLE.org") == "10.0.0.1"
    assert ask("hosts.get_ip nobody") == ""
    assert ask("hosts.get_alias 10.0.0.1") == ["db1", "DB1.example.org", "backup"]
    assert ask("hosts.get_alias 10.9.9.9") == []
    assert ask("hosts.has_pair 10.0.0.1 backup") is True
    assert ask("hosts.has_pair 10.0.0.1 'backup web'") is False
    assert ask("hosts.has_pair 10.0.0.2 db1") is False


def test_set_host_replaces_all_names_in_the_first_line(ask: Ask, hosts: Path) -> None:
    assert ask("hosts.set_host 10.0.0.1 'a b.example.org'") is True
    expected = HOSTS.replace("10.0.0.1\tdb1 DB1.example.org\t", "10.0.0.1\ta b.example.org\t")
    assert hosts.read_text() == expected.replace("  10.0.0.1  backup\n", "")


def test_only_a_line_feed_ends_a_line(ask: Ask, hosts: Path) -> None:
    text = "# form feed \x0c6.6.6.6 bank, next line \x856.6.6.7 bank\r\n10.0.0.2 web\r\n"
    hosts.write_bytes(text.encode())
    assert ask("hosts.get_ip bank") == ""
    ask("hosts.add_host 10.0.0.3 new")
    assert hosts.read_bytes() == text.encode() + b"10.0.0.3\tnew\n"


def test_new_address_goes_to_the_end(ask: Ask, hosts: Path) -> None:
    ask("hosts.set_host 10.0.0.3 new comment='since May'")
    assert hosts.read_text() == HOSTS + "10.0.0.3\tnew\t# since May\n"


def test_set_host_without_names_removes_the_address(ask: Ask, hosts: Path) -> None:
    ask("hosts.set_host 10.0.0.1 ''")
    assert hosts.read_text() == "".join(
        line for line in HOSTS.splitlines(keepends=True) if "10.0.0.1" not in line
    )


def test_what_is_there_already_does_not_touch_the_file(ask: Ask, hosts: Path) -> None:
    before = hosts.stat().st_ino
    ask("hosts.set_host 10.0.0.2 web")
    ask("hosts.add_host 10.0.0.1 DB1")
    ask("hosts.rm_host 10.0.0.2 nobody")
    ask("hosts.set_comment 10.0.0.9 x")
    assert hosts.stat().st_ino == before
    assert hosts.read_text() == HOSTS


def test_added_name_stands_behind_the_others(ask: Ask, hosts: Path) -> None:
    ask("hosts.add_host 10.0.0.2 'www web'")
    assert hosts.read_text() == HOSTS.replace("10.0.0.2  web\n", "10.0.0.2\tweb www\n")
    ask("hosts.add_host 10.0.0.4 solo")
    assert hosts.read_text().endswith("10.0.0.4\tsolo\n")


def test_removed_name_takes_an_empty_line_with_it(ask: Ask, hosts: Path) -> None:
    assert ask("hosts.rm_host 10.0.0.2 WEB") is True
    assert hosts.read_text() == HOSTS.replace("10.0.0.2  web\n", "")
    assert ask("hosts.rm_host 127.0.0.1 localhost.localdomain") is True
    assert "127.0.0.1\tlocalhost\n" in hosts.read_text()


def test_comment_is_set_and_taken_away(ask: Ask, hosts: Path) -> None:
    assert ask("hosts.set_comment 10.0.0.2 'moves soon'") is True
    assert "10.0.0.2\tweb\t# moves soon\n" in hosts.read_text()
    assert ask("hosts.set_comment 10.0.0.2 ''") is True
    assert "10.0.0.2\tweb\n" in hosts.read_text()
    assert ask("hosts.set_comment 10.9.9.9 x") is False


@pytest.mark.parametrize(
    ("ip", "alias"), [("10.0.0", "a"), ("a", "b"), ("10.0.0.1", "a#b"), ("10.0.0.1", "-a")]
)
def test_what_is_no_address_or_name_is_refused(ctx: Any, hosts: Path, ip: str, alias: str) -> None:
    for call in (entries.set_host, entries.add_host):
        with pytest.raises(ArgumentError, match="is not"):
            call(ctx, ip, alias)
    assert hosts.read_text() == HOSTS


def test_comment_of_two_lines_is_refused(ctx: Any, hosts: Path) -> None:
    with pytest.raises(ArgumentError, match="one line"):
        entries.set_comment(ctx, "10.0.0.2", "x\n6.6.6.6 bank")
