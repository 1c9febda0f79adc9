"""Real processes behind a wire that delays, throttles, stalls and cuts, killed at random: the three zeros."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random
from typing import Final

import pytest

from tests.chaos.field import Field
from tests.fleet import Fleet, short_folder
from tests.proxy import Proxy

BOXES: Final = ("box-1", "box-2", "box-3", "box-4")
HEALED_S: Final = 240.0  # what was stalled half-open is noticed, and what was lost is sent again


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet of which nothing runs yet."""
    with short_folder() as folder, Fleet(folder) as fleet:
        yield fleet


def test_sixty_jobs_over_bad_wires(fleet: Fleet) -> None:
    storm(fleet, BOXES[:2], jobs=60, kill_each=8)


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [1, 2])
def test_two_thousand_jobs_over_bad_wires(fleet: Fleet, seed: int) -> None:
    storm(fleet, BOXES, jobs=2000, kill_each=25, seed=seed)


def storm(fleet: Fleet, boxes: tuple[str, ...], *, jobs: int, kill_each: int, seed: int = 7) -> None:
    began = time.monotonic()
    with Proxy(fleet.publish_port, fleet.request_port) as wire:
        fleet.start_master(heartbeat_s=1, interface=wire.to, advertise=[wire.host], log_level="warning")
        for box in boxes:
            fleet.join(box, settings={"log_level": "warning"})
        field = Field(fleet, boxes, Random(seed))
        while field.jobs < jobs:
            field.queue(field.dice.choice(boxes), mode="queue" if field.dice.random() < 0.9 else "now")
            if field.dice.random() < 1 / kill_each:
                field.kill_somebody()
            if field.dice.random() < 0.2:
                field.change_weather(wire)
            time.sleep(field.dice.uniform(0.0, 0.1))  # weather needs time to do harm
        wire.delay_s = wire.bytes_per_s = 0.0
        wire.forward()
        field.wait_ended(HEALED_S)
        tally = field.tally()
        field.report(tally, time.monotonic() - began)
        tally.check()
