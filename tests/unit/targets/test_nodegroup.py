"""Nodegroups: expansion, cycles, bounds."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import TargetError
from shoal.targets import Facts, Target, compile_target, hints
from shoal.targets.nodegroup import expand_words

_IDS = ["web1", "web2", "db1", "mon"]
_GROUPS: dict[str, Any] = {
    "web": "web*",
    "two": "web1 or db1",
    "list": ["web1", "mon"],
    "commas": "web1,mon",
    "globs": ["web?", "mon"],
    "words": ["web*", "and", "not", "web1"],
    "spaced": ["G@name:a b"],
    "outer": "N@two and not N@list",
    "deepest": "N@outer or mon",
    "loop": "N@pool",
    "pool": "N@loop or mon",
    "self": "not N@self",
    "empty": "",
    "number": 5,
    "holes": ["web1", None],
    "broken": "web1 and",
}


def _ids(expr: str, kind: str = "compound") -> list[str]:
    matcher = compile_target(Target(kind=kind, expr=expr), _GROUPS)
    return [minion_id for minion_id in _IDS if matcher(Facts(id=minion_id, grains={"name": "A B"}))]


@pytest.mark.parametrize(
    ("expr", "ids"),
    [
        ("N@web", ["web1", "web2"]),
        ("N@list", ["web1", "mon"]),
        ("N@commas", ["web1", "mon"]),
        ("N@globs", ["web1", "web2", "mon"]),
        ("N@words", ["web2"]),
        ("N@spaced", _IDS),
        ("N@outer", ["db1"]),
        ("N@deepest", ["db1", "mon"]),
        ("not N@deepest", ["web1", "web2"]),
        ("not ( N@two )", ["web2", "mon"]),
        ("not N@two", ["web2", "db1", "mon"]),  # as in Salt: no parentheses around a flat group
    ],
)
def test_group_in_a_compound(expr: str, ids: list[str]) -> None:
    assert _ids(expr) == ids


def test_group_as_a_target_of_its_own() -> None:
    assert _ids("outer", "nodegroup") == ["db1"]


def test_flat_group_gets_no_parentheses_and_a_nested_one_does() -> None:
    assert expand_words(["N@two"], _GROUPS) == ["web1", "or", "db1"]
    assert expand_words(["not", "N@outer"], _GROUPS) == (
        ["not", "(", "(", "web1", "or", "db1", ")", "and", "not", "(", "L@web1,mon", ")", ")"]
    )


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("loop", "nodegroup 'loop' contains itself: loop -> pool -> loop"),
        ("self", "nodegroup 'self' contains itself: self -> self"),
        ("outr", "no nodegroup 'outr'; did you mean 'outer'?"),
        ("zzzzz", "no nodegroup 'zzzzz'; known are broken, commas"),
        ("empty", "nodegroup 'empty' is empty"),
        ("number", "nodegroup 'number' must be text or a list of words"),
        ("holes", "nodegroup 'holes' must be text or a list of words"),
        ("broken", "an operand is missing at the end: "),
    ],
)
def test_bad_group_is_explained(name: str, says: str) -> None:
    for target in (Target(kind="nodegroup", expr=name), Target(kind="compound", expr=f"mon or N@{name}")):
        with pytest.raises(TargetError) as caught:
            compile_target(target, _GROUPS)
        assert says in str(caught.value)


def test_without_any_groups() -> None:
    with pytest.raises(TargetError, match="no nodegroup 'x'; none is configured"):
        compile_target(Target(kind="nodegroup", expr="x"))


def test_chain_of_groups_is_bounded() -> None:
    chain = {f"g{n}": f"N@g{n + 1}" for n in range(20)} | {"g20": "*"}
    with pytest.raises(TargetError, match="nodegroups nest deeper than 8: g0 -> g1"):
        compile_target(Target(kind="nodegroup", expr="g0"), chain)


def test_groups_that_multiply_are_bounded() -> None:
    bomb = {f"g{n}": f"N@g{n + 1} or " * 9 + "x" for n in range(7)} | {"g7": "x or x"}
    with pytest.raises(TargetError, match="more than 10000 words, nodegroups included"):
        compile_target(Target(kind="nodegroup", expr="g0"), bomb)


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        ("not (G@a:b)", ["'(G@a:b)' is read as a minion id: put spaces around each parenthesis"]),
        ("( web* or mon)", ["'mon)' is read as a minion id: put spaces around each parenthesis"]),
        ("not N@two", ["'N@two' is put in place without parentheses: write ( N@two )"]),
        ("N@two and mon", ["'N@two' is put in place without parentheses: write ( N@two )"]),
        ("not ( N@two ) or E@(a|b) or mon", []),
        ("not N@outer and not N@list", []),
        ("N@two or mon", []),
    ],
)
def test_doubtful_words_are_pointed_out(expr: str, says: list[str]) -> None:
    assert hints(Target(kind="compound", expr=expr), _GROUPS) == says


def test_only_compound_targets_get_hints() -> None:
    assert hints(Target(kind="glob", expr="(x")) == []
