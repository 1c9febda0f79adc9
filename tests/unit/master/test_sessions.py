"""Sessions and readers: who is present, and when the topic of all is safe to use."""

from __future__ import annotations

import pytest

from master.sessions import Session, Sessions
from shoal.clock import FakeClock


def session(minion: str = "a", peer: str = "pa", heard: float = 0.0) -> Session:
    return Session(id=minion, peer=peer, route=b"r", instance="i", address="", since=0.0, heard=heard)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sessions(clock: FakeClock) -> Sessions:
    return Sessions(clock.monotonic, lost_after_s=45.0)


def up(sessions: Sessions, clock: FakeClock, minion: str = "a") -> Session:
    """Bring a minion up as an honest one comes: hello, then one subscription to all and one to its own."""
    made = session(minion, f"p{minion}", clock.monotonic())
    sessions.put(made)
    sessions.began_reading_all()
    sessions.began_reading(made.peer, granted=True)
    return made


def down(sessions: Sessions, minion: str = "a") -> None:
    sessions.stopped_reading_all()
    sessions.stopped_reading(f"p{minion}")


def test_presence_needs_a_session_a_subscription_and_signs_of_life(
    sessions: Sessions, clock: FakeClock
) -> None:
    assert not sessions.present("a")
    sessions.put(session(heard=clock.monotonic()))
    assert not sessions.present("a"), "no job could reach it"
    sessions.began_reading("pa", granted=True)
    assert sessions.present("a")
    clock.advance(45.0)
    assert not sessions.present("a"), "silent for too long"
    sessions.put(session(heard=clock.monotonic()))
    assert sessions.present("a")
    sessions.drop("a")
    assert not sessions.present("a")


def test_subscription_that_was_refused_makes_nobody_present(sessions: Sessions, clock: FakeClock) -> None:
    sessions.put(session(heard=clock.monotonic()))
    sessions.began_reading("pa", granted=False)
    assert not sessions.present("a")
    assert sessions.stopped_reading("pa")


def test_reconnect_before_the_old_connection_has_ended_is_no_absence(
    sessions: Sessions, clock: FakeClock
) -> None:
    up(sessions, clock)
    sessions.began_reading("pa", granted=True)
    assert not sessions.stopped_reading("pa"), "the other one is still there"
    assert sessions.present("a")
    assert sessions.stopped_reading("pa")
    assert not sessions.present("a")


def test_end_of_a_subscription_that_nobody_saw_begin_is_harmless(sessions: Sessions) -> None:
    assert sessions.stopped_reading("unknown")
    assert not sessions.reading("unknown")


def test_silent_session_is_dropped_later_while_its_minion_reads(sessions: Sessions, clock: FakeClock) -> None:
    """A large result on a thin link is one message: until it has arrived nothing else is heard."""
    made = up(sessions, clock)
    clock.advance(46.0)
    assert not sessions.present("a")
    assert not sessions.over(made)
    clock.advance(9 * 45.0)
    assert sessions.over(made), "but not for ever"
    made.heard = clock.monotonic()
    down(sessions)
    assert not sessions.over(made)
    clock.advance(46.0)
    assert sessions.over(made)


def test_broadcast_is_unsafe_while_a_revoked_peer_reads(sessions: Sessions, clock: FakeClock) -> None:
    up(sessions, clock, "a")
    up(sessions, clock, "b")
    assert sessions.broadcast_is_safe
    sessions.revoke("pa")
    assert not sessions.broadcast_is_safe
    down(sessions, "a")
    assert sessions.broadcast_is_safe


def test_revoked_peer_that_does_not_read_is_no_danger(sessions: Sessions) -> None:
    sessions.revoke("pa")
    assert sessions.broadcast_is_safe


def test_key_that_is_accepted_again_is_no_danger_any_more(sessions: Sessions, clock: FakeClock) -> None:
    up(sessions, clock)
    sessions.revoke("pa")
    sessions.put(session(heard=clock.monotonic()))
    assert sessions.broadcast_is_safe


def test_subscription_to_all_without_an_own_one_is_a_danger(sessions: Sessions, clock: FakeClock) -> None:
    """It could be anybody's, a revoked peer's too: our minions always have both."""
    up(sessions, clock)
    sessions.began_reading_all()
    assert not sessions.broadcast_is_safe
    sessions.stopped_reading_all()
    assert sessions.broadcast_is_safe


def test_two_sessions_of_one_id_are_one(sessions: Sessions, clock: FakeClock) -> None:
    up(sessions, clock)
    sessions.put(session(peer="new", heard=clock.monotonic()))
    assert len(sessions) == 1
    assert [each.peer for each in sessions] == ["new"]


def test_sessions_may_be_dropped_while_somebody_goes_through_them(
    sessions: Sessions, clock: FakeClock
) -> None:
    for minion in "abc":
        up(sessions, clock, minion)
    for each in sessions:
        sessions.drop(each.id)
    assert len(sessions) == 0
