"""A large return in slices: how many are on their way, and what is sent again."""

from __future__ import annotations

from typing import Any

from minion.slicer import LARGE_BYTES, Slicer
from pki.keys import sha256
from shoal.clock import FakeClock
from shoal.returns import Return
from shoal.slices import SLICE_BYTES, Slice
from shoal.wire import decode, encode

JID = "20261125100000000001"
SIZE = 20 * SLICE_BYTES


def large(size: int = SIZE, jid: str = JID) -> Return:
    return Return(
        jid=jid,
        fun="test.echo",
        outcome="done",
        retcode=0,
        packed=encode("x" * size),
        started=0.0,
        duration_s=0.0,
    )


class Way:
    """A slicer, and the other end as the test wants it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.slicer = Slicer(self.clock, self._send)
        self.slices: list[Slice] = []

    def _send(self, verb: str, body: dict[str, Any]) -> bool:
        assert verb == "slice"
        self.slices.append(Slice.from_wire(body))
        return True

    def new(self) -> list[Slice]:
        """Return what was sent since the last question."""
        slices, self.slices = self.slices, []
        return slices

    def more(self, there: int, after_s: float = 0.0) -> int:
        """Say how much is there, `after_s` seconds later; return how many slices that brings."""
        self.clock.advance(after_s)
        assert self.slicer.more([JID, there])
        return len(self.new())


def test_master_gets_all_of_it_in_order_and_it_is_the_return() -> None:
    way, data = Way(), bytearray()
    ret = large()
    assert way.slicer.begin(ret)
    (question,) = way.new()
    assert (question.at, question.data) == (0, b"")
    way.slicer.more([JID, 0])
    while pieces := way.new():
        for piece in pieces:
            assert piece.at == len(data)
            data += piece.data
            way.slicer.more([JID, len(data)])
    assert len(data) == question.size
    assert sha256(bytes(data)) == question.digest
    assert Return.from_wire(decode(bytes(data), 10**7)) == ret


def test_what_the_master_has_is_not_sent_again() -> None:
    way = Way()
    way.slicer.begin(large())
    way.new()
    way.slicer.more([JID, 7 * SLICE_BYTES])
    assert [piece.at for piece in way.new()] == [7 * SLICE_BYTES]


def test_quick_link_gets_a_larger_window_and_a_slow_one_one_slice() -> None:
    way = Way()
    way.slicer.begin(large())
    way.new()
    assert way.more(0) == 1
    assert way.more(1 * SLICE_BYTES, 0.1) == 2
    assert way.more(2 * SLICE_BYTES, 0.1) == 3
    for there in range(3, 12):
        way.more(there * SLICE_BYTES, 10.0)
    assert way.more(13 * SLICE_BYTES, 10.0) <= 1


def test_master_that_has_forgotten_is_sent_it_from_where_it_is() -> None:
    way = Way()
    way.slicer.begin(large())
    way.more(0)
    way.more(SLICE_BYTES)
    way.slicer.more([JID, 0])
    assert way.new()[0].at == 0


def test_word_on_another_return_or_nonsense_changes_nothing() -> None:
    way = Way()
    way.slicer.begin(large())
    way.new()
    for body in (
        ["20261125100000000002", 0],
        [JID, -1],
        [JID, 10**9],
        [JID, 1.0],
        [JID, True],
        [JID],
        None,
        "x",
    ):
        assert not way.slicer.more(body)
    assert way.new() == []


def test_threshold_is_below_what_a_thin_link_carries_between_two_heartbeats() -> None:
    assert LARGE_BYTES / (8 * 1024) < 15.0
