"""What becomes of the data of two SLS files, by strategy; and the forms of `include`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoal.merge import STRATEGIES
from tests.unit.pillar.world import World

TOP = "base:\n  '*': [one, two]\n"
ONE = "n: {a: 1, b: {x: 1}, l: [1, 2]}\nonly1: 1\ns: text\n"
TWO = "n: {b: {y: 2}, l: [2, 3]}\nonly2: 2\ns: {k: v}\n"
BOTH: dict[str, Any] = {"only1": 1, "only2": 2, "s": {"k": "v"}}
MERGED = [
    ("smart", False, {**BOTH, "n": {"a": 1, "b": {"x": 1, "y": 2}, "l": [2, 3]}}),
    ("recurse", False, {**BOTH, "n": {"a": 1, "b": {"x": 1, "y": 2}, "l": [2, 3]}}),
    ("recurse", True, {**BOTH, "n": {"a": 1, "b": {"x": 1, "y": 2}, "l": [1, 2, 3]}}),
    ("none", False, {**BOTH, "n": {"a": 1, "b": {"x": 1, "y": 2}, "l": [2, 3]}}),
    ("overwrite", True, {**BOTH, "n": {"b": {"y": 2}, "l": [2, 3]}}),
    ("aggregate", True, {**BOTH, "n": {"b": {"y": 2}, "l": [2, 3]}}),
    ("list", False, {"n": [{"a": 1, "b": {"x": 1}, "l": [1, 2]}, {"b": {"y": 2}, "l": [2, 3]}], "only1": 1,
                     "only2": 2, "s": ["text", {"k": "v"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("strategy", "lists", "merged"), MERGED)
def test_strategy(strategy: str, lists: bool, merged: dict[str, Any], tmp_path: Path) -> None:
    world = World(tmp_path, strategy=strategy, merge_lists=lists)
    world.write({"top.sls": TOP, "one.sls": ONE, "two.sls": TWO})
    assert world.pillar() == merged


def test_every_strategy_is_in_the_table() -> None:
    assert {row[0] for row in MERGED} == set(STRATEGIES)


def test_what_is_marked_is_gathered(tmp_path: Path) -> None:
    world = World(tmp_path, strategy="aggregate")
    world.write({
        "top.sls": TOP,
        "one.sls": "#!yamlex\nfoo: 42\nm: !aggregate {a: 1}\nl: !aggregate [1, 2]\ns: !aggregate x\n",
        "two.sls": "#!jinja|yamlex\nm: !aggregate {b: 2}\nl: !aggregate [2, 3]\ns: !aggregate y\n",
    })  # fmt: skip
    assert world.pillar() == {"foo": 42, "m": {"a": 1, "b": 2}, "l": [1, 2, 3], "s": ["x", "y"]}


def test_without_merging_only_one_environment_counts(tmp_path: Path) -> None:
    world = World(tmp_path, "base", "dev", strategy="none")
    world.write({
        "top.sls": "base:\n  '*': [a]\n", "a.sls": "in: base\n",
        "dev/top.sls": "dev:\n  '*': [a]\n", "dev/a.sls": "in: dev\nmore: 1\n",
    })  # fmt: skip
    assert world.pillar() == {"in": "base"}
    assert world.pillar(pillarenv="dev") == {"in": "dev", "more": 1}


INCLUDES = [
    ("[common]", {"common.sls": "v: 1\n"}, {"v": 1}),
    ("[.near]", {"d/near.sls": "v: {{ sls }}\n"}, {"v": "d.near"}),
    ("[..up]", {"up.sls": "v: 1\n"}, {"v": 1}),
    ("['many.*']", {"many/a.sls": "a: 1\n", "many/b/init.sls": "b: 1\n"}, {"a": 1, "b": 1}),
    ("[{common: {key: 'x:y'}}]", {"common.sls": "v: 1\n"}, {"x": {"y": {"v": 1}}}),
    ("[{common: {defaults: {p: 80}}}]", {"common.sls": "port: {{ p }}\n"}, {"port": 80}),
    ("[{common: null}]", {"common.sls": "v: 1\n"}, {"v": 1}),
    ("[{common: {key: a, defaults: {p: 1}}}, {common: {key: b, defaults: {p: 2}}}]", {"common.sls": "p: {{ p }}\n"},
     {"a": {"p": 1}, "b": {"p": 2}}),
    ("[common]", {"common.sls": "own: 0\nv: 1\n"}, {"v": 1}),
    ("[a, b]", {"a.sls": "v: 1\n", "b.sls": "v: 2\n"}, {"v": 2}),
    ("[a]", {"a.sls": "include: [b]\nv: 1\n", "b.sls": "include: [a]\nw: 2\n"}, {"v": 1, "w": 2}),
    ("[d.main]", {}, {}),
    ("[{common: {defaults: {1: 99999999999999999999}}}]", {"common.sls": "v: 1\n"}, {"v": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("include", "files", "more"), INCLUDES, ids=[f"{row[0][:40]}" for row in INCLUDES])
def test_include(include: str, files: dict[str, str], more: dict[str, Any], tmp_path: Path) -> None:
    world = World(tmp_path)
    main = {"top.sls": "base:\n  '*': [d.main]\n", "d/main.sls": f"include: {include}\nown: 1\n"}
    world.write({**main, **files})
    assert world.pillar() == {"own": 1, **more}


WRONG = [
    ("include: common\n", "base/main.sls:1: 'include' must be a list of SLS, got str"),
    ("a: 1\ninclude:\n  - [x]\n",
     "base/main.sls:2: 'include': \"['x']\" is no SLS, or has other options than 'key' and 'defaults'"),
    ("include:\n  - common: {kye: x}\n",
     "base/main.sls:1: 'include': 'common' is no SLS, or has other options than 'key' and 'defaults'"),
    ("include:\n  - common: {defaults: [x]}\n",
     "base/main.sls:1: 'include' of 'common': 'key' must be text and 'defaults' a map"),
    ("include: [comon]\n",
     "base/main.sls: 'include': SLS 'comon' is not available in environment 'base'; did you mean 'common'?"),
    ("include: [...x]\n", "base/main.sls:1: '...x' leads above the root, from 'main'"),
    ("include: [bad]\n", "base/bad.sls:1: the variable 'nope' is undefined"),
    ("[1]\n", "base/main.sls: a file of pillar must make a map, and this one makes a list"),
    ("a: 99999999999999999999\n",
     "base/main.sls: '99999999999999999999' is no value that can travel; put it in quotes if text is meant"),
    ("#!py\ndef run(): return {}\n", "base/main.sls:1: '#!py' runs Python: it is not allowed here"),
    ("a: {{ salt['cmd.run']('id') }}\n", "base/main.sls:1: there is no function 'cmd.run' for templates here"),
    ("include: [loop1]\n", "includes nest deeper than 32: main -> loop1 -> loop1 -> loop1 -> loop1 …"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:30] for text, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write({
        "top.sls": "base:\n  '*': [main]\n", "main.sls": text, "common.sls": "v: 1\n", "bad.sls": "x: {{ nope }}\n",
        "loop1.sls": "include: [{loop1: {key: {{ n|default('') }}x, defaults: {n: {{ n|default('') }}x}}}]\n",
    })  # fmt: skip
    assert world.errors() == [message]


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write({
        "top.sls": "base:\n  '*': [a, b, c]\n", "a.sls": "x: {{ nope }}\n", "b.sls": "ok: 1\n", "c.sls": "a: 1\na: 2\n",
    })  # fmt: skip
    assert world.errors() == [
        "base/a.sls:1: the variable 'nope' is undefined",
        "base/c.sls:2: duplicate key 'a' (first on line 1)",
    ]


def test_too_large_a_pillar_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write({"top.sls": "base:\n  '*': [a, b]\n", "a.sls": f"a: {'x' * 3_000_000}\n",
                 "b.sls": f"b: {'x' * 3_000_000}\n"})  # fmt: skip
    assert world.errors() == ["the pillar as a whole has 6000015 bytes, more than 4194304"]
