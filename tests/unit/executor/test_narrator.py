"""What a job says while it runs: in pieces, not too often, not too much, and never waited for."""

from __future__ import annotations

from typing import Any

from minion.executor.narrator import ENOUGH, EVERY_S, TOTAL_BYTES, WAITING_BYTES, Narrator
from shoal.clock import FakeClock
from shoal.progress import MAX_TEXT_BYTES

JID = "20261121000000000001"


class Stage:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.said: list[dict[str, Any]] = []
        self.narrator = Narrator(JID, self._offer, self.clock.monotonic)

    def _offer(self, message: dict[str, Any]) -> bool:
        self.said.append(message)
        return True

    def texts(self, kind: str = "output") -> list[str]:
        return [each["text"] for each in self.said if each["kind"] == kind]


def test_first_line_is_told_at_once_and_the_next_ones_together() -> None:
    stage = Stage()
    for line in (b"one\n", b"two\n", b"three\n"):
        stage.narrator.output(line)
    assert stage.texts() == ["one\n"]
    stage.clock.advance(EVERY_S)
    stage.narrator.breathe()
    assert stage.texts() == ["one\n", "two\nthree\n"]
    assert [each["seq"] for each in stage.said] == [1, 2]


def test_long_output_goes_in_pieces_that_end_with_lines() -> None:
    stage = Stage()
    stage.narrator.output(b"x" * 99 + b"\n")
    stage.narrator.output((b"y" * 99 + b"\n") * 100)
    for _ in range(4):
        stage.clock.advance(EVERY_S)
        stage.narrator.breathe()
    assert all(len(text) <= MAX_TEXT_BYTES and text.endswith("\n") for text in stage.texts())
    assert "".join(stage.texts()).count("y") == 9900


def test_what_comes_too_fast_is_a_gap_in_the_numbers() -> None:
    stage = Stage()
    stage.narrator.output(b"a\n")
    stage.narrator.output(b"b" * WAITING_BYTES)
    for _ in range(20):
        stage.narrator.output(b"c" * 1000)  # no room, and none before all that waits is told
        stage.clock.advance(EVERY_S)
        stage.narrator.breathe()
    stage.narrator.output(b"d\n")
    whole, begun = "".join(stage.texts()).split("c", 1)
    assert whole == "a\n" + "b" * WAITING_BYTES
    before = next(n for n, text in enumerate(stage.texts()) if "c" in text)
    assert [each["seq"] for each in stage.said[: before + 1]] == [*range(1, before + 1), before + 2]
    assert begun


def test_flood_ends_with_one_word_that_the_return_has_the_rest() -> None:
    stage = Stage()
    for _ in range(2 * TOTAL_BYTES // 1000):
        stage.narrator.output(b"z" * 999 + b"\n")
        stage.clock.advance(EVERY_S)
    assert stage.texts("step") == [ENOUGH]
    assert TOTAL_BYTES <= sum(map(len, stage.texts())) < TOTAL_BYTES + MAX_TEXT_BYTES


def test_newer_step_takes_the_place_of_one_that_waits() -> None:
    stage = Stage()
    for number in range(5):
        stage.narrator.step(f"{number} of 5")
    stage.narrator.finish()
    assert stage.texts("step") == ["0 of 5", "4 of 5"]


def test_bytes_that_are_no_text_stay_within_the_bound() -> None:
    stage = Stage()
    stage.narrator.output(b"\xff" * 5000)
    for _ in range(10):
        stage.clock.advance(EVERY_S)
        stage.narrator.breathe()
    assert all(len(text.encode()) <= MAX_TEXT_BYTES for text in stage.texts())
    assert "".join(stage.texts()) == r"\xff" * 5000
    assert [each["seq"] for each in stage.said] == [*range(1, len(stage.said) + 1)]


def test_character_is_not_cut_in_the_middle() -> None:
    stage = Stage()
    stage.narrator.output("gr\u00fc".encode()[:-1])
    stage.clock.advance(EVERY_S)
    stage.narrator.output("\u00fc".encode()[-1:] + b"n\n")
    stage.clock.advance(EVERY_S)
    stage.narrator.finish()
    assert "".join(stage.texts()) == "gr\u00fcn\n"
