"""Grains on their way to the master: differences, and all of them when the master has others."""

from __future__ import annotations

from typing import Any

import pytest

from minion.reported import Reported
from shoal.errors import WireError
from shoal.grains_report import MAX_GRAINS, GrainsReport
from shoal.messages import MAX_FACTS_BYTES
from shoal.wire import decode, encode
from tests.unit.minion.stage import BOX, Stage

OLD: dict[str, Any] = {"id": BOX, "os": "Debian", "n": 1, "gone": [1]}
NEW: dict[str, Any] = {"id": BOX, "os": "Debian", "n": True, "fresh": {"a": None}}
CHANGE = {"digest": b"2", "base": b"1", "set": {"n": True, "fresh": {"a": None}}, "deleted": ["gone"]}


class Facts:
    """What `Parts.facts` is on a box, to be set by the test."""

    def __init__(self) -> None:
        self.now = (b"1", OLD)

    def __call__(self) -> tuple[bytes, dict[str, Any]]:
        return self.now

    def change(self, stage: Stage, digest: bytes = b"2", grains: dict[str, Any] = NEW) -> None:
        before, self.now = self.now, (digest, grains)
        stage.minion.facts_changed(*before)
        stage.settle()


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.fixture
def stage(facts: Facts) -> Stage:
    return Stage(facts=facts)


def test_change_is_told_as_a_difference(stage: Stage, facts: Facts) -> None:
    master = stage.online()
    facts.change(stage)
    assert master.got("facts") == [CHANGE]
    facts.change(stage, b"3", {**NEW, "os": "Alpine"})
    assert master.got("facts") == [{"digest": b"3", "base": b"2", "set": {"os": "Alpine"}, "deleted": []}]


def test_master_that_has_others_is_told_all(stage: Stage, facts: Facts) -> None:
    master = stage.online()
    facts.change(stage)
    master.got("facts")
    for body in (b"", b"other", None):
        master.reply("want_facts", body)
        stage.settle()
        assert master.got("facts") == [{"digest": b"2", "grains": NEW}]


def test_changes_off_line_are_told_as_one_difference_when_they_are_asked_for(
    stage: Stage, facts: Facts
) -> None:
    master = stage.online()
    master.stop()
    stage.advance(60)
    assert stage.minion.state != "online"
    facts.change(stage, b"x", {"id": BOX})
    facts.change(stage)
    assert master.got("facts") == []
    master.start()
    stage.advance(60)
    assert stage.minion.state == "online"
    assert master.hellos[-1].grains_digest == b"2"
    master.reply("want_facts", b"1")
    stage.settle()
    assert master.got("facts") == [CHANGE]


def test_master_that_lost_a_difference_gets_all(stage: Stage, facts: Facts) -> None:
    """The first one never arrived: the second has another base than the master, who says which it has."""
    master = stage.online()
    facts.change(stage)
    facts.change(stage, b"3", NEW | {"os": "Alpine"})
    master.got("facts")
    master.reply("want_facts", b"1")
    stage.settle()
    assert master.got("facts") == [{"digest": b"3", "grains": NEW | {"os": "Alpine"}}]


def test_nothing_is_kept_while_nothing_waits(stage: Stage, facts: Facts) -> None:
    stage.online()
    facts.change(stage)
    reported = Reported()
    assert vars(stage.minion._reported) == vars(reported)


# ------------------------------------------------------------------ the message


@pytest.mark.parametrize("report", [
    GrainsReport(digest=b"1", grains=OLD),
    GrainsReport.between(b"1", OLD, b"2", NEW),
    GrainsReport.between(b"1", OLD, b"2", {}),
    GrainsReport.between(b"1", {}, b"2", NEW),
])  # fmt: skip
def test_report_travels_unchanged(report: GrainsReport) -> None:
    assert GrainsReport.from_wire(decode(encode(report.to_wire()), 10_000)) == report


def test_difference_over_its_base_gives_the_new_grains() -> None:
    report = GrainsReport.between(b"1", OLD, b"2", NEW)
    assert report.to_wire() == CHANGE
    made = report.over(OLD)
    assert made == NEW
    assert made["n"] is True
    assert GrainsReport(digest=b"2", grains=NEW).over(OLD) == NEW


@pytest.mark.parametrize("name", ["x" * 300, "y"])
def test_what_a_difference_cannot_say_is_told_in_full(name: str) -> None:
    many = {f"{name}{number}": 1 for number in range(2 if len(name) > 256 else MAX_GRAINS + 1)}
    assert GrainsReport.between(b"1", many, b"2", NEW).to_wire() == {"digest": b"2", "grains": NEW}
    assert GrainsReport.between(b"", OLD, b"2", NEW).to_wire() == {"digest": b"2", "grains": NEW}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"digest": b"1"},
        {"digest": "1", "grains": {}},
        {"digest": b"1" * 65, "grains": {}},
        {"digest": b"1", "grains": {str(n): n for n in range(MAX_GRAINS + 1)}},
        {"digest": b"1", "grains": {}, "deleted": []},
        {"digest": b"1", "grains": {}, "set": {}},
        CHANGE | {"base": b""},
        CHANGE | {"base": b"1" * 65},
        CHANGE | {"base": None},
        CHANGE | {"grains": {}},
        CHANGE | {"set": []},
        CHANGE | {"deleted": {}},
        CHANGE | {"deleted": [1]},
        CHANGE | {"deleted": ["x" * 257]},
        CHANGE | {"deleted": ["x"] * (MAX_GRAINS + 1)},
        {"digest": b"2", "base": b"1", "set": {}},
        {"digest": b"2", "base": b"1", "deleted": []},
    ],
)
def test_malformed_report_is_refused(body: Any) -> None:
    with pytest.raises(WireError):
        GrainsReport.from_wire(body)


@pytest.mark.parametrize(
    ("old", "fresh"),
    [
        ({f"a{n}": n for n in range(MAX_GRAINS)}, {"b": 1}),
        ({"a": "x" * (MAX_FACTS_BYTES - 1000)}, {"b": "x" * 2000}),
        ({"a": [[]] * 40_000}, {"b": [[]] * 20_000}),
    ],
)
def test_differences_do_not_grow_beyond_what_one_message_could_bring(old: Any, fresh: Any) -> None:
    report = GrainsReport(digest=b"2", base=b"1", grains=fresh)
    with pytest.raises(WireError):
        report.over(old)
    GrainsReport(digest=b"2", base=b"1", grains=fresh, deleted=tuple(old)).over(old)
