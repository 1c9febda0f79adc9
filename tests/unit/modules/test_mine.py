"""The mine's functions: what they ask of the master, and how they read `mine_functions`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from modules import mine
from modules.context import Context
from shoal.errors import ArgumentError, ModuleError, UnknownFunctionError
from shoal.wire import decode, encode
from tests.unit.modules.conftest import FakeMaster

FUNCTIONS: dict[str, Any] = {
    "test.ping": [],
    "said": [{"mine_function": "test.echo"}, "hello"],
    "named": {"mine_function": "test.echo", "text": "world", "allow_tgt": "web*"},
    "grains.get": ["os"],
}


@pytest.fixture
def box(ctx: Context) -> Context:
    return replace(ctx, settings={"mine_functions": FUNCTIONS}, pillar={})


def put(master: FakeMaster) -> dict[str, Any]:
    """Return what was put into the mine, by name."""
    return {
        body["names"][0]: decode(body["packed"], 10_000) for _, body in master.asked if body["op"] == "put"
    }


def test_update_puts_in_what_is_listed(box: Context, master: FakeMaster) -> None:
    assert mine.update(box) == {}
    assert put(master) == {"test.ping": True, "said": "hello", "named": "world", "grains.get": "Debian"}
    targets = {body["names"][0]: body.get("target") for _, body in master.asked}
    assert targets["named"] == {"kind": "glob", "expr": "web*", "delimiter": ":"}
    assert targets["said"] is None


def test_update_that_clears_keeps_what_is_listed(box: Context, master: FakeMaster) -> None:
    mine.update(box, clear=True)
    assert master.asked[-1] == ("mine", {"op": "keep", "names": list(FUNCTIONS)})


def test_pillar_adds_and_replaces(box: Context, master: FakeMaster) -> None:
    box = replace(
        box,
        pillar={
            "mine_functions": {
                "said": [{"mine_function": "test.echo"}, "pillar"],
                "more": {"mine_function": "test.ping"},
            }
        },
    )
    mine.update(box)
    assert put(master)["said"] == "pillar"
    assert put(master)["more"] is True


def test_function_that_fails_does_not_keep_the_others_out(box: Context, master: FakeMaster) -> None:
    listed = {
        "test.nothing": [],
        "test.echo": [],
        "cmd.run": ["false", {"raise_err": "maybe"}],
        "test.ping": [],
    }
    failed = mine.update(replace(box, settings={"mine_functions": listed}))
    assert failed.keys() == {"test.nothing", "test.echo", "cmd.run"}
    assert put(master) == {"test.ping": True}


@pytest.mark.parametrize(
    "policy",
    [
        {"disable_modules": ["test"]},
        {"disable_functions": ["test.pi*"]},
        {"allowed_functions": ["mine.*"]},
    ],
)
def test_what_the_box_does_not_run_is_not_run_for_the_mine(
    box: Context, master: FakeMaster, policy: dict[str, Any]
) -> None:
    box = replace(box, settings={"mine_functions": {"test.ping": []}, **policy})
    (failed,) = mine.update(box).values()
    assert failed.startswith("refused by this minion: test.ping is")
    with pytest.raises(ModuleError, match="refused by this minion"):
        mine.send(box, "alias", mine_function="test.ping")
    assert put(master) == {}


def test_send_runs_a_function_under_another_name(box: Context, master: FakeMaster) -> None:
    assert mine.send(box, "word", "7", mine_function="test.echo", allow_tgt="db*", allow_tgt_type="compound")
    ((verb, body),) = master.asked
    assert (verb, body["names"], decode(body["packed"], 100)) == ("mine", ["word"], "7")
    assert body["target"] == {"kind": "compound", "expr": "db*", "delimiter": ":"}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("test.nothing",), UnknownFunctionError),
        (("test.echo",), ArgumentError),
        (("bad name", "test.ping"), ModuleError),
    ],
)
def test_what_cannot_be_sent_is_told(
    box: Context, master: FakeMaster, words: tuple[str, ...], error: type[Exception]
) -> None:
    with pytest.raises(error):
        mine.send(box, words[0], mine_function=words[-1])
    assert master.asked == []


def test_value_that_is_too_large_is_refused(box: Context, master: FakeMaster) -> None:
    with pytest.raises(ModuleError, match="200003 bytes"):
        mine.send(box, "test.echo", "x" * 199_998)
    assert master.asked == []


def test_values_of_others_are_read(box: Context, master: FakeMaster) -> None:
    master.answers["mine"] = encode({"net": {"web1": encode(1), "web2": encode([2])}})
    assert mine.get(box, "*", "net") == {"web1": 1, "web2": [2]}
    assert mine.get(box, "*", "net", exclude_minion=True) == {"web2": [2]}
    assert master.asked[0][1] == {
        "op": "get", "names": ["net"], "target": {"kind": "glob", "expr": "*", "delimiter": ":"},
    }  # fmt: skip


def test_several_names_are_answered_by_name(box: Context, master: FakeMaster) -> None:
    master.answers["mine"] = encode({"net": {"web2": encode(1)}, "disk": {}})
    assert mine.get(box, "G@os:Debian", "net, disk,net", tgt_type="compound") == {
        "net": {"web2": 1},
        "disk": {},
    }


def test_valid_lists_what_can_be_run(box: Context) -> None:
    box = replace(box, settings={"mine_functions": {**FUNCTIONS, "test.nothing": []}})
    assert mine.valid(box) == {
        "test.ping": [],
        "said": {"test.echo": ["hello"]},
        "named": {"args": {"test.echo": []}, "kwargs": {"text": "world"}},
        "grains.get": ["os"],
    }


def test_values_are_deleted(box: Context, master: FakeMaster) -> None:
    master.answers["mine"] = encode(True)
    assert mine.delete(box, "net") is True
    master.answers["mine"] = encode(3)
    assert mine.flush(box) == 3
    assert [body for _, body in master.asked] == [
        {"op": "delete", "names": ["net"]},
        {"op": "keep", "names": []},
    ]
