"""At what pace minions are asked to say hello."""

from __future__ import annotations

from collections.abc import Callable

from master.invitations import Invitations


class Bench:
    """Invitations, and a clock that the test moves."""

    def __init__(self, per_s: float) -> None:
        self.now = 1000.0
        self.asked: list[str] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []
        self.invitations = Invitations(
            per_s, lambda seconds, call: self._timers.append((self.now + seconds, call)), lambda: self.now
        )

    def invite(self, peer: str) -> None:
        self.invitations.invite(peer, lambda: self.asked.append(peer))

    def advance(self, seconds: float) -> list[str]:
        """Let time pass; return who was asked meanwhile."""
        self.now += seconds
        due = [call for at, call in self._timers if at <= self.now]
        self._timers = [(at, call) for at, call in self._timers if at > self.now]
        before = len(self.asked)
        for call in due:
            call()
        return self.asked[before:]


def test_first_second_is_at_once_and_the_rest_keeps_the_pace() -> None:
    bench = Bench(per_s=8.0)
    for number in range(28):
        bench.invite(f"p{number}")
    assert len(bench.advance(0.0)) == 8
    assert [len(bench.advance(1.0)) for _ in range(4)] == [8, 8, 4, 0]
    assert bench.asked == [f"p{number}" for number in range(28)]


def test_who_waits_keeps_its_place_and_who_was_asked_may_be_asked_again() -> None:
    bench = Bench(per_s=1.0)
    for peer in ("a", "b", "a", "b"):
        bench.invite(peer)
    assert bench.advance(0.0) == ["a"]
    bench.invite("a")
    assert bench.advance(5.0) == ["b", "a"]


def test_quiet_time_is_not_saved_up() -> None:
    bench = Bench(per_s=8.0)
    bench.advance(3600.0)
    for number in range(30):
        bench.invite(f"p{number}")
    assert len(bench.advance(0.0)) == 8
