"""Many deadlines on one timer."""

from __future__ import annotations

from minion.executor.deadlines import Deadlines
from minion.loop import Loop
from shoal.clock import FakeClock


def _make() -> tuple[FakeClock, Loop, Deadlines, list[str]]:
    clock = FakeClock()
    loop = Loop(clock)
    due: list[str] = []
    return clock, loop, Deadlines(loop, due.append), due


def _pass(clock: FakeClock, loop: Loop, seconds: float) -> None:
    clock.advance(seconds)
    loop.run_once(0)


def test_each_is_called_once_in_its_time() -> None:
    clock, loop, deadlines, due = _make()
    deadlines.set("late", 30)
    deadlines.set("early", 10)
    deadlines.set("middle", 20)
    _pass(clock, loop, 9)
    assert due == []
    for expected in (["early"], ["early", "middle"], ["early", "middle", "late"]):
        _pass(clock, loop, 10)
        assert due == expected
    _pass(clock, loop, 100)
    assert len(due) == 3
    loop.close()


def test_dropped_ones_are_not_called() -> None:
    clock, loop, deadlines, due = _make()
    deadlines.set("a", 10)
    deadlines.set("b", 10)
    deadlines.drop("a")
    deadlines.drop("never set")
    _pass(clock, loop, 11)
    assert due == ["b"]
    loop.close()


def test_finished_jobs_leave_no_timers_behind() -> None:
    _, loop, deadlines, _ = _make()
    for number in range(1000):
        deadlines.set(str(number), 3600)
        deadlines.drop(str(number))
    assert len(deadlines) == 0
    assert len(loop._timers) == 1
    loop.close()


def test_callback_may_set_and_drop() -> None:
    clock = FakeClock()
    loop = Loop(clock)
    seen: list[str] = []

    def on_due(key: str) -> None:
        seen.append(key)
        if key == "a":
            deadlines.drop("b")
            deadlines.set("c", 5)

    deadlines = Deadlines(loop, on_due)
    deadlines.set("a", 10)
    deadlines.set("b", 20)
    _pass(clock, loop, 10)
    _pass(clock, loop, 5)
    _pass(clock, loop, 50)
    assert seen == ["a", "c"]
    loop.close()


def test_callback_that_drops_one_due_at_the_same_time() -> None:
    clock = FakeClock()
    loop = Loop(clock)
    seen: list[str] = []

    def on_due(key: str) -> None:
        seen.append(key)
        deadlines.drop("b" if key == "a" else "a")

    deadlines = Deadlines(loop, on_due)
    deadlines.set("a", 10)
    deadlines.set("b", 10)
    deadlines.set("c", 30)
    _pass(clock, loop, 11)
    assert seen == ["a"]
    _pass(clock, loop, 20)
    assert seen == ["a", "c"]
    loop.close()
