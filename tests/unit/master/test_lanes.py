"""Lanes: order within one, turns between them, bounds, and no turn of the event loop that is too long."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from master.lanes import TURN_S, Lane, Lanes
from shoal.transport import Inbound


class Desk:
    """Lanes whose every message takes `cost_s` of a clock moved by it alone."""

    def __init__(self, cost_s: float = 0.0, **weights: int) -> None:
        self.now = 0.0
        self._cost_s = cost_s
        self.served: list[str] = []
        self.planned: deque[Callable[[], None]] = deque()
        self.lanes = Lanes(
            {name: Lane(weight=weight, max_messages=100, max_bytes=1000) for name, weight in weights.items()},
            self._serve,
            soon=self.planned.append,
            monotonic=lambda: self.now,
        )

    def _serve(self, inbound: Inbound) -> None:
        self.now += self._cost_s
        self.served.append(inbound.frame.decode())

    def put(self, lane: str, *texts: str) -> list[bool]:
        return [self.lanes.put(lane, Inbound(b"r", "peer", "", text.encode())) for text in texts]

    def turns(self) -> int:
        """Run until nothing is planned; return how many turns it took."""
        self.lanes.run()
        count = 1
        while self.planned:
            self.planned.popleft()()
            count += 1
        return count


def test_each_lane_gets_its_share_of_a_round_and_keeps_its_order() -> None:
    desk = Desk(a=2, b=1)
    desk.put("b", "b1", "b2", "b3")
    desk.put("a", "a1", "a2", "a3")
    assert desk.turns() == 1
    assert desk.served == ["a1", "a2", "b1", "a3", "b2", "b3"]


def test_flood_in_one_lane_waits_for_others_that_came_later() -> None:
    desk = Desk(cost_s=TURN_S, control=10, hello=2)
    desk.put("hello", *["h"] * 50)
    desk.lanes.run()
    desk.put("control", "beat")
    desk.lanes.run()
    assert desk.served == ["h", "h"], "a turn is planned: what came meanwhile waits for it"
    desk.planned.popleft()()
    assert desk.served == ["h", "h", "beat", "h", "h"]


def test_turn_ends_when_its_time_is_used_up() -> None:
    desk = Desk(cost_s=TURN_S / 10, hello=5)
    desk.put("hello", *["h"] * 40)
    assert desk.turns() == 4
    assert len(desk.served) == 40


def test_full_lane_takes_nothing_more_and_others_do() -> None:
    desk = Desk(a=1, b=1)
    assert desk.put("a", *["x"] * 101) == [True] * 100 + [False]
    assert desk.put("b", "x") == [True]
    desk.turns()
    assert desk.put("a", "x") == [True]


def test_lane_is_bounded_in_bytes_but_takes_one_message_of_any_size() -> None:
    desk = Desk(a=1)
    assert desk.put("a", "x" * 5000, "x") == [True, False]
    desk.turns()
    assert desk.put("a", "x" * 600, "x" * 600) == [True, False]
