"""The loop: timers by the clock it is given, descriptors, order, and callbacks that fail."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from minion.loop import Loop
from shoal.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def loop(clock: FakeClock) -> Iterator[Loop]:
    loop = Loop(clock)
    yield loop
    loop.close()


@pytest.fixture
def pipe() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def test_timer_runs_once_when_its_time_has_come(loop: Loop, clock: FakeClock) -> None:
    called: list[str] = []
    loop.call_later(5.0, lambda: called.append("timer"))
    clock.advance(4.99)
    loop.run_once(0)
    assert called == []
    clock.advance(0.01)
    loop.run_once(0)
    clock.advance(60)
    loop.run_once(0)
    assert called == ["timer"]


def test_timers_run_in_the_order_they_are_due_and_then_of_their_making(loop: Loop, clock: FakeClock) -> None:
    called: list[str] = []
    for name, delay in (("late", 3.0), ("first", 1.0), ("second", 1.0), ("at once", -5.0)):
        loop.call_later(delay, lambda name=name: called.append(name))  # type: ignore[misc]
    clock.advance(10)
    loop.run_once(0)
    assert called == ["at once", "first", "second", "late"]


def test_cancelled_timer_does_not_run(loop: Loop, clock: FakeClock) -> None:
    called: list[str] = []
    timer = loop.call_later(1.0, lambda: called.append("cancelled"))
    loop.call_later(1.0, lambda: called.append("kept"))
    timer.cancel()
    timer.cancel()
    clock.advance(2)
    loop.run_once(0)
    assert called == ["kept"]


def test_timer_can_be_cancelled_by_one_that_is_due_with_it(loop: Loop, clock: FakeClock) -> None:
    called: list[str] = []
    loop.call_later(1.0, lambda: second.cancel())
    second = loop.call_later(1.0, lambda: called.append("second"))
    clock.advance(2)
    loop.run_once(0)
    assert called == []


def test_wall_clock_that_jumps_moves_no_timer(loop: Loop, clock: FakeClock) -> None:
    called: list[str] = []
    loop.call_later(10.0, lambda: called.append("timer"))
    clock.jump(86_400 * 365)
    loop.run_once(0)
    assert called == []
    clock.jump(-86_400 * 700)
    clock.advance(10)
    loop.run_once(0)
    assert called == ["timer"]


def test_loop_sleeps_until_the_next_timer_and_no_longer(clock: FakeClock) -> None:
    loop = Loop()  # real time: what epoll is told
    called: list[str] = []
    loop.call_later(0.01, lambda: called.append("timer"))
    loop.call_later(3600.0, lambda: None)
    for _ in range(3):  # a millisecond's rounding may take another turn
        if not called:
            loop.run_once(30.0)
    loop.close()
    assert called == ["timer"]


def test_call_soon_runs_in_order_and_what_it_adds_comes_next_turn(loop: Loop) -> None:
    called: list[str] = []

    def again() -> None:
        called.append("again")
        loop.call_soon(again)

    loop.call_soon(lambda: called.append("first"))
    loop.call_soon(again)
    loop.run_once(0)
    assert called == ["first", "again"]
    loop.run_once(3600.0)  # does not wait: something is to be done
    assert called == ["first", "again", "again"]


def test_callback_that_fails_stops_nothing(
    loop: Loop, clock: FakeClock, pipe: tuple[socket.socket, socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    called: list[str] = []

    def fail() -> None:
        raise RuntimeError("a bug")

    ours, theirs = pipe
    theirs.send(b"x")
    loop.watch(ours.fileno(), fail)
    loop.call_later(0.0, fail)
    loop.call_later(0.0, lambda: called.append("timer"))
    loop.call_soon(fail)
    loop.call_soon(lambda: called.append("soon"))
    loop.run_once(0)
    assert called == ["timer", "soon"]
    assert [record.getMessage() for record in caplog.records] == ["a callback failed"] * 3


def test_readable_descriptor_is_told_until_it_is_read(
    loop: Loop, pipe: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pipe
    read: list[bytes] = []
    loop.watch(ours.fileno(), lambda: read.append(ours.recv(1)))
    loop.run_once(0)
    theirs.send(b"ab")
    loop.run_once(0)
    loop.run_once(0)
    loop.run_once(0)
    assert read == [b"a", b"b"]
    theirs.close()
    loop.run_once(0)
    assert read == [b"a", b"b", b""], "the end is told too"


def test_writable_descriptor_is_told_while_somebody_asks(
    loop: Loop, pipe: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pipe
    called: list[str] = []
    loop.watch(ours.fileno(), lambda: called.append(ours.recv(9).decode()))
    loop.watch_write(ours.fileno(), lambda: called.append("writable"))
    loop.run_once(0)
    loop.watch_write(ours.fileno(), None)
    theirs.send(b"read")
    loop.run_once(0)
    loop.run_once(0)
    assert called == ["writable", "read"]


def test_descriptor_that_is_unwatched_within_the_turn_is_not_told(loop: Loop) -> None:
    called: list[str] = []
    pairs = [socket.socketpair() for _ in range(2)]

    def read(index: int) -> None:
        called.append(str(index))
        for ours, _ in pairs:
            loop.unwatch(ours.fileno())

    for index, (ours, theirs) in enumerate(pairs):
        theirs.send(b"x")
        loop.watch(ours.fileno(), lambda index=index: read(index))  # type: ignore[misc]
    loop.run_once(0)
    loop.run_once(0)
    assert len(called) == 1
    for pair in pairs:
        for each in pair:
            each.close()


def test_unknown_descriptor_is_forgotten_without_a_word(loop: Loop) -> None:
    loop.unwatch(12345)
    loop.watch_write(12345, None)


def test_run_ends_after_the_turn_in_which_it_was_told_to(loop: Loop) -> None:
    called: list[str] = []
    loop.call_soon(loop.stop)
    loop.call_soon(lambda: called.append("same turn"))
    loop.run()
    assert called == ["same turn"]


def test_closing_gives_the_descriptor_back() -> None:
    before = sorted(os.scandir("/proc/self/fd"), key=lambda entry: entry.name)
    for _ in range(10):
        Loop().close()
    after = sorted(os.scandir("/proc/self/fd"), key=lambda entry: entry.name)
    assert [entry.name for entry in after] == [entry.name for entry in before]


def test_timers_that_are_cancelled_do_not_pile_up(loop: Loop, clock: FakeClock) -> None:
    """A minion sets a far timer and cancels it again with each message: they must not be kept until they are due."""
    for _ in range(10_000):
        loop.call_later(3600.0, lambda: None).cancel()
        loop.run_once(0)
    assert loop.pending < 100
