"""Sections from files: types, ranges, unknown keys, and the words of each refusal."""

# ruff: noqa: RUF009 - setting() is dataclasses.field() with rules

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path
from typing import Any

import pytest

from shoal.config.describe import describe
from shoal.config.read import read_config
from shoal.config.setting import setting
from shoal.errors import ConfigError
from shoal.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A section in a section."""

    rate: float = setting(1.0, "How often", low=0, high=10)


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("must be even")
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One field of each kind."""

    name: str = setting("box", "A name")
    port: int = setting(4505, "A port", low=1, high=65535)
    least: int = setting(5, "At least", low=5)
    ratio: float = setting(0.5, "A ratio", high=1)
    on: bool = setting(False, "A switch")
    level: str = setting("info", "A choice", choices=("debug", "info"))
    password: Secret = setting(Secret(""), "A secret")
    folder: Path | None = setting(None, "A folder")
    hosts: tuple[str, ...] = setting((), "Hosts")
    ports: tuple[int, ...] = setting((), "Ports", low=1, high=9)
    tables: dict[str, tuple[int, ...]] = setting(doc="Numbers by name", factory=dict)
    anything: dict[str, Any] = setting(doc="Free", factory=dict)
    even: int = setting(2, "Even", check=_even)
    inner: Inner = setting(doc="More", factory=Inner)

    def __post_init__(self) -> None:
        if self.port == self.least:
            raise ConfigError("port and least are the same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Needy:
    """Something must be given."""

    token: str = setting(doc="A token")


def read(tmp_path: Path, text: str) -> Sample:
    (tmp_path / "f").write_text(text)
    return read_config([tmp_path / "f"], Sample)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{tmp_path}/", "")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("name: web1", "name", "web1"),
        ("name: 0042", "name", "0042"),
        ("name: 16:10", "name", "16:10"),
        ("name: 1.10", "name", "1.10"),
        ("name: 2026-01-31", "name", "2026-01-31"),
        ("name: ''", "name", ""),
        ("name: 'yes'", "name", "yes"),
        ("port: 22", "port", 22),
        ("least: 50", "least", 50),
        ("ratio: 1", "ratio", 1.0),
        ("ratio: -2.5", "ratio", -2.5),
        ("on: yes", "on", True),
        ("level: debug", "level", "debug"),
        ("folder: /srv/x", "folder", Path("/srv/x")),
        ("folder:", "folder", None),
        ("folder: null", "folder", None),
        ("hosts: [a, b]", "hosts", ("a", "b")),
        ("hosts: a", "hosts", ("a",)),
        ("hosts: []", "hosts", ()),
        ("ports: [1, 9]", "ports", (1, 9)),
        ("tables: {a: [1], b: 2}", "tables", {"a": (1,), "b": (2,)}),
        ("anything: {a: {b: [yes, 1.5, x, null]}}", "anything", {"a": {"b": [True, 1.5, "x", None]}}),
        ("even: 4", "even", 4),
        ("inner: {rate: 2}", "inner", Inner(rate=2.0)),
        ("", "name", "box"),
    ],
)
def test_values_are_read(tmp_path: Path, text: str, name: str, value: object) -> None:
    found = getattr(read(tmp_path, text), name)
    assert found == value
    assert type(found) is type(value)


def test_a_secret_is_read_and_hidden(tmp_path: Path) -> None:
    sample = read(tmp_path, "password: hunter22\n")
    assert sample.password.reveal() == "hunter22"
    assert "hunter22" not in repr(sample)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("port: abc", "f:1: 'port' must be a whole number from 1 to 65535, got 'abc'"),
        ("\nport: 0", "f:2: 'port' must be a whole number from 1 to 65535, got '0'"),
        ("port: 65536", "f:1: 'port' must be a whole number from 1 to 65535, got '65536'"),
        ("port: 1.5", "f:1: 'port' must be a whole number from 1 to 65535, got '1.5'"),
        ("port: 0755", "f:1: 'port' must be a whole number from 1 to 65535, got '0755'"),
        ("port: yes", "f:1: 'port' must be a whole number from 1 to 65535, got 'yes'"),
        ("port:",
         "f:1: 'port' must be a whole number from 1 to 65535, got nothing. Delete the line to have the default"),
        ("port: [1]", "f:1: 'port' must be a whole number from 1 to 65535, got a list"),
        ("least: 4", "f:1: 'least' must be a whole number of at least 5, got '4'"),
        ("ratio: 2", "f:1: 'ratio' must be a number of at most 1, got '2'"),
        ("ratio: .inf", "f:1: 'ratio' must be a number of at most 1, got '.inf'"),
        ("on: 1", "f:1: 'on' must be true or false, got '1'"),
        ("on: 'yes'", "f:1: 'on' must be true or false, got 'yes'"),
        ("name: yes", "f:1: 'name' must be text, got 'yes'. Write 'yes' in quotes if that text is meant"),
        ("name: {a: b}", "f:1: 'name' must be text, got a map"),
        ('name: "a\\nb"', "f:1: 'name' holds a control character or a line break"),
        ("level: loud", "f:1: 'level' must be one of debug, info, got 'loud'"),
        ("folder: srv", "f:1: 'folder' must be an absolute path, got 'srv'"),
        ("hosts: {a: b}", "f:1: 'hosts' must be a list of texts, got a map"),
        ("hosts:\n- a\n- [b]", "f:3: item 2 of 'hosts' must be text, got a list"),
        ("ports:\n- 1\n- 10", "f:3: item 2 of 'ports' must be a whole number from 1 to 9, got '10'"),
        ("tables: [1]", "f:1: 'tables' must be a map of names to lists of whole numbers, got a list"),
        ("tables:\n  a: 1\n  b: [x]", "f:3: item 1 of 'b' in 'tables' must be a whole number, got 'x'"),
        ("anything: [1]", "f:1: 'anything' must be a map, got a list"),
        ("password: [s3cret]", "f:1: 'password' must be text, got a list"),
        ("even: 3", "f:1: 'even': must be even"),
        ("inner: 3", "f:1: 'inner' must be a map, got '3'"),
        ("inner:\n  rate: 11", "f:2: 'rate' must be a number from 0 to 10, got '11'"),
        ("inner:\n  rat: 1", "f:2: unknown key 'rat'. Did you mean 'rate'?"),
        ("port: 5", "f: port and least are the same"),
        ("prot: 5", "f:1: unknown key 'prot'. Did you mean 'port'?"),
        ("a: 1\nname: x", "f:1: unknown key 'a'. Delete the line, or see the manual for the keys there are"),
        ("hash_type: md5",
         "f:1: 'hash_type' is a key of Salt's that Shoal does not have: SHA-256 is always used; delete the line"),
        ("hgfs_remotes: []",
         ("f:1: 'hgfs_remotes' is a key of Salt's that Shoal does not have: "
          "serve a checked-out folder under file_roots")),
        ("name: " + "x" * 50 + "\nlevel: " + "y" * 50,
         "f:2: 'level' must be one of debug, info, got '" + "y" * 40 + "…'"),
    ],
)  # fmt: skip
def test_refused(tmp_path: Path, text: str, error: str) -> None:
    assert refusal(tmp_path, text + "\n") == error


def test_key_that_must_be_given(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")
    with pytest.raises(ConfigError, match=r"/f: 'token' is missing \(text\)$"):
        read_config([tmp_path / "f"], Needy)
    with pytest.raises(ConfigError, match=r"^configuration: 'token' is missing \(text\)$"):
        read_config([], Needy)


def test_later_files_win_and_maps_are_merged(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("name: one\nport: 1\nhosts: [a]\nanything: {x: {y: 1, z: 2}}\n")
    second.write_text("name: two\nhosts: [b]\nanything: {x: {y: 3}, w: 4}\n")
    sample = read_config([first, second], Sample)
    assert (sample.name, sample.port, sample.hosts) == ("two", 1, ("b",))
    assert sample.anything == {"x": {"y": 3, "z": 2}, "w": 4}


def test_mistake_in_a_later_file_is_found_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("name: one\n")
    (tmp_path / "b").write_text("\nport: x\n")
    with pytest.raises(ConfigError, match=r"/b:2: 'port' must be"):
        read_config([tmp_path / "a", tmp_path / "b"], Sample)


def test_without_files_there_are_the_defaults_and_no_yaml() -> None:
    assert read_config([], Sample) == Sample()
    program = (
        "import sys; from minion.config import read_minion_config; from shoal.paths import Paths; "
        "read_minion_config(Paths.for_minion('/nowhere')); print('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_sections_are_frozen(tmp_path: Path) -> None:
    with pytest.raises(FrozenInstanceError):
        read(tmp_path, "").name = "x"  # type: ignore[misc]


def test_describe_has_a_row_for_each_key() -> None:
    rows = {row.key: (row.kind, row.default, row.doc) for row in describe(Sample)}
    assert rows["port"] == ("a whole number from 1 to 65535", "4505", "A port")
    assert rows["on"] == ("true or false", "false", "A switch")
    assert rows["password"] == ("text", "(none)", "A secret")
    assert rows["tables"] == ("a map of names to lists of whole numbers", "(none)", "Numbers by name")
    assert [row.default for row in describe(Needy)] == ["(must be given)"]
