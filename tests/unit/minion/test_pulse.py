"""The heartbeat: when it beats, when silence or deafness ends a connection, and doubt."""

from __future__ import annotations

from random import Random

import pytest

from minion.loop import Loop
from minion.pulse import DEAF, Pulse
from shoal.clock import FakeClock


class Chest:
    """A pulse and what it did, with a master that answers or not."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.beats: list[float] = []
        self.ended: list[str] = []
        self.answer: bool | None = True  # what the master says of our reading; None: nothing at all
        self.pulse = Pulse(
            self.loop,
            Random(1),
            beat=self._beat,
            on_silence=lambda: self.ended.append("silence"),
            on_deaf=lambda: self.ended.append("deaf"),
        )

    def _beat(self) -> None:
        self.beats.append(self.clock.monotonic())
        if self.answer is not None:
            self.pulse.heard()
            self.pulse.answered(self.answer)

    def advance(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            self.loop.run_once(0)


@pytest.fixture
def chest() -> Chest:
    chest = Chest()
    chest.pulse.heard()
    chest.pulse.start(10.0)
    return chest


def test_it_beats_a_little_faster_than_asked(chest: Chest) -> None:
    chest.advance(100)
    gaps = [later - earlier for earlier, later in zip(chest.beats, chest.beats[1:], strict=False)]
    assert 7.9 <= min(gaps) <= max(gaps) <= 10.2
    assert chest.ended == []


def test_silence_of_two_and_a_half_beats_ends_it_once(chest: Chest) -> None:
    chest.answer = None
    chest.advance(24)
    assert chest.ended == []
    chest.advance(200)
    assert chest.ended == ["silence"]
    assert len(chest.beats) <= 3, "and it beats no more"


def test_any_word_counts_as_life(chest: Chest) -> None:
    chest.answer = None
    for _ in range(10):
        chest.advance(20)
        chest.pulse.heard()
    assert chest.ended == []


def test_master_that_does_not_see_us_read_for_long_ends_it(chest: Chest) -> None:
    chest.answer = False
    chest.advance(10.0 * DEAF + 1)
    assert chest.ended == ["deaf"]
    assert len(chest.beats) == DEAF


def test_short_deafness_is_a_reconnect_that_is_under_way(chest: Chest) -> None:
    for _ in range(5):
        chest.answer = False
        chest.advance(15)
        chest.answer = True
        chest.advance(15)
    assert chest.ended == []


def test_doubt_wants_a_quick_answer(chest: Chest) -> None:
    chest.answer = None
    chest.pulse.doubt()
    assert len(chest.beats) == 1
    chest.advance(21)
    assert chest.ended == ["silence"]


def test_doubt_that_is_answered_is_over(chest: Chest) -> None:
    chest.pulse.doubt()
    chest.advance(100)
    assert chest.ended == []


def test_stopped_pulse_neither_beats_nor_doubts(chest: Chest) -> None:
    chest.pulse.stop()
    chest.pulse.doubt()
    for _ in range(DEAF):
        chest.pulse.answered(False)
    chest.advance(100)
    assert chest.beats == []
    assert chest.ended == []


def test_starting_again_is_one_pulse_and_not_two(chest: Chest) -> None:
    chest.pulse.start(10.0)
    chest.pulse.start(10.0)
    chest.advance(50)
    assert len(chest.beats) <= 6
