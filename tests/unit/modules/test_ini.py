"""INI files: what is read out of them, and that a change leaves all else to the byte."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.ini.document import Document
from shoal.errors import ArgumentError

Ask = Callable[[str], Any]
TEXT = """\
; a comment
top=1

[s1]
k1 = v1
k2=v2   # part of the value
# k3 = not yet
bare
long = one
    two = 2
\tthree

[s2]   ; why
x: y
[s1]
k1 = again
"""
GIT = "[user]\n\tname = me\n\temail = me@example.org\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.ini"
    path.write_text(TEXT)
    return path


def test_all_of_a_file_is_read(ask: Ask, file: Path) -> None:
    assert ask(f"ini.get_ini {file}") == {
        "top": "1",
        "s1": {
            "k1": "again", "k2": "v2   # part of the value", "bare": "", "long": "one\ntwo = 2\nthree",
        },
        "s2": {"x: y": ""},
    }  # fmt: skip
    assert ask(f"ini.get_section {file} s2 separator=:") == {"x": "y"}
    assert ask(f"ini.get_option {file} '' top") == "1"
    assert ask(f"ini.get_option {file} s1 nope") is None


def test_options_that_git_indents_are_options(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(GIT)
    assert ask(f"ini.get_ini {tmp_path}/config") == {"user": {"name": "me", "email": "me@example.org"}}
    ask(f"ini.set_option {tmp_path}/config '{{user: {{signingkey: X}}}}'")
    assert (tmp_path / "config").read_text() == f"{GIT}\tsigningkey = X\n"


CHANGED: list[tuple[str, dict[str, Any], str]] = [
    ("a=1\n", {"a": 2}, "a=2\n"),
    ("", {"s": {"a": 1}}, "[s]\na = 1\n"),
    ("[s]\n\n[t]\n", {"s": {"a": True}}, "[s]\na = True\n\n[t]\n"),
    ("[s]\nb=1\n# c\n\n[t]\n", {"s": {"a": 1}}, "[s]\nb=1\na=1\n# c\n\n[t]\n"),
    ("[s]\nb=1\n", {"t": {"a": 1}}, "[s]\nb=1\n\n[t]\na=1\n"),
    ("[s]\n", {"a": "x"}, "a = x\n[s]\n"),
    ("[s]\na = 1\n  more\nb = 2\n", {"s": {"a": "x"}}, "[s]\na = x\nb = 2\n"),
    ("[s]\na = 1\n", {"s": {"a": "x\ny"}}, "[s]\na = x\n\ty\n"),
    ("[s]\na\n", {"s": {"a": "x"}}, "[s]\na = x\n"),
    ("[s]\na = 1\n", {"s": {"a": None}}, "[s]\na\n"),
    ("[s]\na =\n", {"s": {"a": "1"}}, "[s]\na =1\n"),
    ("[s]\na=1\na=2\n", {"s": {"a": 3}}, "[s]\na=1\na=3\n"),
    ("[s]\r\na = 1\r\n", {"s": {"a": 1}}, "[s]\r\na = 1\r\n"),
]


@pytest.mark.parametrize(("before", "sections", "after"), CHANGED)
def test_option_is_set_and_the_rest_stays(
    ask: Ask, tmp_path: Path, before: str, sections: dict[str, Any], after: str
) -> None:
    path = tmp_path / "x"
    path.write_bytes(before.encode())
    ask(f"ini.set_option {path} '{json.dumps(sections)}'")
    assert path.read_bytes().decode() == after
    assert ask(f"ini.set_option {path} '{json.dumps(sections)}'") == {}


def test_changes_are_told(ask: Ask, file: Path) -> None:
    assert ask(f"ini.set_option {file} '{{s1: {{k1: new, k9: z}}, q: {{r: s}}, top: 2}}'") == {
        "s1": {"k1": {"before": "again", "after": "new"}, "k9": {"before": None, "after": "z"}},
        "q": {"before": None, "after": {"r": "s"}},
        "top": {"before": "1", "after": "2"},
    }


def test_option_is_removed_wherever_it_stands(ask: Ask, file: Path) -> None:
    assert ask(f"ini.remove_option {file} s1 k1") == "again"
    assert "k1" not in file.read_text()
    assert ask(f"ini.remove_option {file} s1 long") == "one\ntwo = 2\nthree"
    assert "three" not in file.read_text()
    assert ask(f"ini.remove_option {file} s1 k1") is None


def test_section_is_removed_with_its_comments(ask: Ask, file: Path) -> None:
    assert ask(f"ini.remove_section {file} s1")["k1"] == "again"
    assert file.read_text() == "; a comment\ntop=1\n\n[s2]   ; why\nx: y\n"
    assert ask(f"ini.remove_section {file} s1") == {}


@pytest.mark.parametrize(
    "sections",
    [{"s]": {}}, {"": {}}, {"s": {"": 1}}, {"s": {"#a": 1}}, {"s": {"a\nb": 1}}, {"s": {"a=b": 1}}, {"s": {"a": [1]}},
     {"s": {"a": "x\n\ny"}}, {"s": {"a": "x\n#y"}}, {"s": {"a": "x\0"}}, {"[x": 1}],
)  # fmt: skip
def test_what_would_be_read_as_something_else_is_refused(
    ask: Ask, file: Path, sections: dict[str, Any]
) -> None:
    with pytest.raises(ArgumentError, match="ini: "):
        ask(f"ini.set_option {file} '{json.dumps(sections)}'")
    assert file.read_text() == TEXT


def test_separator_that_is_none_is_refused(ask: Ask, file: Path) -> None:
    with pytest.raises(ArgumentError, match="cannot part a key"):
        ask(f"ini.get_ini {file} separator='#'")


def test_blanks_may_part_keys_and_values() -> None:
    document = Document.parse("Port 22\nHost  a b\n", " ")
    assert document.sections() == {"": {"Port": "22", "Host": "a b"}}
    assert (
        document.with_option("", "Host", "c").with_option("", "New", "1").text()
        == "Port 22\nHost  c\nNew  1\n"
    )
