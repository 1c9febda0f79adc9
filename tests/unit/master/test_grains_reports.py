"""Grains as the master takes them: all, differences to what it has, and those it cannot place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shoal.messages import WANT_FACTS
from tests.unit.master.reception import Box, Reception, run

ALL = {"digest": b"1", "grains": {"os": "Debian", "n": 1, "gone": 1, "id": "somebody"}}
CHANGE: dict[str, Any] = {"digest": b"2", "base": b"1", "set": {"n": 2, "id": "other"}, "deleted": ["gone"]}


async def told(room: Reception) -> Box:
    box = await room.online()
    assert await box.say("facts", ALL) == []
    return box


def test_difference_is_laid_over_what_is_known(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await told(room)
        assert await box.say("facts", CHANGE) == []
        assert room.roster.grains("a") == {"os": "Debian", "n": 2, "id": "a"}
        assert room.roster.digest("a") == b"2"

    run(tmp_path, body)


def test_id_cannot_be_deleted(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await told(room)
        await box.say("facts", CHANGE | {"deleted": ["id"], "set": {}})
        assert room.roster.grains("a")["id"] == "a"

    run(tmp_path, body)


def test_difference_to_other_grains_is_not_taken_and_all_are_asked_for(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await told(room)
        before = dict(room.roster.grains("a"))
        assert await box.say("facts", CHANGE | {"base": b"0"}) == [(WANT_FACTS, b"1")]
        assert (room.roster.grains("a"), room.roster.digest("a")) == (before, b"1")

    run(tmp_path, body)


def test_difference_for_a_master_that_knows_nothing_is_not_taken(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        assert await box.say("facts", CHANGE) == [(WANT_FACTS, b"")]
        assert await box.say("facts", CHANGE | {"base": b""}) == []
        assert room.roster.grains("a") == {"id": "a"}

    run(tmp_path, body)


def test_hello_with_other_grains_is_asked_for_them_from_what_is_known(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await told(room)
        await box.hello(grains_digest=b"2")
        assert (WANT_FACTS, b"1") in box.take()
        await box.say("facts", CHANGE)
        await box.hello(grains_digest=b"2")
        assert box.take() == []

    run(tmp_path, body)


def test_difference_that_grows_too_large_is_refused_and_the_old_grains_stay(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await told(room)
        text = "x" * 200_000
        await box.say("facts", CHANGE | {"set": {"a": text}})
        await box.say("facts", CHANGE | {"digest": b"3", "base": b"2", "set": {"b": text}})
        assert room.roster.digest("a") == b"2"
        assert "b" not in room.roster.grains("a")

    run(tmp_path, body)


def test_what_a_difference_made_is_stored(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await told(room)
        records: list[Any] = []
        room.collector._writer.add_facts = records.append  # type: ignore[method-assign]
        await box.say("facts", CHANGE)
        assert records[0].grains() == {
            "digest": b"2",
            "grains": {"os": "Debian", "n": 2, "id": "a"},
        }

    run(tmp_path, body)
