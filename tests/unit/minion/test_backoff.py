"""The back-off: full jitter below a ceiling that doubles, and never more than the maximum."""

from __future__ import annotations

from random import Random

from minion.backoff import Backoff


class Highest(Random):
    """Draws the largest value there is."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_ceiling_doubles_up_to_the_maximum() -> None:
    backoff = Backoff(1.0, 30.0, Highest())
    assert [backoff.next() for _ in range(8)] == [1, 2, 4, 8, 16, 30, 30, 30]


def test_success_begins_anew() -> None:
    backoff = Backoff(1.0, 30.0, Highest())
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 1


def test_delays_are_spread_from_zero_to_the_ceiling() -> None:
    drawn = []
    for seed in range(2000):
        backoff = Backoff(1.0, 30.0, Random(seed))
        for _ in range(9):
            backoff.next()
        drawn.append(backoff.next())
    assert min(drawn) < 1.0
    assert max(drawn) <= 30.0
    assert 14 < sum(drawn) / len(drawn) < 16, "full jitter: half on average"


def test_a_year_without_a_master_is_no_overflow() -> None:
    backoff = Backoff(0.01, 30.0, Highest())
    for _ in range(100_000):
        backoff.next()
    assert backoff.next() == 30.0


def test_master_widens_the_first_try_but_not_beyond_the_maximum_of_the_box() -> None:
    backoff = Backoff(1.0, 30.0, Highest())
    backoff.spread(12.0)
    assert [backoff.next() for _ in range(6)] == [12, 12, 12, 12, 16, 30]
    backoff.reset()
    backoff.spread(3600.0)
    assert backoff.next() == 30
    backoff.spread(0.0)
    backoff.reset()
    assert backoff.next() == 1, "a small fleet is back at once"
