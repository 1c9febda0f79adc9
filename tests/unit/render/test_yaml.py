"""YAML of data files: what it means, and that hostile text ends in a bounded error (attack 23)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from shoal.errors import RenderError
from shoal.render.sealed import Sealed
from shoal.render.yaml import MAX_DEPTH, MAX_TEXT, load_yaml


def load(text: str, **options: Any) -> Any:
    return load_yaml(text, "f.sls", **options).value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0644", 644),
        ("0000", 0),
        ("'0644'", "0644"),
        ("0o17", "0o17"),
        ("0899", "0899"),
        ("0x1f", 31),
        ("1_000", 1000),
        ("16:10", 970),
        ("2026-11-21", "2026-11-21"),
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("1e3", "1e3"),
        ("1.5", 1.5),
        ("!!str 5", "5"),
        ("!!int '5'", 5),
        ("=", "="),
        ("!!binary aGk=", b"hi"),
    ],
)
def test_scalar_is_read_as_in_salt(text: str, value: object) -> None:
    made = load(f"a: {text}\n")["a"]
    assert (made, type(made)) == (value, type(value))


def test_order_is_kept() -> None:
    assert list(load("z: 1\na: 2\nm: 3\n")) == ["z", "a", "m"]


def test_empty_file_is_nothing() -> None:
    assert load("") is None
    assert load("# only a remark\n") is None


def test_what_is_written_out_goes_before_merged_keys() -> None:
    text = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nv:\n  <<: [*x, *y]\n  a: 3\n"
    assert load(text)["v"] == {"a": 3, "b": 1, "c": 2}


def test_alias_is_a_copy() -> None:
    value = load("a: &a [1]\nb: *a\n")
    value["a"].append(2)
    assert value["b"] == [1]


def test_lines_of_the_first_levels_are_known() -> None:
    document = load_yaml("base:\n  '*':\n    - a\n  'x':\n    - b\n", "top.sls")
    assert document.lines == {("base",): 1, ("base", "*"): 2, ("base", "x"): 4}


REFUSED = [
    ("a: 1\nb: 2\na: 3\n", "f.sls:3: duplicate key 'a' (first on line 1)"),
    ("a: {x: 1, x: 2}\n", "f.sls:1: duplicate key 'x' (first on line 1)"),
    ("1: a\ntrue: b\n", "f.sls:2: duplicate key 'True' (first on line 1)"),
    ("a: .nan\n", "f.sls:1: '.nan' is no number that can be kept; put it in quotes if text is meant"),
    ("a: -.inf\n", "f.sls:1: '-.inf' is no number that can be kept; put it in quotes if text is meant"),
    ("a: " + "9" * 5000, "f.sls:1: a number of 5000 characters; put it in quotes if text is meant"),
    ("a: !!python/object/apply:os.system [id]\n",
     "f.sls:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed"),
    ("a: !!python/name:os.system x\n", "f.sls:1: the tag 'tag:yaml.org,2002:python/name:os.system' is not allowed"),
    ("a: !custom x\n", "f.sls:1: the tag '!custom' is not allowed"),
    ("a: !!int x\n", "f.sls:1: 'x' is no whole number"),
    ("a: !!set {x}\n", "f.sls:1: the tag 'tag:yaml.org,2002:set' is not allowed"),
    ("a: !sealed abc=\n", "f.sls:1: !sealed is for pillar files on the master"),
    ("a: !aggregate [x]\n", "f.sls:1: the tag '!aggregate' is not allowed"),
    ("a: &a [1, *a]\n", "f.sls:1: the alias *a lies inside what it names"),
    ("a: *b\n", "f.sls:1: the alias *b has nothing that it names"),
    ("? [a]\n: b\n", "f.sls:1: a key must be a text or number, not a map or list; are quotes missing around {{ }}?"),
    ("a: {{ x }}\n", "f.sls:1: a key must be a text or number, not a map or list; are quotes missing around {{ }}?"),
    ("<<: 5\n", "f.sls:1: '<<' takes a map or a list of maps, mostly an alias: '<<: *name'"),
    ("--- a\n--- b\n", "f.sls:2: a second document starts here. Use one file for each"),
    ("a:\n\tb: 1\n", "f.sls:2: a tab is used for indentation. Use spaces"),
    ("a: b: c\n", "f.sls:1: a ':' where none can be. Is the indentation right, or are quotes missing?"),
    ("a: 'x\nb: 1\n", "f.sls:3: not YAML: the file ends inside what begins on line 1; is a quote missing?"),
    ("a: \x07\n", "f.sls:1: a control character that YAML does not allow"),
    ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), f"f.sls:1: nested deeper than {MAX_DEPTH}"),
    ("x" * (MAX_TEXT + 1), f"f.sls: larger than {MAX_TEXT} characters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[text[:25] for text, _ in REFUSED])
def test_refusal_says_where_and_what(text: str, message: str) -> None:
    with pytest.raises(RenderError) as caught:
        load(text)
    assert str(caught.value) == message


def test_aliases_of_aliases_are_bounded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with pytest.raises(
        RenderError, match=r"f.sls:\d+: more than 250000 values; are aliases used in aliases\?"
    ):
        load("\n".join(lines))


def test_depth_of_the_parser_itself_is_bounded() -> None:
    for text in ("[" * 100_000, "- " * 100_000, "{a: " * 50_000):
        with pytest.raises(RenderError):
            load(text)


def test_error_shows_the_lines_around() -> None:
    with pytest.raises(RenderError) as caught:
        load("a: 1\nb: 2\na: 3\nc: 4\n")
    assert caught.value.block() == (
        "f.sls:3: duplicate key 'a' (first on line 1)\n    2 | b: 2\n  > 3 | a: 3\n    4 | c: 4"
    )


def test_sealed_value_is_opaque() -> None:
    document = load_yaml("a: !sealed abc+/=\n", "f", may_seal=True)
    assert document.value == {"a": Sealed("abc+/=")}
    assert document.boxes == ("abc+/=",)
    with pytest.raises(RenderError, match=r"takes the text that shoal-run pillar\.seal prints"):
        load("a: !sealed 'not base64!'\n", may_seal=True)


def test_importing_the_package_loads_no_jinja() -> None:
    code = "import sys, shoal.render, shoal.render.renderer; print('jinja2' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
