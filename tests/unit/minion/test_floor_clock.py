"""The floor clock: what time it is on a box whose system clock may say anything."""

from __future__ import annotations

import pytest

from shoal.clock import BUILD_TIME, FakeClock, FloorClock

NOW = 1_800_000_000.0
DAY = 86_400.0


def test_box_that_wakes_in_1970_takes_the_time_of_its_release() -> None:
    assert FloorClock(FakeClock(0.0)).now() == BUILD_TIME


def test_kept_floor_counts_after_a_restart() -> None:
    assert FloorClock(FakeClock(0.0), NOW).now() == NOW


@pytest.mark.parametrize("kept", [-1.0, 0.0, 1.0])
def test_kept_floor_before_the_release_is_no_floor(kept: float) -> None:
    assert FloorClock(FakeClock(0.0), kept).now() == BUILD_TIME


def test_believed_signature_raises_the_floor_until_there_is_an_anchor() -> None:
    clock = FloorClock(FakeClock(0.0))
    clock.raise_floor(NOW)
    clock.raise_floor(NOW - DAY)
    assert clock.now() == NOW
    clock.anchor(NOW + 10)
    clock.raise_floor(NOW + DAY)
    assert clock.now() == NOW + 10, "a signer whose clock is fast does not push ours ahead"


@pytest.mark.parametrize("system", [0.0, NOW - 400 * DAY, NOW + 400 * DAY])
def test_anchored_clock_follows_the_master_and_monotonic_time(system: float) -> None:
    box = FakeClock(system)
    clock = FloorClock(box)
    clock.anchor(NOW)
    box.advance(60)
    assert clock.now() == NOW + 60
    box.jump(-50 * DAY)
    box.advance(60)
    box.jump(500 * DAY)
    assert clock.now() == NOW + 120


def test_system_clock_counts_while_there_is_nothing_better() -> None:
    box = FakeClock(NOW)
    clock = FloorClock(box)
    box.advance(5)
    assert clock.now() == NOW + 5


def test_time_does_not_fall_below_what_was_signed_when_a_slow_master_takes_over() -> None:
    box = FakeClock(NOW)
    clock = FloorClock(box)
    clock.anchor(NOW + DAY)
    box.advance(10)
    clock.anchor(NOW)
    assert clock.now() == NOW + DAY
    assert clock.floor == NOW + DAY
    box.advance(DAY + 5)
    assert clock.now() == NOW + DAY + 5


def test_floor_is_what_is_worth_keeping() -> None:
    clock = FloorClock(FakeClock(NOW + 50))
    assert clock.floor == BUILD_TIME, "the system clock's word is not"
    clock.anchor(NOW)
    assert clock.floor == NOW
