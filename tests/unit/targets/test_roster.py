"""The master's list of minions and what a target selects among them."""

from __future__ import annotations

import random

import pytest

from master.targets import Resolved, Roster, choose_subset
from shoal.errors import TargetError
from shoal.targets import Facts, Target


def _roster() -> Roster:
    facts = [
        Facts(id=name, grains={"os": os})
        for name, os in [("web2", "Debian"), ("db1", "Alpine"), ("web1", "Debian")]
    ]
    return Roster(facts, {"webs": "web1 or web2"})


@pytest.mark.parametrize(
    ("kind", "expr", "ids"),
    [
        ("glob", "*", ("db1", "web1", "web2")),
        ("glob", "web*", ("web1", "web2")),
        ("glob", "nobody", ()),
        ("grain", "os:Alpine", ("db1",)),
        ("nodegroup", "webs", ("web1", "web2")),
        ("compound", "* not web1", ("db1", "web2")),
    ],
)
def test_ids_come_sorted(kind: str, expr: str, ids: tuple[str, ...]) -> None:
    assert _roster().resolve(Target(kind=kind, expr=expr)) == Resolved(ids=ids)


def test_list_names_who_is_missing() -> None:
    resolved = _roster().resolve(Target(kind="list", expr="web2,nobody,,db1, web1,web2,nobody"))
    assert resolved == Resolved(ids=("db1", "web2"), missing=("nobody", " web1"))


def test_doubtful_words_are_pointed_out() -> None:
    resolved = _roster().resolve(Target(kind="compound", expr="not N@webs"))
    assert resolved.ids == ("db1", "web2")
    assert resolved.hints == ("'N@webs' is put in place without parentheses: write ( N@webs )",)


def test_broken_target_is_an_error_and_not_an_empty_set() -> None:
    for target in (Target(kind="compound", expr="not G@os"), Target(kind="list", expr="x" * 70_000)):
        with pytest.raises(TargetError):
            _roster().resolve(target)


def test_roster_follows_what_comes_and_goes() -> None:
    roster = _roster()
    roster.put(Facts(id="edge", grains={"os": "Debian"}))
    roster.put(Facts(id="web1", grains={"os": "Alpine"}))
    roster.drop("web2")
    roster.drop("never seen")
    assert len(roster) == 3
    assert roster.get("web2") is None
    assert roster.get("edge") == Facts(id="edge", grains={"os": "Debian"})
    assert roster.resolve(Target(kind="glob", expr="*")).ids == ("db1", "edge", "web1")
    assert roster.resolve(Target(kind="grain", expr="os:alpine")).ids == ("db1", "web1")


def test_subset_is_random_but_repeatable() -> None:
    ids = [f"m{number}" for number in range(50)]
    chosen = choose_subset(ids, 5, random.Random(1))
    assert chosen == choose_subset(ids, 5, random.Random(1))
    assert chosen == sorted(set(chosen))
    assert len(chosen) == 5
    assert chosen != choose_subset(ids, 5, random.Random(2))
    assert choose_subset(ids[:3], 5, random.Random(1)) == ids[:3]


def test_subset_of_nobody_is_refused() -> None:
    with pytest.raises(TargetError, match="use 1 or more"):
        choose_subset(["a"], 0, random.Random(1))
