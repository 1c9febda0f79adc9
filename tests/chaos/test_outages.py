"""Two weeks apart, by a fake clock: what waits on either side is delivered once, what came too late is explained."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.world import DAY_S, World, play
from tests.fleet import short_folder

OUTAGE_S: Final = 14 * DAY_S
STEP_S: Final = 1800.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: the control socket is in it."""
    with short_folder() as folder:
        yield folder


def test_box_that_was_away_for_two_weeks_gets_what_is_still_wanted_and_the_rest_has_expired(
    folder: Path,
) -> None:
    async def body(world: World) -> None:
        away, there = world.boxes
        away.kill(power=True)
        await world.step(60.0)
        for ttl_days in (1, 13, 15, 29):
            for _ in range(20):
                world.order([away.id, there.id], ttl_s=ttl_days * DAY_S)
        await world.until("the one that is there", lambda: sum(there.effects.values()) == 80, 60.0)
        await world.step(60.0)
        await pass_(world, OUTAGE_S / 2)
        await world.kill_master()  # a restart in the middle: the queue is on the disk
        await world.start_master()
        await pass_(world, OUTAGE_S / 2)
        assert world.open_deliveries() == 40
        await world.settle()
        tally = world.tally()
        tally.check()
        assert tally.ends == {"done": 80 + 40, "expired": 40}
        assert sum(away.effects.values()) == 40

    play(folder, body, boxes=2, seed=1)


def test_results_outlast_two_weeks_without_a_master(folder: Path) -> None:
    async def body(world: World) -> None:
        for _ in range(50):
            world.order([box.id for box in world.boxes], ttl_s=DAY_S)
        await world.step(0.0)
        await world.step(0.2)
        await world.kill_master()
        for _ in range(40):
            await world.step(0.2)
        done = [sum(box.effects.values()) for box in world.boxes]
        assert all(done), "they work without a master"
        world.boxes[0].kill(power=True)
        world.boxes[0].start()
        await pass_(world, OUTAGE_S)
        await world.settle()
        tally = world.tally()
        tally.check()
        assert tally.ends["done"] >= sum(done)
        assert set(tally.ends) <= {"done", "expired", "outcome_unknown"}

    play(folder, body, boxes=3, seed=1)


def test_thousand_jobs_for_one_box_are_all_delivered_when_it_comes(folder: Path) -> None:
    async def body(world: World) -> None:
        (box,) = world.boxes
        box.kill(power=False)
        for _ in range(1000):
            world.order([box.id])
        await world.step(1.0)
        box.start()
        await world.until("all of them", lambda: world.open_deliveries() == 0, 600.0)
        tally = world.tally()
        tally.check()
        assert tally.ends == {"done": 1000}

    play(folder, body, boxes=1, seed=1)


async def pass_(world: World, seconds: float) -> None:
    """Let a long time pass."""
    for _ in range(int(seconds / STEP_S)):
        await world.step(STEP_S)
