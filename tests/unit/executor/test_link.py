"""One connection: frames both ways, never blocking, closed on nonsense."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from minion.executor.link import HIGH_WATER, Link
from minion.loop import Loop


class End:
    """One end and what it got."""

    def __init__(self, loop: Loop, sock: socket.socket) -> None:
        self.got: list[dict[str, Any]] = []
        self.closed = 0
        self.link = Link(loop, sock, lambda _link, message: self.got.append(message), self._on_closed)

    def _on_closed(self, _link: Link) -> None:
        self.closed += 1


@pytest.fixture
def loop() -> Iterator[Loop]:
    """A loop of one's own."""
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def ends(loop: Loop) -> Iterator[tuple[End, End]]:
    """Two connected ends."""
    one, two = socket.socketpair()
    made = End(loop, one), End(loop, two)
    yield made
    for end in made:
        end.link.close()


def _turn(loop: Loop, times: int = 200) -> None:
    for _ in range(times):
        loop.run_once(0)


def test_messages_arrive_in_order(loop: Loop, ends: tuple[End, End]) -> None:
    one, two = ends
    for number in range(5):
        assert one.link.send({"n": number})
    two.link.send({"back": True})
    _turn(loop)
    assert two.got == [{"n": n} for n in range(5)]
    assert one.got == [{"back": True}]


def test_what_does_not_fit_waits_and_drained_is_told(loop: Loop, ends: tuple[End, End]) -> None:
    one, two = ends
    drained: list[int] = []
    one.link.on_drained = lambda: drained.append(one.link.pending)
    big = {"text": "x" * (2 * HIGH_WATER)}
    one.link.send(big)
    one.link.send({"after": 1})
    assert one.link.pending > HIGH_WATER
    _turn(loop)
    assert two.got == [big, {"after": 1}]
    assert drained == [0]


def test_end_is_told_once_after_all_that_was_sent(loop: Loop, ends: tuple[End, End]) -> None:
    one, two = ends
    one.link.send({"last": "words"})
    one.link.close()
    _turn(loop)
    assert two.got == [{"last": "words"}]
    assert (one.closed, two.closed) == (0, 1)
    assert two.link.send({"too": "late"}) is False


def test_sending_to_a_closed_end_says_so_and_still_reads(loop: Loop, ends: tuple[End, End]) -> None:
    one, two = ends
    one.link.send({"last": "words"})
    one.link.close()
    assert two.link.send({"a": 1}) is False
    assert two.link.pending == 0
    _turn(loop)
    assert two.got == [{"last": "words"}]
    assert two.closed == 1


def test_waiting_bytes_are_dropped_when_the_end_is_gone(loop: Loop, ends: tuple[End, End]) -> None:
    one, two = ends
    one.link.send({"text": "x" * (2 * HIGH_WATER)})
    two.link.close()
    _turn(loop)
    assert one.closed == 1
    assert one.link.pending == 0


@pytest.mark.parametrize(
    "data",
    [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02\x92\x01", b"\x00\x00\x00\x01\xc1", b"\x00\x00\x00\x01\x01"],
)
def test_nonsense_closes(loop: Loop, ends: tuple[End, End], data: bytes) -> None:
    one, two = ends
    one.link._sock.send(data)
    _turn(loop)
    assert two.closed == 1
    assert two.got == []


def test_callback_that_closes_ends_the_reading(loop: Loop, ends: tuple[End, End]) -> None:
    one, two = ends
    two.link._on_message = lambda link, _message: link.close()
    one.link.send({"n": 1})
    one.link.send({"n": 2})
    _turn(loop)
    assert two.link.closed and two.closed == 0
    assert one.closed == 1
