"""Questions to the master: few at a time, answered once, put again after a loss."""

from __future__ import annotations

from typing import Any

from minion.loop import Loop
from minion.questions import Asking, Questions
from shoal.clock import FakeClock
from shoal.files.messages import MAX_OPEN, Answer, FileInfo, Question


class Line:
    """The way to a master that the test plays."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.takes = True
        self.asked: list[Question] = []
        self.heard: list[str] = []
        self.lost = 0
        self.questions = Questions(self.loop, self._send)

    def _send(self, verb: str, body: Any) -> bool:
        assert verb == "files"
        if self.takes:
            self.asked.append(Question.from_wire(body))
        return self.takes

    def ask(self, name: str, op: str = "find") -> int:
        return self.questions.ask(
            Asking(verb="files", body=Question(op=op, env="base", name=name).to_wire(), kind=Answer),
            lambda answer: self.heard.append(f"{name}{'' if answer.last else '…'}"),
        )

    def answer(self, number: int, *, last: bool = True) -> None:
        self.questions.answered(Answer(n=number, last=last, files=(FileInfo(name="x"),)))

    def new(self) -> list[str]:
        asked, self.asked = self.asked, []
        return [each.name for each in asked]

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.loop.run_once(0)


def test_question_waits_for_a_connection_and_is_asked_once() -> None:
    line = Line()
    number = line.ask("a")
    assert line.new() == []
    line.questions.connected()
    assert line.new() == ["a"]
    line.answer(number)
    line.answer(number)
    assert line.heard == ["a"]
    line.questions.connected()
    assert line.new() == []


def test_few_are_open_at_a_time_and_the_others_follow() -> None:
    line = Line()
    line.questions.connected()
    numbers = [line.ask(str(number)) for number in range(MAX_OPEN + 2)]
    assert line.new() == [str(number) for number in range(MAX_OPEN)]
    line.answer(numbers[1])
    assert line.new() == [str(MAX_OPEN)]
    line.questions.drop(numbers[0])
    assert line.new() == [str(MAX_OPEN + 1)]


def test_page_of_a_list_is_an_answer_although_more_follow() -> None:
    line = Line()
    line.questions.connected()
    line.answer(line.ask("a", op="list"), last=False)
    assert line.heard == ["a…"]
    line.new()
    line.questions.connected()
    assert line.new() == []


def test_what_was_under_way_on_a_broken_connection_is_asked_again() -> None:
    line = Line()
    line.questions.connected()
    line.ask("a")
    line.new()
    line.questions.disconnected()
    line.ask("b")
    assert line.new() == []
    line.questions.connected()
    assert line.new() == ["a", "b"]


def test_busy_master_is_asked_again_after_the_time_it_said() -> None:
    line = Line()
    line.questions.connected()
    line.ask("a")
    line.new()
    line.questions.hold(2.0)
    line.advance(1.5)
    assert line.new() == []
    line.advance(1.0)
    assert line.new() == ["a"]


def test_connection_that_takes_nothing_now_gets_it_later() -> None:
    line = Line()
    line.questions.connected()
    line.takes = False
    line.ask("a")
    line.takes = True
    line.advance(61)
    assert line.new() == ["a"]
