"""Messages dropped, doubled and out of order, both sides killed again and again: three zeros all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from shoal.memory_transport import Odds
from tests.chaos.world import World, play
from tests.fleet import short_folder

BOXES: Final = 6
ODDS: Final = Odds(drop=0.15, double=0.15, late=0.3, late_s=4.0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: the control socket is in it."""
    with short_folder() as folder:
        yield folder


@pytest.mark.parametrize("seed", [1])
def test_five_hundred_jobs_in_bad_weather(folder: Path, seed: int) -> None:
    storm(folder, seed, jobs=500)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(10, 20))
def test_a_thousand_jobs_in_bad_weather(folder: Path, seed: int) -> None:
    storm(folder, seed, jobs=1000)


def storm(folder: Path, seed: int, jobs: int) -> None:
    async def body(world: World) -> None:
        began, dice = time.monotonic(), Random(seed)
        world.rough(ODDS)
        while len(world.promised) < jobs:
            await a_moment(world, dice)
        await world.settle()
        tally = world.tally()
        report(world, tally.promised, dict(tally.ends), time.monotonic() - began)
        tally.check()

    play(folder, body, boxes=BOXES, seed=seed)


async def a_moment(world: World, dice: Random) -> None:
    """Order a few jobs, kill somebody, bring somebody back."""
    names = [box.id for box in world.boxes]
    for _ in range(dice.choice((0, 0, 1, 3, 10))):
        some = dice.sample(names, dice.choice((1, 1, 1, 2, len(names))))
        world.order(some, mode="now" if dice.random() < 0.1 else "queue")
    if dice.random() < 0.03:
        await world.step(dice.uniform(0.0, 0.01))  # in the middle of it
        await world.kill_master()
        world.counters["master killed"] += 1
    elif world.master is None and dice.random() < 0.3:
        await world.start_master()
    for box in world.boxes:
        if box.is_up and dice.random() < 0.03:
            power = dice.random() < 0.5
            box.kill(power=power)
            world.counters["box killed" if power else "daemon killed"] += 1
        elif not box.is_up and dice.random() < 0.2:
            box.start()
    await world.step(dice.uniform(0.01, 1.0))


def report(world: World, promised: int, ends: dict[str, int], took_s: float) -> None:
    print(f"\n{promised} deliveries of {len(world.promised)} jobs in {took_s:.1f} s: {ends}")
    print(dict(world.counters))
