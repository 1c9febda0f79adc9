"""The set of seen jobs: bounded, and never forgetful in the wrong direction."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pki.seen import LINGER_S, SeenJobs

NOW = 1_000_000.0


def jid(number: int) -> str:
    return f"{number:020d}"


def test_a_jid_is_seen_after_it_was_added() -> None:
    seen = SeenJobs()
    assert jid(1) not in seen
    seen.add(jid(1), NOW + 10, NOW)
    assert jid(1) in seen
    assert jid(2) not in seen
    assert len(seen) == 1


def test_expired_ones_go_after_a_while() -> None:
    seen = SeenJobs()
    seen.add(jid(1), NOW + 10, NOW)
    seen.add(jid(2), NOW + 10_000, NOW)
    seen.add(jid(3), NOW + 10_000, NOW + 10 + LINGER_S - 1)
    assert jid(1) in seen
    seen.add(jid(4), NOW + 10_000, NOW + 100 + LINGER_S)
    assert jid(1) not in seen
    assert len(seen) == 3


def test_when_full_the_oldest_go_and_all_as_old_count_as_seen() -> None:
    seen = SeenJobs(limit=8)
    for number in range(10, 18):
        seen.add(jid(number), NOW + 1000, NOW)
    seen.add(jid(18), NOW + 1000, NOW)
    assert len(seen) == 7
    assert all(jid(number) in seen for number in range(10, 19))
    assert jid(9) in seen  # never added, but cannot be told from one that was forgotten
    assert jid(19) not in seen


def test_the_line_is_lifted_when_the_forgotten_have_expired() -> None:
    seen = SeenJobs(limit=4)
    for number in range(10, 15):
        seen.add(jid(number), NOW + 100, NOW)
    assert jid(1) in seen
    seen.add(jid(20), NOW + 9000, NOW + 100 + LINGER_S + 61)
    assert jid(1) not in seen
    assert len(seen) == 1


def test_a_clock_that_jumped_ahead_and_back_does_not_stop_the_purge() -> None:
    seen = SeenJobs(limit=8)
    seen.add(jid(1), NOW + 1e9, NOW + 1e8)
    for number in range(2, 100):
        seen.add(jid(number), NOW + 1, NOW)
    assert len(seen) <= 8
    assert all(jid(number) in seen for number in range(1, 100))


@settings(database=None, deadline=None, max_examples=100)
@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 60), st.floats(1, 5000), st.floats(0, 300)), max_size=60),
)
def test_no_unexpired_job_is_ever_new_again(limit: int, steps: list[tuple[int, float, float]]) -> None:
    seen, added, now = SeenJobs(limit), dict[str, float](), NOW
    for number, lifetime, wait in steps:
        now += wait
        name = jid(number)
        if name not in seen:
            seen.add(name, now + lifetime, now)
            added[name] = now + lifetime
        assert len(seen) <= max(limit, 4)
        assert all(name in seen for name, expires in added.items() if expires > now)
