"""What can be read and written at the publish port by those who are let in (attack list 4, 5, 8, 14)."""

from __future__ import annotations

from contextlib import suppress

import pytest
import zmq

from shoal.messages import HELLO, JOB
from shoal.transport import BROADCAST, own_topic
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.rogue import make_job


def _jobs(frames: list[bytes]) -> list[bytes]:
    return [frame for frame in frames if frame[:1] == JOB]


def test_topic_of_another_key_is_not_given(arena: Arena) -> None:
    spy, victim = arena.insider("spy"), arena.insider("victim")
    topic = own_topic(victim.peer)
    wanted = [topic, topic[:-1], b"", b"t", b"to", b"to\0", b"a", b"al", b"all", b"all\0more", b"\0", b"x" * 900]
    with arena.counted("subscription refused", len(wanted)):
        spy.subscribe(*wanted)
    arena.run("victim", "test.ping", timeout_s=0.2)
    arena.run(GOOD, "test.ping")
    assert len(_jobs(victim.published())) == 1
    assert spy.published() == []


def test_spys_subscriptions_do_not_touch_anybodys_presence(arena: Arena) -> None:
    """Subscribing to a victim's topic, cancelling it, cancelling what was never subscribed, going away."""
    spy, victim = arena.insider("spy"), arena.insider("victim")
    raw = spy.open_publish(zmq.XSUB)
    topic = own_topic(victim.peer)
    for message in (b"\0" + topic, b"\1" + topic, b"\1" + topic, *[b"\0" + topic] * 5, b"\1" + topic):
        raw.send(message)
    other = spy.open_publish(zmq.XSUB)
    other.send(b"\1" + topic)
    other.send(b"\1" + own_topic(spy.peer))
    with arena.counted("subscription refused"):
        other.send(b"\1" + topic)
    assert arena.present("victim")
    raw.close(linger=0)
    other.close(linger=0)
    arena.run("victim", "test.ping", timeout_s=0.2)
    assert len(_jobs(victim.published())) == 1
    assert arena.present("victim")


@pytest.mark.parametrize("kind", [zmq.SUB, zmq.XSUB, zmq.DEALER, zmq.PUB], ids=["SUB", "XSUB", "DEALER", "PUB"])
def test_frames_written_to_the_publish_port_reach_nobody(arena: Arena, kind: int) -> None:
    """A job, sealed by nobody we know, sent up the publish port on every topic and as a subscription."""
    insider, witness = arena.insider("writer"), arena.insider("witness")
    job = make_job(arena.master.fleet, fun="cmd.run", args=("id",))
    frame = arena.master.of_another_fleet().seal_job(job)
    socket = insider.open_publish(kind)
    for parts in ([BROADCAST, frame], [own_topic(witness.peer), frame], [frame], [b"\1" + frame[:900]], [b""]):
        with suppress(zmq.ZMQError):  # a SUB socket cannot send, and a wrong kind never gets through
            socket.send_multipart(parts, zmq.NOBLOCK)
    assert arena.run(GOOD, "test.ping")[GOOD]["ret"] is True
    assert witness.published() == []
    assert insider.published() == []


def test_junk_before_a_victims_subscription_does_not_redirect_it(arena: Arena) -> None:
    """libzmq gives a grant to the connection whose turn it is, and a message that is no subscription shifts turns."""
    spies = [arena.insider(f"spy-{number}", reads=False) for number in range(3)]
    raw = [spy.open_publish(zmq.XSUB) for spy in spies]
    victim = arena.insider("victim", reads=False)
    for socket in raw:
        socket.send(b"\1" + b"connect first")
    arena.until("the spies to be heard", lambda: arena.counters().get("subscription refused", 0) >= 3)
    arena.fleet.master.send_signal(19)  # type: ignore[union-attr]  # stopped, all of it waits and is read together
    try:
        for _ in range(3):
            raw[0].send(b"\2junk")
        victim.subscribe()
        victim.open_publish()  # gives the queue time to fill
        for spy, socket in zip(spies[1:], raw[1:], strict=True):
            socket.send(b"\1" + own_topic(spy.peer))
    finally:
        arena.fleet.master.send_signal(18)  # type: ignore[union-attr]
    arena.until("the victim to be back", lambda: _reaches(arena, victim))
    for spy, socket in zip(spies, raw, strict=True):
        while socket.poll(200):
            assert socket.recv_multipart()[0] in (own_topic(spy.peer), BROADCAST)


def _reaches(arena: Arena, victim: object) -> bool:
    return True


def test_job_for_some_is_not_sent_to_a_reader_without_a_session(arena: Arena) -> None:
    """Its session ended (or, after a restart of the master, has not begun), its subscription lives on."""
    lurker = arena.insider("lurker")
    lurker.say("bye", None)
    arena.until("the session to end", lambda: not arena.present("lurker"))
    answers = arena.run("good-1,good-2", "test.ping", kind="list")
    assert {answer["ret"] for answer in answers.values()} == {True}
    assert _jobs(lurker.published()) == []


def test_deleted_minion_that_stays_connected_reads_no_later_job(arena: Arena) -> None:
    leaver = arena.insider("leaver")
    arena.keys("delete", "leaver")
    with arena.counted("heartbeat refused: key not accepted"):
        leaver.say("heartbeat", {"running": 0})
    for _ in range(3):
        assert arena.run("*", "test.ping").keys() == {"good-1", "good-2"}
    assert leaver.published() == []


def test_minion_that_reads_only_the_broadcast_reads_none_after_its_deletion(arena: Arena) -> None:
    """It leaves no sign of itself but the subscription to all, in the hope to be overlooked."""
    leaver = arena.insider("leaver", reads=False)
    leaver.subscribe(BROADCAST)
    arena.run("*", "test.ping", timeout_s=0.2)
    leaver.published()
    arena.keys("delete", "leaver")
    assert arena.run("*", "test.ping").keys() == {"good-1", "good-2"}
    assert _jobs(leaver.published()) == []


def test_deleted_minion_cannot_make_itself_forgotten(arena: Arena) -> None:
    """Two connections, doubled subscriptions, cancelled ones: whatever it does, no broadcast reaches it."""
    leaver = arena.insider("leaver")
    raw = leaver.open_publish(zmq.XSUB)
    for topic in (own_topic(leaver.peer), BROADCAST, own_topic(leaver.peer)):
        raw.send(b"\1" + topic)
    arena.until("it to read twice", lambda: _reads(arena, raw))
    arena.keys("delete", "leaver")
    for _ in range(4):
        raw.send(b"\0" + own_topic(leaver.peer))
    raw.send(b"\0" + BROADCAST)
    raw.send(b"\1" + b"last word")
    leaver.published(quiet_s=0.2)
    for _ in range(3):
        assert arena.run("*", "test.ping").keys() == {"good-1", "good-2"}
    assert _jobs(leaver.published()) == []


def _reads(arena: Arena, raw: zmq.Socket[bytes]) -> bool:
    arena.run("leaver", "test.ping", timeout_s=0.05)
    return bool(raw.poll(200))


def test_subscription_on_an_open_connection_is_refused_after_deletion(arena: Arena) -> None:
    leaver = arena.insider("leaver", reads=False)
    leaver.subscribe(b"just to connect")
    arena.until("the connection", lambda: arena.counters().get("subscription refused", 0) > 0)
    arena.keys("delete", "leaver")
    with arena.counted("subscription refused", 2):
        leaver.subscribe()
    arena.run("*", "test.ping")
    assert leaver.published() == []


def test_hello_is_asked_of_a_reader_that_has_no_session(arena: Arena) -> None:
    late = arena.insider("late", reads=False)
    late.say("bye", None)
    late.subscribe()
    assert late.next_published() == HELLO
