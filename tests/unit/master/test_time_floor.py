"""The master's time never goes back, over restarts as well, and does not run away either."""

from __future__ import annotations

import pytest

from master.time_floor import MasterTime
from shoal.clock import BUILD_TIME, FakeClock

NOW = 1_800_000_000.0
DAY = 86_400.0


def test_system_clock_is_followed() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, 0.0)
    assert time.now() == NOW
    clock.advance(5)
    assert time.now() == NOW + 5
    clock.jump(5)
    assert time.now() == NOW + 10


def test_leap_ahead_is_followed_once_it_is_kept() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, 0.0)
    clock.jump(DAY)
    clock.advance(3)
    assert time.now() == NOW + 3
    wanted = time.wanted()
    assert wanted == NOW + DAY + 3
    clock.advance(2)  # while it is written
    time.follow(wanted)
    assert time.now() == NOW + DAY + 5
    clock.jump(-DAY)
    assert time.now() == NOW + DAY + 5


def test_leap_that_is_over_before_it_was_kept_leaves_nothing() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, 0.0)
    clock.jump(DAY)
    time.now()
    clock.jump(-DAY)
    assert time.wanted() == time.now() == NOW


def test_clock_that_is_set_back_does_not_take_the_time_back() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, 0.0)
    assert time.now() == NOW
    clock.jump(-DAY)
    clock.advance(60)
    assert time.now() == pytest.approx(NOW + 60)
    clock.jump(DAY)
    assert time.now() == pytest.approx(NOW + 60)


def test_restart_after_the_clock_was_set_back_goes_on_from_the_floor() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, NOW + DAY)
    assert time.now() == NOW + DAY
    clock.advance(10)
    assert time.now() == NOW + DAY + 10


def test_system_clock_takes_over_once_it_has_caught_up() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, NOW + DAY)
    time.now()
    clock.jump(2 * DAY)
    time.follow(time.wanted())
    assert time.now() == NOW + 2 * DAY


def test_floor_from_a_clock_that_was_years_ahead_is_not_believed() -> None:
    assert MasterTime(FakeClock(NOW), NOW + 5000 * DAY).now() == NOW


def test_master_that_wakes_in_1970_goes_on_from_the_floor() -> None:
    """A board without a battery clock: its floor is decades ahead of its system clock, and right."""
    clock = FakeClock(10.0)
    time = MasterTime(clock, NOW)
    assert time.now() == NOW
    clock.jump(NOW + DAY)
    time.follow(time.wanted())
    assert time.now() == NOW + DAY + 10, "the network has told it the time"


def test_first_start_in_1970_is_no_earlier_than_the_release() -> None:
    assert MasterTime(FakeClock(10.0), 0.0).now() == BUILD_TIME


def test_time_never_goes_back_whatever_the_clock_does() -> None:
    clock = FakeClock(NOW)
    time = MasterTime(clock, NOW - 5)
    last = time.now()
    for step in (3, -7, 0, 5000, -5000, 1, -1, 86_400, -200_000, 4):
        clock.jump(step)
        clock.advance(0.5)
        assert time.now() > last
        last = time.now()
