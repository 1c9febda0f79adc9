"""Variables of the job's process, and of /etc/environment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from modules import environ
from shoal.errors import ArgumentError

Ask = Callable[[str], Any]
FILE = '# comment\nPATH="/usr/bin:/bin"\nA=1\nexport B=2\nA=3\n'


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of its own, and an environment that is as before when the test is over."""
    path = tmp_path / "environment"
    path.write_text(FILE)
    monkeypatch.setattr(environ, "ENVIRONMENT", str(path))
    monkeypatch.setattr(environ, "os", SimpleNamespace(environ={"PATH": "/bin", "A": "a"}))
    return path


def test_variables_are_read(ask: Ask, file: Path) -> None:
    assert ask("environ.get A") == "a"
    assert ask("environ.get NONE default=x") == "x"
    assert ask("environ.has_value A") is True
    assert ask("environ.has_value A a") is True
    assert ask("environ.has_value A b") is False
    assert ask("environ.has_value NONE") is False
    assert ask("environ.item A,NONE default=x") == {"A": "a", "NONE": "x"}
    assert ask("environ.items") == {"PATH": "/bin", "A": "a"}


def test_value_is_set_in_the_process_only(ask: Ask, file: Path) -> None:
    assert ask("environ.setval NEW 'some text'") == "some text"
    assert environ.os.environ["NEW"] == "some text"
    assert file.read_text() == FILE


def test_persisted_value_takes_the_place_of_the_old_ones(ask: Ask, file: Path) -> None:
    ask("environ.setval A 'two words' persist=True")
    assert file.read_text() == '# comment\nPATH="/usr/bin:/bin"\nexport B=2\nA="two words"\n'
    ask("environ.setval C http://proxy:3128 persist=True")
    assert file.read_text().endswith('A="two words"\nC=http://proxy:3128\n')


def test_false_removes_only_if_told_so(ask: Ask, file: Path) -> None:
    assert ask("environ.setval B False") == "False"
    assert ask("environ.setval B False false_unsets=True persist=True") is None
    assert "B" not in environ.os.environ
    assert file.read_text() == FILE.replace("export B=2\n", "")


def test_typed_false_is_an_empty_text(ctx: Any, file: Path) -> None:
    assert environ.setval(ctx, "A", False) == ""
    assert environ.os.environ["A"] == ""


def test_several_are_set_and_the_others_cleared(ask: Ask, file: Path) -> None:
    line = 'environ.setenv \'{"X": "1", "Y": 2}\' clear_all=True persist=True'
    assert ask(line) == {"X": "1", "Y": "2"}
    assert environ.os.environ == {"X": "1", "Y": "2"}
    assert file.read_text() == FILE + "X=1\nY=2\n"


@pytest.mark.parametrize("value", ["a\nEVIL=1", "\"'", "x" * 1001])
def test_value_that_the_file_cannot_hold_changes_nothing(ctx: Any, file: Path, value: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        environ.setenv(ctx, {"GOOD": "1", "A": value}, persist=True)
    assert value not in str(caught.value)  # it may be a secret
    assert file.read_text() == FILE
    assert environ.os.environ == {"PATH": "/bin", "A": "a"}


@pytest.mark.parametrize("key", ["", "1A", "A=B", "A B", "-A", "A\n"])
def test_name_that_cannot_be_one_is_refused(ctx: Any, file: Path, key: str) -> None:
    with pytest.raises(ArgumentError, match="is not the name of an environment variable"):
        environ.setval(ctx, key, "x", persist=True)
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    ("value", "line"), [("", "K="), ("a#b", 'K="a#b"'), ('say "x"', "K='say \"x\"'"), ("$HOME", "K='$HOME'")]
)
def test_value_is_quoted_where_it_must_be(ctx: Any, file: Path, value: str, line: str) -> None:
    environ.setval(ctx, "K", value, persist=True)
    assert file.read_text() == f"{FILE}{line}\n"
