"""When a dead executor is started again."""

from __future__ import annotations

from minion.executor.restart import RestartPolicy
from shoal.clock import FakeClock


def test_delays_grow_and_then_people_are_told() -> None:
    policy = RestartPolicy(FakeClock())
    steps = [policy.died() for _ in range(8)]
    assert [step.delay_s for step in steps] == [0, 10, 10, 30, 30, 60, 60, 60]
    assert [step.alert for step in steps] == [False] * 5 + [True] * 3
    assert [step.count for step in steps] == list(range(1, 9))


def test_ten_healthy_minutes_make_it_forget() -> None:
    clock = FakeClock()
    policy = RestartPolicy(clock)
    for _ in range(7):
        policy.died()
    policy.started()
    clock.advance(600)
    assert policy.died().delay_s == 0


def test_less_does_not() -> None:
    clock = FakeClock()
    policy = RestartPolicy(clock)
    for _ in range(2):
        policy.died()
        policy.started()
        clock.advance(599)
    assert policy.died().delay_s == 10


def test_time_while_it_was_dead_does_not_count() -> None:
    clock = FakeClock()
    policy = RestartPolicy(clock)
    policy.started()
    policy.died()
    clock.advance(3600)
    assert policy.died().count == 2
