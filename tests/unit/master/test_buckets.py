"""Token buckets: a rate, a burst, and memory for so many keys and no more."""

from __future__ import annotations

import pytest

from master.quota import Bucket, Buckets
from shoal.clock import FakeClock


def test_burst_then_rate() -> None:
    bucket = Bucket(rate=2.0, burst=10.0, now=0.0)
    assert [bucket.take(1, 0.0) for _ in range(11)] == [True] * 10 + [False]
    assert bucket.take(1, 0.5)
    assert not bucket.take(1, 0.5)
    assert [bucket.take(1, 1000.0) for _ in range(11)] == [True] * 10 + [False], "no more than the burst"


def test_refusal_costs_nothing() -> None:
    bucket = Bucket(rate=1.0, burst=5.0, now=0.0)
    for _ in range(100):
        assert not bucket.take(6, 0.0)
    assert bucket.take(5, 0.0)


def test_keys_do_not_share() -> None:
    clock = FakeClock()
    buckets = Buckets(1.0, 2.0, clock.monotonic, max_keys=10)
    assert [buckets.take("a") for _ in range(3)] == [True, True, False]
    assert buckets.take("b")


def test_number_of_keys_is_bounded_and_idle_ones_make_room() -> None:
    clock = FakeClock()
    buckets = Buckets(1.0, 2.0, clock.monotonic, max_keys=3)
    assert [buckets.take(key) for key in "abcd"] == [True, True, True, False]
    assert buckets.take("a"), "who is known goes on"
    clock.advance(10)
    assert buckets.take("d"), "the others were full again"


def test_flood_of_keys_is_not_looked_through_at_every_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweeping all buckets for each stranger would be a cheap way to keep the master busy."""
    looks = 0
    real = Bucket.full

    def full(bucket: Bucket, now: float) -> bool:
        nonlocal looks
        looks += 1
        return real(bucket, now)

    monkeypatch.setattr(Bucket, "full", full)
    clock = FakeClock()
    buckets = Buckets(0.001, 2.0, clock.monotonic, max_keys=1000)
    for number in range(3000):
        buckets.take(str(number))
        clock.advance(0.001)
    assert looks <= 4 * 1000
