"""Numbered questions of boxes: answered in pieces, a few of each box at a time."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from master.inquiries import MAX_OPEN, Inquiries
from shoal.answer import MAX_DATA_BYTES, PIECE_BYTES, DataAnswer
from shoal.errors import ArgumentError, WireError
from shoal.messages import ANSWER, BUSY, read_reply
from shoal.wire import Fields


class Sent:
    """A transport that keeps what is sent."""

    def __init__(self) -> None:
        self.replies: list[tuple[bytes, str, Any]] = []

    def send(self, route: bytes, frame: bytes) -> None:
        self.replies.append((route, *read_reply(frame)))

    def answers(self) -> list[DataAnswer]:
        return [DataAnswer.from_wire(body) for _, kind, body in self.replies if kind == ANSWER]


class Desk:
    def __init__(self, answer: Callable[[str, str], bytes]) -> None:
        self.counters: Counter[str] = Counter()
        self.sent = Sent()
        self.asked = Inquiries("mine", read, partial(_soon, answer), self.counters)
        self.asked.transport = self.sent  # type: ignore[assignment]

    def ask(self, n: int, minion: str = "web1", **fields: Any) -> None:
        self.asked.ask(minion, minion.encode(), {"n": n, **fields})

    async def rest(self) -> None:
        while self.asked._tasks:
            await asyncio.wait(set(self.asked._tasks))
            await asyncio.sleep(0)


async def _soon(answer: Callable[[str, str], bytes], minion: str, said: str) -> bytes:
    return await asyncio.to_thread(answer, minion, said)


def read(fields: Fields) -> str:
    said = fields.text("say", 1000, "nothing")
    fields.done()
    return said


def echo(minion: str, said: str) -> bytes:
    return f"{minion} says {said}".encode()


def run(body: Coroutine[Any, Any, None]) -> None:
    asyncio.run(body)


def test_answer_has_the_number_and_is_for_the_box_that_asked() -> None:
    async def body() -> None:
        desk = Desk(echo)
        desk.ask(7, "web1", say="a")
        desk.ask(7, "web2", say="b")
        await desk.rest()
        assert [(route, data["n"], data["data"]) for route, _, data in desk.sent.replies] == [
            (b"web1", 7, b"web1 says a"),
            (b"web2", 7, b"web2 says b"),
        ]

    run(body())


def test_large_answer_comes_in_pieces() -> None:
    async def body() -> None:
        data = bytes(range(256)) * 1000
        desk = Desk(lambda *_: data)
        desk.ask(1)
        await desk.rest()
        answers = desk.sent.answers()
        assert b"".join(each.data for each in answers) == data
        assert [each.last for each in answers] == [False, True]
        assert max(len(each.data) for each in answers) == PIECE_BYTES

    run(body())


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ArgumentError("there is no such thing"), "there is no such thing"),
        (ZeroDivisionError("secret"), "the master has failed; see its log"),
    ],
)
def test_refusal_and_failure_are_told(error: Exception, told: str) -> None:
    def fail(_minion: str, _said: str) -> bytes:
        raise error

    async def body() -> None:
        desk = Desk(fail)
        desk.ask(1)
        await desk.rest()
        (answer,) = desk.sent.answers()
        assert (answer.n, answer.error, answer.data) == (1, told, b"")

    run(body())


@pytest.mark.parametrize("body", [{"n": 1, "say": 5}, {"n": 1, "more": 1}])
def test_malformed_question_is_told_and_raised(body: dict[str, Any]) -> None:
    desk = Desk(echo)
    with pytest.raises(WireError):
        desk.asked.ask("web1", b"r", body)
    (answer,) = desk.sent.answers()
    assert (answer.n, answer.error.startswith("question about mine: ")) == (1, True)


@pytest.mark.parametrize("body", [{}, {"n": -1}, {"n": "1"}, None])
def test_question_without_a_number_is_raised(body: Any) -> None:
    desk = Desk(echo)
    with pytest.raises(WireError):
        desk.asked.ask("web1", b"r", body)
    assert desk.sent.replies == []


def test_too_large_an_answer_is_refused() -> None:
    async def body() -> None:
        desk = Desk(lambda *_: bytes(MAX_DATA_BYTES + 1))
        desk.ask(3)
        await desk.rest()
        assert [bool(each.error) for each in desk.sent.answers()] == [True]
        assert desk.counters["mine refused"] == 1

    run(body())


def test_box_with_many_open_questions_is_told_to_wait_and_others_are_served() -> None:
    async def body() -> None:
        go = threading.Event()
        desk = Desk(lambda minion, _said: b"ok" if go.wait(60) else b"late")
        for n in range(MAX_OPEN + 2):
            desk.ask(n)
        desk.ask(100, "web2")
        told = [(kind, data) for _, kind, data in desk.sent.replies]
        assert [kind for kind, _ in told] == [BUSY] * 2
        assert told[0][1]["verb"] == "mine"
        go.set()
        await desk.rest()
        assert sorted(each.n for each in desk.sent.answers()) == [*range(MAX_OPEN), 100]
        desk.ask(101)
        await desk.rest()
        assert desk.sent.answers()[-1].n == 101

    run(body())
