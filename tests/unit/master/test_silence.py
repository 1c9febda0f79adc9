"""The words for a target that has not answered."""

from __future__ import annotations

import pytest

from master.sessions import Session, Sessions
from master.silence import SilenceWords
from shoal.clock import FakeClock

BOX = "web1"
UNKNOWN = "whether the job reached it, and how far it ran, is not known"


class Desk:
    """Words, sessions and a clock."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sessions = Sessions(self.clock.monotonic, 90.0)
        self.words = SilenceWords(self.sessions, self.clock, self.clock.time)

    def connect(self) -> None:
        session = Session(
            id=BOX, peer="aa", route=b"r", instance="i", address="", since=self.clock.time(),
            heard=self.clock.monotonic(),
        )  # fmt: skip
        self.sessions.put(session)
        self.sessions.began_reading("aa", granted=True)

    def later(self, began: float | None = None) -> str:
        """Return what is said of a job that was issued ten seconds after the clock's start."""
        return self.words.afterwards(BOX, 1_800_000_010.0, began)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_box_that_was_never_there(desk: Desk) -> None:
    assert desk.later() == f"Offline, never seen: {UNKNOWN}"


def test_box_that_was_there_all_the_time(desk: Desk) -> None:
    desk.connect()
    desk.clock.advance(20)
    assert desk.later() == "Sent, not received: it is connected and has given no sign of the job"


def test_box_that_has_come_since(desk: Desk) -> None:
    desk.clock.advance(20)
    desk.connect()
    said = desk.later()
    assert said.startswith("Unknown: it is connected since ")
    assert said.endswith(f", later than the job; {UNKNOWN}")


def test_box_that_is_at_it(desk: Desk) -> None:
    desk.connect()
    assert desk.later(desk.clock.time()).startswith("Running since ")
    assert desk.later(0.0) == "Received"


def test_box_that_was_at_it_and_went_away(desk: Desk) -> None:
    desk.connect()
    desk.sessions.drop(BOX)
    said = desk.later(desk.clock.time())
    assert said.startswith("Offline since ")
    assert ": it has been running the job since " in said
    assert said.endswith(", whether it has ended is not known")


def test_box_that_another_master_hears(desk: Desk) -> None:
    desk.connect()
    desk.sessions.drop(BOX)
    desk.clock.advance(30)
    desk.sessions.seen_elsewhere({BOX: desk.clock.monotonic() - 10})
    silence = desk.words.absent(BOX)
    assert silence.label == "At another master"
    assert silence.text == "It is connected to another master: order the job there, or with --queue."
    assert desk.later() == f"At another master: {UNKNOWN}"
    desk.clock.advance(200)
    assert desk.words.absent(BOX).label.startswith("Offline since ")


def test_what_another_master_heard_before_the_box_came_here_says_nothing(desk: Desk) -> None:
    desk.sessions.seen_elsewhere({BOX: desk.clock.monotonic()})
    desk.clock.advance(20)
    desk.connect()
    assert desk.later() == "Unknown: it is connected since " + desk.later().partition("since ")[2]
    desk.sessions.drop(BOX)
    assert desk.words.absent(BOX).label.startswith("Offline since ")
