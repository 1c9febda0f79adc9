"""Returns on their way home: a window, acknowledgements, resending, a master that is busy."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from minion.loop import Loop
from minion.outbox import Outbox
from minion.reporter import RESEND_S, WINDOW_BYTES, WINDOW_RETURNS, Reporter
from minion.slicer import LARGE_BYTES
from shoal.clock import FakeClock
from shoal.returns import Return
from shoal.wire import encode


def a_return(number: int, size: int = 10) -> Return:
    return Return(
        jid=f"{number:020d}",
        fun="test.echo",
        outcome="done",
        retcode=0,
        packed=encode("x" * size),
        started=0.0,
        duration_s=0.0,
    )


class Way:
    """A reporter, what it has sent, and the clock it goes by."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.outbox = Outbox()
        self.sent: list[int] = []
        self.asked: list[int] = []  # large returns that it has begun with
        self.takes_more = True
        self.reporter = Reporter(self.loop, self.outbox, Random(1), self._send)

    def _send(self, verb: str, body: dict[str, Any]) -> bool:
        if verb == "slice":
            if not body["data"]:
                self.asked.append(int(body["jid"]))
            return self.takes_more
        assert verb == "return"
        if self.takes_more:
            self.sent.append(int(body["jid"]))
        return self.takes_more

    def new(self) -> list[int]:
        """Return what was sent since the last question."""
        sent, self.sent = self.sent, []
        return sent

    def questions(self) -> list[int]:
        """Return with which large returns it has begun since the last question."""
        asked, self.asked = self.asked, []
        return asked

    def more(self, number: int, there: int) -> None:
        self.reporter.more([f"{number:020d}", there])

    def acknowledge(self, *numbers: int) -> None:
        self.reporter.acknowledged([f"{number:020d}" for number in numbers])

    def advance(self, seconds: float) -> None:
        for _ in range(int(seconds * 10)):
            self.clock.advance(0.1)
            self.loop.run_once(0)


@pytest.fixture
def way() -> Way:
    way = Way()
    way.reporter.connected()
    return way


def test_return_is_sent_at_once_and_kept_until_it_is_stored(way: Way) -> None:
    way.reporter.take(a_return(1))
    assert way.new() == [1]
    assert len(way.outbox) == 1
    way.acknowledge(1)
    assert len(way.outbox) == 0
    way.advance(10 * RESEND_S)
    assert way.new() == []


def test_without_a_connection_everything_waits(way: Way) -> None:
    way.reporter.disconnected()
    for number in range(3):
        way.reporter.take(a_return(number))
    way.advance(10 * RESEND_S)
    assert way.new() == []
    way.reporter.connected()
    assert way.new() == [0, 1, 2]


def test_what_was_on_its_way_goes_again_after_a_reconnect(way: Way) -> None:
    way.reporter.take(a_return(1))
    way.reporter.take(a_return(2))
    way.acknowledge(1)
    way.new()
    way.reporter.disconnected()
    way.reporter.connected()
    assert way.new() == [2]


def test_return_without_an_answer_goes_again(way: Way) -> None:
    way.reporter.take(a_return(1))
    way.new()
    way.advance(0.6 * RESEND_S)
    assert way.new() == []
    way.advance(0.8 * RESEND_S)
    assert way.new() == [1]


def test_large_return_that_gets_on_is_not_begun_again_and_one_that_does_not_is(way: Way) -> None:
    way.reporter.take(a_return(1, WINDOW_BYTES))
    assert way.questions() == [1]
    for number in range(10):
        way.advance(0.6 * RESEND_S)
        way.more(1, (number + 1) * 1000)
    assert way.questions() == []
    way.advance(1.4 * RESEND_S)
    assert way.questions() == [1]


def test_one_large_return_at_a_time_and_others_pass_it(way: Way) -> None:
    for number in (1, 2):
        way.reporter.take(a_return(number, LARGE_BYTES))
    way.reporter.take(a_return(3))
    assert (way.questions(), way.new()) == ([1], [3])
    way.acknowledge(1)
    assert (way.questions(), way.new()) == ([2], [])


def test_large_return_that_is_there_and_not_stored_does_not_hold_up_the_next(way: Way) -> None:
    """A master whose store is away acknowledges nothing; what it is sent is shown all the same."""
    size = len(encode(a_return(1, LARGE_BYTES).to_wire()))
    for number in range(1, 30):
        way.reporter.take(a_return(number, LARGE_BYTES))
    assert way.questions() == [1]
    for number in range(1, 20):
        way.more(number, size)
    fits = WINDOW_BYTES // size
    assert way.questions() == list(range(2, fits + 1)), "what is not stored is bounded"
    way.acknowledge(1)
    assert way.questions() == [fits + 1]


def test_large_returns_that_are_passed_are_few(way: Way) -> None:
    """Each is read from the disk to be passed over."""
    for number in range(50):
        way.reporter.take(a_return(number, LARGE_BYTES))
    way.reporter.take(a_return(99))
    assert way.new() == []


def test_however_many_returns_came_and_went_one_timer_is_left(way: Way) -> None:
    """Each used to leave a timer, and each timer sent everything that waited."""
    for number in range(100):
        way.reporter.take(a_return(number))
        way.acknowledge(number)
        way.advance(0.5)
    way.reporter.take(a_return(1000))
    way.new()
    way.advance(3 * RESEND_S)
    assert 2 <= way.new().count(1000) <= 5


def test_number_on_their_way_is_bounded(way: Way) -> None:
    for number in range(WINDOW_RETURNS + 50):
        way.reporter.take(a_return(number))
    assert way.new() == list(range(WINDOW_RETURNS))
    way.acknowledge(3, 4)
    assert way.new() == [WINDOW_RETURNS, WINDOW_RETURNS + 1]


def test_bytes_on_their_way_are_bounded(way: Way) -> None:
    fits = WINDOW_BYTES // 50_000
    for number in range(fits + 2):
        way.reporter.take(a_return(number, 50_000 - 10))
    assert way.new() == list(range(fits))
    way.acknowledge(0)
    assert way.new() == [fits]
    way.acknowledge(1, 2)
    assert way.new() == [fits + 1]


def test_whole_spool_comes_home_as_the_master_acknowledges(way: Way) -> None:
    way.reporter.disconnected()
    for number in range(1000):
        way.reporter.take(a_return(number, 1000))
    way.reporter.connected()
    got: list[int] = []
    while fresh := way.new():
        got += fresh
        way.acknowledge(*fresh)
    assert got == list(range(1000))
    assert len(way.outbox) == 0


def test_busy_master_is_left_alone_for_as_long_as_it_asks(way: Way) -> None:
    for number in range(3):
        way.reporter.take(a_return(number))
    way.new()
    for _ in range(3):  # one answer for each
        way.reporter.hold(5.0)
    way.reporter.take(a_return(3))
    way.advance(4.5)
    assert way.new() == []
    way.advance(4.0)
    assert way.new() == [0, 1, 2, 3], "once, not once for each answer"


@pytest.mark.parametrize("wrong", [None, "soon", -1, True, [5], float("nan")])
def test_nonsense_about_how_long_is_five_seconds(way: Way, wrong: object) -> None:
    way.reporter.take(a_return(1))
    way.new()
    way.reporter.hold(wrong)
    way.advance(4.5)
    assert way.new() == []
    way.advance(4.0)
    assert way.new() == [1]


def test_master_cannot_ask_for_more_than_an_hour(way: Way) -> None:
    way.reporter.take(a_return(1))
    way.new()
    way.reporter.hold(1e12)
    way.advance(3599)
    assert way.new() == []
    way.advance(1900)
    assert 1 in way.new()


def test_new_connection_ends_the_wait(way: Way) -> None:
    way.reporter.take(a_return(1))
    way.reporter.hold(3000.0)
    way.new()
    way.reporter.disconnected()
    way.reporter.connected()
    assert way.new() == [1]


def test_full_connection_is_tried_again_later(way: Way) -> None:
    way.takes_more = False
    way.reporter.take(a_return(1))
    way.reporter.take(a_return(2))
    way.takes_more = True
    way.advance(1.4 * RESEND_S)
    assert way.new() == [1, 2]


def test_nonsense_among_acknowledgements_is_no_acknowledgement(way: Way) -> None:
    way.reporter.take(a_return(1))
    way.reporter.acknowledged([None, 7, "unknown", ["x"]])
    assert len(way.outbox) == 1


def test_second_answer_of_one_job_replaces_the_first(way: Way) -> None:
    way.reporter.take(a_return(1))
    way.reporter.take(a_return(1))
    assert way.new() == [1, 1]
    assert len(way.outbox) == 1
    way.acknowledge(1)
    assert len(way.outbox) == 0
