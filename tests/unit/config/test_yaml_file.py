"""YAML files: what is refused, with which line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.config.yaml_file import MAX_BYTES, parse_yaml, read_yaml
from shoal.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("---\n", {}),
        ("# only a comment\n", {}),
        ("a: 1\nb: -2.5\nc: text\nd: null\ne:\n", {"a": 1, "b": -2.5, "c": "text", "d": None, "e": None}),
        ("a: yes\nb: Off\nc: TRUE\n", {"a": True, "b": False, "c": True}),
        ("a: 16:10\nb: 2026-01-31\nc: 1:30.5\n", {"a": "16:10", "b": "2026-01-31", "c": "1:30.5"}),
        ("a: 0755\nb: 0x1F\nc: 0b11\nd: 1_000\ne: 1e3\n", {"a": 493, "b": 31, "c": 3, "d": 1000, "e": "1e3"}),
        ("a: .inf\nb: .nan\nc: =\n", {"a": ".inf", "b": ".nan", "c": "="}),
        ("a: [1, {b: c}]\n", {"a": [1, {"b": "c"}]}),
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("1: a\nyes: b\n", {"1": "a", "yes": "b"}),
        ("\ufeffa: 1\n", {"a": 1}),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert parse_yaml(text.encode(), "f").plain() == value


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a: 1\nb: 2\na: 3\n", "f:3: key 'a' is given twice (first on line 1)"),
        ("a:\n  b: 1\n  b: 2\n", "f:3: key 'b' is given twice (first on line 2)"),
        ("- a\n", "f:1: 'key: value' lines expected, got a list"),
        ("\njust text\n", "f:2: 'key: value' lines expected, got 'just text'"),
        ("a: 1\n\tb: 2\n", "f:2: a tab is used for indentation. Use spaces"),
        ("a:\n\t- 2\n", "f:2: a tab is used for indentation. Use spaces"),
        ("a: 1\n---\nb: 2\n", "f:2: a second document starts here. Use one file for each"),
        ("a: 1\nb: c: d\n", "f:2: a ':' where none can be. Is the indentation right, or are quotes missing?"),
        ("a: [1\nb: 2\n", "f:2: not YAML: expected ',' or ']', but got ':'"),
        ("a: 'b\n", "f:2: not YAML: the file ends inside what begins on line 1; is a quote missing?"),
        ("a: *nowhere\n", "f:1: not YAML: found undefined alias 'nowhere'"),
        ("a: !!python/object/apply:os.system [id]\n",
         "f:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed here"),
        ("a: !!binary aGk=\n", "f:1: the tag 'tag:yaml.org,2002:binary' is not allowed here"),
        ("a: !mine x\n", "f:1: the tag '!mine' is not allowed here"),
        ("a: !!set {x}\n", "f:1: the tag 'tag:yaml.org,2002:set' is not allowed here"),
        ("x: &x {a: 1}\ny:\n  <<: *x\n", "f:3: merge keys ('<<') are not supported. Write the keys out"),
        ("? [a]\n: 1\n", "f:1: a key must be text"),
        ("'': 1\n", "f:1: a key must be text"),
        (": 1\n", "f:1: this does not belong to what stands above it. Is the indentation right?"),
        ("a:\n  b: 1\n c: 2\n", "f:3: this does not belong to what stands above it. Is the indentation right?"),
        ("a: 1\nb: \x07\n", "f:2: a control character that YAML does not allow"),
        ("a: " + "[" * 40 + "]" * 40, "f:1: not YAML: nested deeper than 32"),
        ("a: &x [*x]\n", "f:1: nested deeper than 32"),
    ],
)  # fmt: skip
def test_refused(text: str, error: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text.encode(), "f")
    assert str(caught.value) == error


def test_deep_nesting_ends_early_and_not_by_recursion() -> None:
    with pytest.raises(ConfigError, match="nested deeper"):
        parse_yaml(b"a: " + b"[" * 500_000, "f")


def test_aliases_cannot_make_a_small_file_large() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    with pytest.raises(ConfigError, match=r"f:\d+: more than 50000 values; are aliases used in aliases\?"):
        parse_yaml(text.encode(), "f")


def test_bytes_that_are_no_utf8_are_shown_with_their_line() -> None:
    with pytest.raises(ConfigError, match=r"^f:2: not UTF-8 \(byte 0xe9\)$"):
        parse_yaml(b"a: 1\nb: caf\xe9\n", "f")


def test_a_value_knows_its_line() -> None:
    node = parse_yaml(b"a:\n\n  b:\n    - 1\n    - 2\n", "f")
    assert node.fields is not None
    inner = node.fields["a"].fields
    assert inner is not None
    assert (node.fields["a"].line, inner["b"].line) == (1, 3)
    assert [item.place for item in inner["b"].items] == ["f:4", "f:5"]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"minion: cannot be read: No such file or directory$"):
        read_yaml(tmp_path / "minion")


def test_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, mode: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so the system is asked to refuse
    with pytest.raises(ConfigError, match=r"minion: cannot be read: Permission denied$"):
        read_yaml(tmp_path / "minion")


def test_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r": a folder, not a file$"):
        read_yaml(tmp_path)


def test_device_instead_of_a_file() -> None:
    with pytest.raises(ConfigError, match=r"^/dev/zero: not a file$"):
        read_yaml(Path("/dev/zero"))


def test_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "minion"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ConfigError, match=r": larger than 1048576 bytes$"):
        read_yaml(path)


def test_file_that_anybody_may_change_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "minion"
    path.write_text("id: a\n")
    os.chmod(path, 0o666)  # noqa: PTH101 - plainest way
    with pytest.raises(ConfigError, match=r"anybody may write to it\. Run: chmod o-w /"):
        read_yaml(path)
    path.chmod(0o664)
    assert read_yaml(path).plain() == {"id": "a"}


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text("ab:-[]{}&*!<>|#'\" \n\t%@,?~1.", max_size=60).map(str.encode))
def test_any_bytes_are_a_map_or_a_config_error_of_one_line(data: bytes) -> None:
    try:
        assert isinstance(parse_yaml(data, "f").plain(), dict)
    except ConfigError as error:
        assert str(error).startswith("f:")
        assert "\n" not in str(error)
