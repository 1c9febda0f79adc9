"""What jobs say while they run, on its way to the master: as much as somebody reads, and nothing is kept."""

from __future__ import annotations

from typing import Any

from minion.live import PATIENCE_S, PER_S, WINDOW_BYTES, Live
from shoal.clock import FakeClock
from shoal.progress import JobProgress

JID = "20261121000000000001"


class Stage:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.sent: list[Any] = []
        self.takes = True
        self.live = Live(self.clock, self._send)
        self.live.connected()

    def _send(self, verb: str, body: Any) -> bool:
        if self.takes:
            self.sent.append(body)
        return self.takes

    def tell(self, seq: int, size: int = 1000) -> None:
        self.live.tell(JobProgress(jid=JID, seq=seq, kind="output", text="x" * size))


def test_no_more_than_a_window_is_on_its_way() -> None:
    stage = Stage()
    for seq in range(1, 100):
        stage.tell(seq)
    assert 0 < len(stage.sent) <= WINDOW_BYTES // 1000
    assert stage.live.dropped == 99 - len(stage.sent)


def test_what_is_heard_makes_room() -> None:
    stage = Stage()
    for seq in range(1, 30):
        stage.tell(seq)
        stage.live.heard([JID, seq])
    assert len(stage.sent) == 29


def test_nothing_is_told_without_a_connection() -> None:
    stage = Stage()
    stage.live.disconnected()
    stage.tell(1)
    assert (stage.sent, stage.live.dropped) == ([], 1)


def test_connection_that_takes_no_more_costs_nothing_of_the_window() -> None:
    stage = Stage()
    stage.takes = False
    for seq in range(1, 100):
        stage.tell(seq)
    stage.takes = True
    stage.tell(100)
    assert len(stage.sent) == 1


def test_window_that_nobody_reads_opens_again_after_a_while() -> None:
    stage = Stage()
    for seq in range(1, 100):
        stage.tell(seq)
    before = len(stage.sent)
    stage.clock.advance(PATIENCE_S)
    stage.tell(100)
    assert len(stage.sent) == before + 1


def test_pieces_are_few_in_a_second() -> None:
    stage = Stage()
    for seq in range(1, 3 * PER_S):
        stage.tell(seq, size=1)
        stage.live.heard([JID, seq])
    assert len(stage.sent) == PER_S
    stage.clock.advance(1)
    stage.tell(1000, size=1)
    assert len(stage.sent) == PER_S + 1


def test_nonsense_from_the_master_changes_nothing() -> None:
    stage = Stage()
    stage.tell(1)
    for body in (None, [], [JID], [JID, "1"], [1, 2], {"jid": JID}):
        stage.live.heard(body)
    assert len(stage.sent) == 1
