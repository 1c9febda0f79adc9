"""A box cannot drive the operator's terminal."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.outputters import names, render
from shoal.outputters.terminal import clean, clean_line, is_unsafe, lines

PAINT = re.compile(r"\x1b\[0;(?:0|[13][0-7]?(?:;3[0-7])?|3[0-7])m")
NASTY = "\x00\x07\x08\x1b[2J\x7f\x85\x9b31m\u202eevil\u2066\u2028\ud800é✓中\U0001f600\r\n\t"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["\x1b]0;title\x07", "\x9b31m", "a\n\tb", " x", "yes", "16:10", "0755", "~", "- a", "a: b", "\u202e", "#", "\ufeff"]
)  # fmt: skip
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
values = st.recursive(
    scalars | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
plain_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(texts, values, max_size=3) | values, st.integers(-1, 12))
def test_everything_that_travels_is_shown_harmlessly(data: Any, indent: int) -> None:
    for name in names():
        shown = render(data, name, indent=indent)
        assert not [char for char in shown if is_unsafe(ord(char))], name
        painted = PAINT.sub("", render(data, name, indent=indent, colour=True))
        assert not [char for char in painted if is_unsafe(ord(char))], name


@settings(max_examples=150, deadline=None)
@given(plain_values, st.sampled_from([-1, 0, 2, 4]))
def test_json_and_yaml_come_back_as_they_were(data: Any, indent: int) -> None:
    assert json.loads(render(data, "json", indent=indent)) == data
    assert yaml.safe_load(render(data, "yaml", indent=indent)) == data


@pytest.mark.parametrize("name", names())
def test_a_hostile_box_is_shown_not_obeyed(name: str) -> None:
    for data in ({NASTY: NASTY}, {"m": [NASTY, {NASTY: [NASTY]}]}, {"m": {"t": [{NASTY: NASTY}]}}, NASTY):
        shown = render(data, name)
        assert not [char for char in shown if is_unsafe(ord(char))]
        shown.encode("utf-8")


@pytest.mark.parametrize("name", ["nested", "txt", "no_return", "table"])
def test_a_key_cannot_pretend_to_be_another_minion(name: str) -> None:
    shown = render({"a\nweb1:": "x"}, name)
    assert not any(line.startswith("web1") for line in shown.splitlines())


@pytest.mark.parametrize("name", names())
def test_deep_values_are_shown(name: str) -> None:
    value: Any = "leaf"
    for level in range(64):
        value = {"k": value} if level % 2 else [value]
    render({"m": value}, name)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é✓ 中文\n\tx", "plain é✓ 中文\n\tx"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\rb", "a\\x0db"),
        ("\u202eabc", "\\u202eabc"),
        ("\ud83d", "\\ud83d"),
        ("family \U0001f468\u200d\U0001f469", "family \U0001f468\u200d\U0001f469"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_clean_line_is_one_line() -> None:
    assert clean_line("a\nb\tc\rd\x1b") == "a\\nb\\tc\\rd\\x1b"


@pytest.mark.parametrize(
    ("text", "found"),
    [("", []), ("\n", [""]), ("a", ["a"]), ("a\n\nb\n", ["a", "", "b"]), ("a\r\nb\rc", ["a", "b", "c"])],
)
def test_lines(text: str, found: list[str]) -> None:
    assert lines(text) == found
