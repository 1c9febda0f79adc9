"""Every outputter's look, against what Salt 3008.3 prints for the same data."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import ConfigError
from shoal.outputters import check_name, names, render

MIXED: dict[str, Any] = {
    "web1": True,
    "web2": {
        "a": 1,
        "b": [1, "x", {"k": None, "l": [1, [2, 3]]}],
        "c": {},
        "d": [],
        "e": "multi\nline",
        "f": 1.5,
        "h": "",
        "i": {"x": {"y": {}}},
    },
    "web3": "two\nlines\n",
    "web4": [],
    "web5": {},
    "web6": None,
    "web7": ["a", ["b", "c"], {"d": "e"}, "m\nn", ""],
}

NESTED = """\
web1:
    True
web2:
    ----------
    a:
        1
    b:
        - 1
        - x
        |_
          ----------
          k:
              None
          l:
              - 1
              |_
                - 2
                - 3
    c:
        ----------
    d:
    e:
        multi
        line
    f:
        1.5
    h:
    i:
        ----------
        x:
            ----------
            y:
                ----------
web3:
    two
    lines
web4:
web5:
    ----------
web6:
    None
web7:
    - a
    |_
      - b
      - c
    |_
      ----------
      d:
          e
    - m
      n"""

YAML = """\
web1: true
web2:
    a: 1
    b:
    - 1
    - x
    -   k: null
        l:
        - 1
        -   - 2
            - 3
    c: {}
    d: []
    e: 'multi

        line'
    f: 1.5
    h: ''
    i:
        x:
            y: {}
web3: 'two

    lines

    '
web4: []
web5: {}
web6: null
web7:
- a
-   - b
    - c
-   d: e
- 'm

    n'
- ''"""

PPRINT = """\
{   'a': True,
    'b': {   'long': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
             'more': ['yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy']}}"""

TABLE = """\
m1:
----------
    users:
    ----------
        ---------------
        | Name | Uid  |
        ---------------
        |  a   |  1   |
        ---------------
        | bbbb | 1000 |
        ---------------"""


def test_nested_looks_as_in_salt() -> None:
    assert render(MIXED, "nested") == NESTED


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"m": [[], {}, [[]], "", None, "a\n"]},
         "m:\n    |_\n    |_\n      ----------\n    |_\n      |_\n    - None\n    - a"),
        ({"m": {"k": "a\n\nb\n\n"}}, "m:\n    ----------\n    k:\n        a\n        \n        b\n        "),
        ({"m": "\n"}, "m:\n    "),
        ({"m": "a\r\nb\rc"}, "m:\n    a\n    b\n    c"),
        ({"m": {"b": 1, "a": 2}}, "m:\n    ----------\n    a:\n        2\n    b:\n        1"),
        ({"m": b"bytes"}, "m:\n    bytes"),
        ({"m": (1, 2)}, "m:\n    - 1\n    - 2"),
        ({"m": {1: 2, None: 3}}, "m:\n    ----------\n    1:\n        2\n    None:\n        3"),
        ("text", "text"),
        (["a", 1], "- a\n- 1"),
        (5, "5"),
        ({}, ""),
        ([], ""),
    ],
)  # fmt: skip
def test_nested_edges_look_as_in_salt(data: Any, text: str) -> None:
    assert render(data, "nested") == text


def test_nested_ignores_the_indentation_as_salt_does() -> None:
    assert render(MIXED, "nested", indent=-1) == NESTED


def test_nested_colours_are_salts() -> None:
    data = {"w": {"a": 1, "b": ["x", ["y"], 2], "e": "m\nl"}}
    assert render(data, "nested", colour=True) == (
        "\x1b[0;36mw\x1b[0;0m:\n"
        "    \x1b[0;36m----------\x1b[0;0m\n"
        "    \x1b[0;36ma\x1b[0;0m:\n        \x1b[0;1;33m1\x1b[0;0m\n"
        "    \x1b[0;36mb\x1b[0;0m:\n"
        "        \x1b[0;32m- x\x1b[0;0m\n"
        "        \x1b[0;32m|_\x1b[0;0m\n"
        "          \x1b[0;32m- y\x1b[0;0m\n"
        "        \x1b[0;1;33m- 2\x1b[0;0m\n"
        "    \x1b[0;36me\x1b[0;0m:\n        \x1b[0;32mm\x1b[0;0m\n        \x1b[0;32ml\x1b[0;0m"
    )


def test_yaml_looks_as_in_salt() -> None:
    assert render(MIXED, "yaml") == YAML


@pytest.mark.parametrize(
    ("out", "indent", "text"),
    [
        ("json", -1, '{"m": {"b": 1, "a": [1, {"x": "y"}]}}'),
        ("json", 0, '{\n"m": {\n"b": 1,\n"a": [\n1,\n{\n"x": "y"\n}\n]\n}\n}'),
        ("json", 1, '{\n "m": {\n  "b": 1,\n  "a": [\n   1,\n   {\n    "x": "y"\n   }\n  ]\n }\n}'),
        ("yaml", -1, "{m: {a: [1, {x: y}], b: 1}}"),
        ("yaml", 0, "m:\n  a:\n  - 1\n  - x: y\n  b: 1"),
        ("yaml", 2, "m:\n  a:\n  - 1\n  - x: y\n  b: 1"),
        ("pprint", -1, "{'m': {'a': [1, {'x': 'y'}], 'b': 1}}"),
        ("pprint", 0, "{'m': {'a': [1, {'x': 'y'}], 'b': 1}}"),
        ("raw", 4, "{'m': {'b': 1, 'a': [1, {'x': 'y'}]}}"),
        ("txt", 4, "m: {'b': 1, 'a': [1, {'x': 'y'}]}"),
        ("newline_values_only", 4, "1\n1\ny"),
        ("quiet", 4, ""),
    ],
)
def test_indentation(out: str, indent: int, text: str) -> None:
    assert render({"m": {"b": 1, "a": [1, {"x": "y"}]}}, out, indent=indent) == text


def test_json_shows_letters_as_letters() -> None:
    assert render({"m": "é✓"}, "json", indent=-1) == '{"m": "é✓"}'


def test_json_shows_bytes_as_the_text_they_spell() -> None:
    assert render({"m": b"a\xff"}, "json", indent=-1) == '{"m": "a\\\\xff"}'


def test_pprint_looks_as_in_salt() -> None:
    assert render({"b": {"more": ["y" * 40], "long": "x" * 50}, "a": True}, "pprint") == PPRINT


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"m": "one", "n": "a\n\nb\n"}, "m: one\nn: a\nn: \nn: b"),
        ({"m": True, "n": None, "o": 1.5, "p": []}, "m: True\nn: None\no: 1.5\np: []"),
        ({"m": ""}, ""),
        ("abc\nd", "abc\nd"),
        (["a", "b"], "['a', 'b']"),
    ],
)
def test_txt_looks_as_in_salt(data: Any, text: str) -> None:
    assert render(data, "txt") == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": "x\ny", "b": {"c": [1, None, ["z"]]}}, "x\ny\n1\nNone\nz"),
        ("bare", "bare"),
        ({}, ""),
    ],
)
def test_newline_values_only(data: Any, text: str) -> None:
    assert render(data, "newline_values_only") == text


def test_no_return_looks_as_in_salt() -> None:
    data = {"n": {"a": "b"}, "m": "Minion did not return. [No response]"}
    assert render(data, "no_return") == "m:\n    Minion did not return. [No response]\nn:\n    a:\n        b"
    assert render({"m": "gone"}, "no_return", colour=True) == (
        "\x1b[0;36mm\x1b[0;0m:\n\x1b[0;31m    gone\x1b[0;0m"
    )


KEYS = {"minions": ["b", "a"], "minions_denied": [], "minions_pre": ["new"], "minions_rejected": ["bad"]}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (KEYS, "Accepted Keys:\na\nb\nDenied Keys:\nUnaccepted Keys:\nnew\nRejected Keys:\nbad"),
        (
            {"accepted": ["a"], "denied": [], "pending": ["new"], "rejected": []},
            "Accepted Keys:\na\nDenied Keys:\nUnaccepted Keys:\nnew\nRejected Keys:",
        ),
        ({"minions": {"a": "aa:bb"}, "minions_pre": {"b": "cc"}},
         "Accepted Keys:\na:  aa:bb\nUnaccepted Keys:\nb:  cc"),
        ({"local": ["m.pub"], "minions": ["a"]}, "Local Keys:\nm.pub\nAccepted Keys:\na"),
        ({}, ""),
        ({"zzz": ["x"]}, "zzz:\n    - x"),
        (["x"], "- x"),
    ],
)  # fmt: skip
def test_key_looks_as_in_salt(data: Any, text: str) -> None:
    assert render(data, "key") == text


def test_key_colours_are_salts() -> None:
    assert render(KEYS, "key", colour=True) == (
        "\x1b[0;1;32mAccepted Keys:\x1b[0;0m\n\x1b[0;32ma\x1b[0;0m\n\x1b[0;32mb\x1b[0;0m\n"
        "\x1b[0;1;35mDenied Keys:\x1b[0;0m\n"
        "\x1b[0;1;31mUnaccepted Keys:\x1b[0;0m\n\x1b[0;31mnew\x1b[0;0m\n"
        "\x1b[0;1;34mRejected Keys:\x1b[0;0m\n\x1b[0;34mbad\x1b[0;0m"
    )


def test_table_looks_as_in_salt() -> None:
    users = [{"name": "a", "uid": 1}, {"name": "bbbb", "uid": 1000}]
    assert render({"m1": {"users": users}}, "table") == TABLE


@pytest.mark.parametrize(
    ("rows", "box"),
    [
        ([["a", 1], ["bb"]], "----------\n| a  | 1 |\n----------\n| bb |   |\n----------"),
        ([{"a": 1}, {"b": "x\ny"}],
         "---------\n| A | B |\n---------\n| 1 |   |\n---------\n|   | x |\n|   | y |\n---------"),
        (["x", None], "-----\n| x |\n-----\n|   |\n-----"),
        ([["中文", "a"], ["x", "b"]], "------------\n| 中文 | a |\n------------\n|  x   | b |\n------------"),
        ([], ""),
        ([[]], ""),
        ("text\nmore", "text\nmore"),
    ],
)  # fmt: skip
def test_table_of_other_shapes(rows: Any, box: str) -> None:
    assert render(rows, "table") == box


def test_unknown_outputter_gets_the_near_name() -> None:
    with pytest.raises(ConfigError, match=r"^unknown outputter 'jsno'\. Did you mean 'json'\?$"):
        check_name("jsno")


def test_unknown_outputter_without_a_near_name_gets_all_names() -> None:
    with pytest.raises(ConfigError, match=r"'\?'\. Use one of: highstate, json, key, nested, "):
        render({}, "?")


@pytest.mark.parametrize("out", ["style", "terminal", "..config", "__init__", ""])
def test_other_files_of_the_package_are_no_outputters(out: str) -> None:
    with pytest.raises(ConfigError):
        render({}, out)


def test_names_are_sorted_and_work() -> None:
    assert list(names()) == sorted(names())
    for name in names():
        assert check_name(name) == name
        assert isinstance(render({"m": 1}, name), str)
