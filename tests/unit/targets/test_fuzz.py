"""Whatever text comes in: a matcher or a TargetError, soon; and a matcher says what its expression says."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoal.errors import TargetError
from shoal.targets import KINDS, Facts, Target, compile_target, hints

_GROUPS = {"g": "web* or db*", "h": "N@g and not web1", "loop": "N@loop"}
_BOX = Facts(
    id="web1",
    grains={"a": {"b": ["c", {"d": 1}]}, "ipv4": ["10.0.0.1"], "": {"": ""}},
    pillar={"a": [1, [2], {"a": {"a": "a"}}]},
    tags={"site": ["x"]},
)
_WORD = st.one_of(
    st.sampled_from(
        ["and", "or", "not", "(", ")", "web1", "*", "( )", "N@g", "N@h", "N@loop", "N@x", "S@::/0", "AND"]
    ),
    st.builds("{}@{}".format, st.sampled_from("GPIJLSETNRM"), st.text("ab:*?[]().+|\\0d", max_size=8)),
    st.builds("{}|@{}".format, st.sampled_from("GPIJT"), st.text("ab:|*", max_size=8)),
    st.text(max_size=5),
)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(KINDS),
    st.one_of(
        st.lists(_WORD, max_size=14).map(" ".join), st.text(max_size=40), st.text("ab:*.[]()+?|", max_size=20)
    ),
    st.sampled_from([":", "|", "a", "::"]),
    st.booleans(),
)
def test_any_text_gives_a_matcher_or_a_target_error(
    kind: str, expr: str, delimiter: str, lenient: bool
) -> None:
    target = Target(kind=kind, expr=expr, delimiter=delimiter)
    try:
        matcher = compile_target(target, _GROUPS, lenient=lenient)
    except TargetError as error:
        assert str(error).isprintable()
        assert len(str(error)) < 1000
        return
    assert matcher(_BOX) in (True, False)
    assert matcher(Facts(id="other")) in (True, False)
    assert all(line.isprintable() for line in hints(target, _GROUPS))


@pytest.mark.parametrize(
    "piece", ["( ", "not ( ", "a or ( ", "*:", "[", "a*", "(?:", "N@g ", "a,", "\\", ") "]
)
@pytest.mark.parametrize("kind", KINDS)
def test_endless_repetition_gives_a_matcher_or_a_target_error(kind: str, piece: str) -> None:
    for expr in ("a:" + piece * 4000, piece * (60_000 // len(piece)), "G@a:" + piece * 300 + "b"):
        try:
            matcher = compile_target(Target(kind=kind, expr=expr), _GROUPS)
        except TargetError as error:
            assert len(str(error)) < 1000
        else:
            matcher(_BOX)


# Random trees: written down as an expression with as few parentheses as the precedence allows, and evaluated as a tree.

_LEAVES: list[tuple[str, Any]] = [
    ("web*", lambda box: box.id.startswith("web")),
    ("E@.*1$", lambda box: box.id.endswith("1")),
    ("L@web1,db2", lambda box: box.id in ("web1", "db2")),
    ("G@os:Deb*", lambda box: box.grains["os"] == "Debian"),
    ("P|@os|(Alpine|Rocky)$", lambda box: box.grains["os"] in ("Alpine", "Rocky")),
    ("I@env:prod", lambda box: box.pillar["env"] == "prod"),
    ("T@group:edge", lambda box: "edge" in box.tags["group"]),
    ("S@10.0.1.0/24", lambda box: box.grains["ipv4"][0].startswith("10.0.1.")),
    ("( )", lambda _box: False),
]
_CHANCE = random.Random(5)
_BOXES = [
    Facts(
        id=f"{_CHANCE.choice(['web', 'db', 'edge'])}{number % 4}",
        grains={"os": _CHANCE.choice(["Debian", "Alpine", "Rocky"]), "ipv4": [f"10.0.{number % 3}.7"]},
        pillar={"env": _CHANCE.choice(["prod", "test"])},
        tags={"group": _CHANCE.sample(["edge", "camera", "lab"], 2)},
    )
    for number in range(24)
]
_TREE = st.recursive(
    st.sampled_from(_LEAVES),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), inner, inner),
    ),
    max_leaves=12,
)


def _write(tree: Any) -> str:
    if tree[0] == "not":
        return f"not {_inside(tree[1], ('and', 'or', 'not'))}"
    if tree[0] == "and":
        return f"{_inside(tree[1], ('or',))} and {_inside(tree[2], ('or',))}"
    if tree[0] == "or":
        return f"{_write(tree[1])} or {_write(tree[2])}"
    return str(tree[0])


def _inside(tree: Any, needs: tuple[str, ...]) -> str:
    return f"( {_write(tree)} )" if tree[0] in needs else _write(tree)


def _naive(tree: Any, box: Facts) -> bool:
    if tree[0] == "not":
        return not _naive(tree[1], box)
    if tree[0] == "and":
        return _naive(tree[1], box) and _naive(tree[2], box)
    if tree[0] == "or":
        return _naive(tree[1], box) or _naive(tree[2], box)
    return bool(tree[1](box))


@settings(deadline=None, max_examples=200)
@given(_TREE)
def test_compiled_expression_says_what_the_tree_says(tree: Any) -> None:
    matcher = compile_target(Target(kind="compound", expr=_write(tree)))
    assert [matcher(box) for box in _BOXES] == [_naive(tree, box) for box in _BOXES]
