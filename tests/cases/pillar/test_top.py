"""The top file: who matches, and what is wrong with one, word by word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.pillar.world import World

SITE = {"tags": {"site": "paris", "group": ["edge", "camera"]}}
MATCHES = [
    ("*", "", True),
    ("web-*", "", True),
    ("db-*", "", False),
    ("web-[12]", "glob", True),
    ("web-\\d", "pcre", True),
    ("web-\\d\\d", "pcre", False),
    ("web-1,web-2", "list", True),
    ("web-2", "list", False),
    ("os:Deb*", "grain", True),
    ("os:Alpine", "grain", False),
    ("os:(Debian|Ubuntu)", "grain_pcre", True),
    ("10.0.0.0/24", "ipcidr", True),
    ("10.0.1.0/24", "ipcidr", False),
    ("webs", "nodegroup", True),
    ("dbs", "nodegroup", False),
    ("site:paris", "tag", True),
    ("group:camera", "tag", True),
    ("site:rome", "tag", False),
    ("G@os:Debian and T@site:paris and not db-*", "compound", True),
    ("N@dbs or E@db.*", "compound", False),
]


def make_world(folder: Path) -> World:
    world = World(folder, nodegroups={"webs": "web-*", "dbs": ("db-1", "db-2"), "rich": "I@money:much"})
    world.write({"good.sls": "good: 1\n"})
    return world


@pytest.mark.parametrize(("expr", "match", "meant"), MATCHES)
def test_target_of_each_kind(expr: str, match: str, meant: bool, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    items: list[Any] = [{"match": match}] if match else []
    world.write({"top.sls": json.dumps({"base": {expr: [*items, "good"]}})})
    assert world.pillar(**SITE) == ({"good": 1} if meant else {})


TOP = "base/top.sls"
WRONG = [
    ("base:\n  '*':\n    - match: pillar\n    - x\n",
     f"{TOP}:2: target '*': pillar cannot decide what pillar is: match by id, tag or grain"),
    ("base:\n  'I@a:b and *':\n    - match: compound\n    - a\n",
     f"{TOP}:2: target 'I@a:b and *': pillar cannot decide what pillar is: match by id, tag or grain"),
    ("base:\n  rich:\n    - match: nodegroup\n    - a\n",
     f"{TOP}:2: target 'rich': pillar cannot decide what pillar is: match by id, tag or grain"),
    ("base:\n  'x:y':\n    - match: data\n",
     (f"{TOP}:2: target 'x:y': 'match: data': one of glob, pcre, list, grain, grain_pcre, ipcidr, nodegroup, compound,"
     " tag expected; a box's data store is not known to the master")),
    ("base:\n  '*':\n    - match: grains\n",
     (f"{TOP}:2: target '*': 'match: grains': one of glob, pcre, list, grain, grain_pcre, ipcidr, nodegroup, compound,"
     " tag expected")),
    ("base:\n  gone:\n    - match: nodegroup\n",
     f"{TOP}:2: target 'gone': no nodegroup 'gone'; known are dbs, rich, webs"),
    ("base:\n  'a and':\n    - match: compound\n    - x\n", f"{TOP}:2: target 'a and': compound target"),
    ("base:\n  '*': {a: b}\n", f"{TOP}:2: target '*': a list of SLS expected, got dict"),
    ("base:\n  '*':\n    - [a]\n", f"{TOP}:2: target '*': the name of an SLS expected, got \"['a']\""),
    ("base: [x]\n", f"{TOP}:1: 'base': an environment is a map of targets to lists of SLS"),
    ("- x\n", f"{TOP}: a file of pillar must make a map, and this one makes a list"),
    ("base:\n  '*': [goood]\n",
     f"{TOP}:2: SLS 'goood' is not available in environment 'base'; did you mean 'good'?"),
    ("base:\n  '*': [a/b]\n",
     "'a/b' is no name of an SLS: words with dots between them, no '/', no '.sls'"),
    ("nowhere:\n  '*': [x]\n", f"{TOP}:2: pillar_roots have no environment 'nowhere'"),
    ("base:\n  '*': [good\n", f"{TOP}:3: not YAML: did not find expected ',' or ']'"),
    ("base:\n  '{{ nope }}': [good]\n", f"{TOP}:2: the variable 'nope' is undefined"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[text[:30] for text, _ in WRONG])
def test_what_is_wrong_with_a_top_file_is_said_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.write({TOP: text})
    (error,) = world.errors(**SITE)
    assert error == message or error.startswith(message + ":")


def test_missing_sls_may_be_allowed(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.write({"top.sls": "base:\n  '*':\n    - gone\n    - good\n    - ignore_missing: true\n"})
    assert world.pillar() == {"good": 1}
    world.write({"good.sls": "include: [gone]\n"})
    assert world.errors() == ["base/good.sls: 'include': SLS 'gone' is not available in environment 'base'"]


def test_no_top_file_is_no_pillar(tmp_path: Path) -> None:
    assert World(tmp_path).pillar() == {}


def test_globs_name_all_sls_that_match(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.write(
        {"top.sls": "base:\n  '*': ['apps.*']\n", "apps/a.sls": "a: 1\n", "apps/b/init.sls": "b: 1\n"}
    )
    assert world.pillar() == {"a": 1, "b": 1}


def test_top_file_may_be_a_template(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.write({"top.sls": "base:\n  {{ id }}:\n    - good\n"})
    assert world.pillar() == {"good": 1}


def test_environments_are_merged_in_their_order(tmp_path: Path) -> None:
    world = World(tmp_path, "base", "dev")
    world.write({
        "top.sls": "base:\n  '*': [a]\ndev:\n  '*': [a]\n",
        "a.sls": "from: {{ saltenv }}\nbase: 1\n",
        "dev/a.sls": "from: {{ saltenv }}\ndev: 1\n",
    })  # fmt: skip
    assert world.pillar() == {"from": "dev", "base": 1, "dev": 1}
    assert world.pillar(pillarenv="dev") == {}, "the top file of dev itself decides"
    world.write({"dev/top.sls": "dev:\n  '*': [a]\n"})
    assert world.pillar(pillarenv="dev") == {"from": "dev", "dev": 1}
    assert world.errors(pillarenv="no") == ["pillar_roots have no environment 'no'"]


def test_any_other_environment_has_its_folder(tmp_path: Path) -> None:
    world = World(tmp_path)
    from shoal.pillar.compiler import PillarCompiler, Rules

    world.compiler = PillarCompiler({"__env__": (tmp_path / "__env__",)}, Rules())
    (tmp_path / "test").mkdir()
    (tmp_path / "test/top.sls").write_text("test:\n  '*': [a]\n")
    (tmp_path / "test/a.sls").write_text("env: {{ pillarenv }}\n")
    assert world.pillar(pillarenv="test") == {"env": "test"}
