"""What the master keeps of ten thousand boxes that mostly say the same: each value once."""

from __future__ import annotations

from typing import Any

import pytest

from master import roster as roster_module
from master.roster import Roster
from shoal.targets import Target


def grains(number: int) -> dict[str, Any]:
    return {"id": f"m{number}", "os": "Debian", "cpu_flags": ["a", "b", "c"], "disks": {"sda": {"size": 1}}}


def put(roster: Roster, number: int) -> None:
    roster.ensure(f"m{number}", {"site": "paris"})
    roster.set_grains(f"m{number}", grains(number), b"digest")


def facts_of(roster: Roster, minion: str) -> Any:
    return roster._minions.get(minion)


def test_equal_values_are_kept_once() -> None:
    roster = Roster({})
    put(roster, 1)
    put(roster, 2)
    first, second = facts_of(roster, "m1"), facts_of(roster, "m2")
    for name in ("os", "cpu_flags", "disks"):
        assert first.grains[name] is second.grains[name]
    assert [id(key) for key in first.grains] == [id(key) for key in second.grains]
    assert first.tags["site"] is second.tags["site"]
    assert first.grains["id"] != second.grains["id"]


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (1, 1.0), (0, False), ("1", b"1"), ([], {}), (None, "")]
)
def test_values_that_only_compare_equal_are_not_mixed_up(one: Any, other: Any) -> None:
    roster = Roster({})
    for minion, value in (("a", one), ("b", other)):
        roster.ensure(minion, {})
        roster.set_grains(minion, {"value": value}, b"")
    assert type(facts_of(roster, "a").grains["value"]) is type(one)
    assert type(facts_of(roster, "b").grains["value"]) is type(other)


def test_table_of_shared_values_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster_module, "_MAX_SHARED", 100)
    roster = Roster({})
    for number in range(1000):
        put(roster, number)
    assert len(roster._shared._values) <= 110
    assert facts_of(roster, "m0").grains == grains(0), "what is in use lives on"


def test_tags_and_grains_are_replaced_apart() -> None:
    roster = Roster({})
    put(roster, 1)
    roster.set_tags("m1", {"site": "rome"})
    assert facts_of(roster, "m1").grains == grains(1)
    roster.set_grains("m1", {"id": "m1", "os": "Alpine"}, b"new")
    assert roster.tags("m1") == {"site": "rome"}
    assert roster.digest("m1") == b"new"
    roster.set_tags("stranger", {"site": "rome"})
    assert "stranger" not in roster


def test_minion_that_is_known_already_keeps_what_is_known() -> None:
    roster = Roster({})
    put(roster, 1)
    roster.ensure("m1", {})
    assert roster.tags("m1") == {"site": "paris"}


def test_forgotten_minion_is_no_target_and_leaves_no_digest() -> None:
    roster = Roster({})
    put(roster, 1)
    put(roster, 2)
    roster.forget("m1")
    roster.forget("m1")
    assert roster.ids() == ["m2"]
    assert roster.digest("m1") == b""
    assert roster.tags("m1") == {}
    assert roster.resolve(Target(kind="grain", expr="os:Debian")).ids == ("m2",)
