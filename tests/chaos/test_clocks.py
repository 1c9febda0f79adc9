"""The master's clock leaps a day ahead, and perhaps back: no job is refused, none is lost, none is done twice.

Boxes go by what the master signs and by the time since then; their own clocks leap with the master's here, and it
does not matter. Nobody can tell a leap from a day that has passed, so jobs whose time ends in it expire.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from master.outbox import job_of
from minion.ledger import open_ledger
from tests.chaos.box import Box
from tests.chaos.world import DAY_S, World, play
from tests.fleet import short_folder

BOXES: Final = 3


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: the control socket is in it."""
    with short_folder() as folder:
        yield folder


async def all_do(world: World, jobs: int = 10) -> None:
    """Queue jobs for all, and wait until each has been done."""
    before = effects(world)
    for _ in range(jobs):
        world.order([box.id for box in world.boxes])
    await world.until("all to be done", lambda: effects(world) == before + jobs * BOXES, 120.0)
    await world.until("all to be known", lambda: world.open_deliveries() == 0, 120.0)


def effects(world: World) -> int:
    return sum(sum(box.effects.values()) for box in world.boxes)


def check(world: World) -> None:
    """Fail unless every job that was promised was done, once."""
    tally = world.tally()
    tally.check()
    assert set(tally.ends) == {"done"}


def take_unbegun(world: World, box: Box) -> None:
    """Put what waits for a box that is off on its disk, as if the power had gone before any of it began."""
    assert world.master is not None
    ledger = open_ledger(box.path, max_bytes=10**8)
    for jid in world.promised:
        record = world.master.store.jobs.get(jid)
        if record is not None and record.targets == (box.id,):
            ledger.accept(job_of(record, world.master.identity.fleet), world.clock.time())
    ledger.close()


def test_clock_of_a_running_master_leaps_a_day_ahead_and_back(folder: Path) -> None:
    async def body(world: World) -> None:
        await all_do(world)
        for leap in (DAY_S, -DAY_S, 2 * DAY_S):
            world.clock.jump(leap)
            await all_do(world)
            for _ in range(60):
                await world.step(1.0)
            await all_do(world)
        check(world)

    play(folder, body, boxes=BOXES, seed=1)


@pytest.mark.parametrize("after_s", [1.0, 15.0, 29.0, 31.0, 59.0])
def test_master_that_is_killed_after_a_leap_does_not_go_back(folder: Path, after_s: float) -> None:
    async def body(world: World) -> None:
        await all_do(world)
        world.clock.jump(DAY_S)
        await world.step(after_s)
        await all_do(world)
        await world.kill_master()
        world.clock.jump(-DAY_S)
        await world.step(1.0)
        await world.start_master()
        await all_do(world)
        jids = list(world.promised)
        assert jids == sorted(jids)
        check(world)

    play(folder, body, boxes=BOXES, seed=1)


def test_restarts_with_a_clock_that_is_a_little_behind_do_not_add_up(folder: Path) -> None:
    async def body(world: World) -> None:
        for _ in range(5):
            world.clock.jump(-1.0)
            await world.kill_master()
            await world.start_master()
            assert world.master is not None
            assert world.master.time.now() - world.clock.time() < 10.0
        await all_do(world)
        check(world)

    play(folder, body, boxes=BOXES, seed=1)


def test_box_that_boots_a_day_ahead_keeps_what_it_has_taken(folder: Path) -> None:
    async def body(world: World) -> None:
        box = world.boxes[0]
        await all_do(world)
        box.kill(power=True)
        for _ in range(5):
            world.order([box.id], ttl_s=3600.0)
        await world.step(1.0)
        take_unbegun(world, box)
        await world.kill_master()  # nobody is there to tell the time
        world.clock.jump(DAY_S)
        box.start()
        for _ in range(10):
            await world.step(1.0)
        assert sum(box.effects.values()) == 10
        world.clock.jump(-DAY_S)
        await world.start_master()
        await world.settle()
        assert sum(box.effects.values()) == 15
        check(world)

    play(folder, body, boxes=BOXES, seed=1)
