"""`pillar.*`: what the box has, and what its master would make now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from modules import pillar, saltutil
from modules.context import Context
from modules.standalone import NoDaemon
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.conftest import FakeDaemon

Ask = Callable[[str], Any]
HAS = {"role": "web", "deep": {"list": ["a", "b"]}}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("pillar.get role", "web"),
        ("pillar.get deep:list:1", "b"),
        ("pillar.get deep", {"list": ["a", "b"]}),
        ("pillar.get nothing", ""),
        ("pillar.get nothing:at:all default=5", 5),
        ("pillar.get 'deep|list' delimiter='|'", ["a", "b"]),
        ('pillar.get deep \'{"list": ["c"], "more": 1}\' merge=True', {"list": ["a", "b"], "more": 1}),
        ('pillar.get deep \'{"list": ["c"]}\' merge=True merge_nested_lists=True', {"list": ["c", "a", "b"]}),
        ("pillar.get nothing '{\"more\": 1}' merge=True", {"more": 1}),
        ("pillar.get role saltenv=dev", "web"),
        ("pillar.item role nothing deep:list", {"role": "web", "nothing": "", "deep:list": ["a", "b"]}),
        ("pillar.item nothing default=none", {"nothing": "none"}),
        ("pillar.raw", HAS),
        ("pillar.raw role", "web"),
        ("pillar.raw nothing", {}),
        ("pillar.keys deep", ["list"]),
        ("pillar.filter_by '{w*: nginx, default: none}' role", "nginx"),
        ("match.pillar 'role:w*'", True),
    ],
)
def test_looks_at_what_the_box_has(ask: Ask, daemon: FakeDaemon, line: str, value: Any) -> None:
    assert ask(line) == value
    assert daemon.asked == []


@pytest.mark.parametrize(
    ("line", "env", "value"),
    [
        ("pillar.items", "", {**HAS, "fresh": True, "env": ""}),
        ("pillar.data", "", {**HAS, "fresh": True, "env": ""}),
        ("pillar.items pillarenv=dev", "dev", {**HAS, "fresh": True, "env": "dev"}),
        ("pillar.items '{role: db, deep: {x: 1}}'", "",
         {"role": "db", "deep": {"list": ["a", "b"], "x": 1}, "fresh": True, "env": ""}),
        ("pillar.items pillar='{new: 1}'", "", {**HAS, "fresh": True, "env": "", "new": 1}),
        ("pillar.ls", "", ["role", "fresh", "deep", "env"]),
        ("pillar.obfuscate", "",
         {"role": "<str>", "fresh": "<bool>", "deep": {"list": ["<str>", "<str>"]}, "env": "<str>"}),
        ("pillar.get fresh pillarenv=dev", "dev", True),
        ("pillar.item env pillarenv=dev", "dev", {"env": "dev"}),
    ],
)  # fmt: skip
def test_has_the_master_make_one(ask: Ask, daemon: FakeDaemon, line: str, env: str, value: Any) -> None:
    assert ask(line) == value
    assert daemon.asked == [("pillar", {"pillarenv": env})]


def test_saltenv_is_the_environment_where_the_box_is_configured_so(ctx: Context, daemon: FakeDaemon) -> None:
    ctx = replace(ctx, settings={"pillarenv_from_saltenv": True})
    assert pillar.items(ctx, saltenv="dev")["env"] == "dev"
    assert pillar.items(ctx, saltenv="dev", pillarenv="qa")["env"] == "qa"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("pillar.keys role", "role is a str, not a map"),
        ("pillar.keys nothing", "nothing is not in the pillar"),
        ("pillar.get role '{\"a\": 1}' merge=True", "role is no map"),
    ],
)
def test_what_cannot_be_said_says_so_without_the_value(ask: Ask, line: str, problem: str) -> None:
    with pytest.raises(ModuleError, match=problem) as caught:
        ask(line)
    assert "web" not in str(caught.value)


def test_nothing_that_a_caller_gets_is_the_pillar_of_others(ctx: Context) -> None:
    pillar.raw(ctx)["role"] = "changed"
    pillar.items(ctx)["role"] = "changed"
    assert ctx.pillar["role"] == "web"


@pytest.mark.parametrize("line", ["pillar.items", "pillar.get role", "pillar.ls"])
def test_name_that_is_no_environment_is_refused_at_once(ask: Ask, daemon: FakeDaemon, line: str) -> None:
    with pytest.raises(ArgumentError, match="bad environment"):
        ask(f"{line} pillarenv=../etc")
    assert daemon.asked == []


@pytest.mark.parametrize(
    "name", ["saltutil.refresh_pillar", "minion.refresh_pillar", "saltutil.pillar_refresh"]
)
def test_refresh_waits_for_the_daemon(ask: Ask, daemon: FakeDaemon, name: str) -> None:
    assert ask(name) is True
    assert daemon.asked == [("refresh_pillar", {})]


def test_without_a_daemon_nothing_is_made(ctx: Context) -> None:
    alone = replace(ctx, daemon=NoDaemon())
    for ask in (pillar.items, saltutil.refresh_pillar):
        with pytest.raises(ModuleError, match="runs without one"):
            ask(alone)
    assert pillar.get(alone, "role") == "web"


def test_there_is_no_way_to_name_a_source(ctx: Context) -> None:
    assert not {"pillar.ext", "pillar.file_exists"} & set(ctx.registry.names())
