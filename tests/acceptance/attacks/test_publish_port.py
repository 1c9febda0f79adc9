"""What can be read and written at the publish port by those who are let in (attack list 4, 5, 8, 14)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import zmq

from shoal.job import EVERYONE
from shoal.messages import HELLO, JOB
from shoal.subscribers import MINE
from shoal.transport import BROADCAST, own_topic
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.rogue import job_in, make_job, resident_mib


def _jobs(frames: list[bytes]) -> list[bytes]:
    return [frame for frame in frames if frame[:1] == JOB]


def test_topic_of_another_key_is_not_given(arena: Arena) -> None:
    spy, victim = arena.insider("spy"), arena.insider("victim")
    topic = own_topic(victim.peer)
    wanted = [
        topic,
        topic[:-1],
        b"",
        b"t",
        b"to",
        b"to\0",
        b"a",
        b"al",
        b"all",
        b"all\0more",
        b"\0",
        b"x" * 300,
    ]
    wanted += [MINE[:2], *(MINE + number.to_bytes(4, "big") for number in range(8))]
    with arena.counted("subscription refused", len(wanted)):
        spy.subscribe(*wanted)
    arena.run("victim", "test.ping", timeout_s=0.2)
    arena.run(GOOD, "test.ping")
    assert len(_jobs(victim.published())) == 1
    assert spy.published() == []


def test_spys_subscriptions_do_not_touch_anybodys_presence(arena: Arena) -> None:
    """Subscribing to a victim's topic, cancelling it more often than that, going away."""
    spy, victim = arena.insider("spy"), arena.insider("victim")
    topic = own_topic(victim.peer)
    with spy.raw_publish() as raw, arena.counted("subscription refused", 3):
        for message in (b"\0" + topic, b"\1" + topic, b"\1" + topic, *[b"\0" + topic] * 5, b"\0" + BROADCAST):
            raw.send(message)
        with spy.raw_publish() as other:
            other.send(
                b"\1" + topic
            )  # may be heard after its connection has ended, and counts for nothing then
        raw.send(b"\1" + topic)
    assert arena.present("victim")
    arena.run("victim", "test.ping", timeout_s=0.2)
    assert len(_jobs(victim.published())) == 1
    assert arena.present("victim")
    assert arena.present(GOOD)


@pytest.mark.parametrize(
    "kind", [zmq.SUB, zmq.XSUB, zmq.DEALER, zmq.PUB], ids=["SUB", "XSUB", "DEALER", "PUB"]
)
def test_frames_written_to_the_publish_port_reach_nobody(arena: Arena, kind: int) -> None:
    """A job, sealed by nobody we know, sent up the publish port on every topic and as a subscription."""
    insider, witness = arena.insider("writer"), arena.insider("witness")
    job = make_job(arena.master.fleet, fun="cmd.run", args=("id",))
    frame = arena.master.of_another_fleet().seal_job(job)
    socket = insider.open_publish(kind)
    for parts in (
        [BROADCAST, frame],
        [own_topic(witness.peer), frame],
        [frame],
        [b"\1" + frame[:900]],
        [b""],
    ):
        with suppress(zmq.ZMQError):  # a SUB socket cannot send, and a wrong kind never gets through
            socket.send_multipart(parts, zmq.NOBLOCK)
    assert arena.run(GOOD, "test.ping")[GOOD]["ret"] is True
    assert witness.published() == []
    assert insider.published() == []


def test_junk_before_a_victims_subscription_does_not_redirect_it(arena: Arena) -> None:
    """libzmq grants to the connection whose turn it is, and a message that is no subscription shifts the turns."""
    spies = [arena.insider(f"spy-{number}", reads=False) for number in range(3)]
    raw = [spy.open_publish(zmq.XSUB) for spy in spies]
    victim = arena.insider("victim", reads=False)
    with arena.counted("subscription refused", 3):
        victim.subscribe(b"connect first")
        for socket in raw:
            socket.send(b"\1" + b"connect first")
    with _master_asleep(arena):  # all of it waits there and is read together
        for _ in range(3):
            raw[0].send(b"\2junk")
        victim.subscribe()
        for spy, socket in zip(spies[1:], raw[1:], strict=True):
            for _ in range(3):
                socket.send(b"\1" + own_topic(spy.peer))
    arena.run("victim", "test.ping", timeout_s=0.2)
    again = victim.open_publish()
    again.setsockopt(zmq.SUBSCRIBE, own_topic(victim.peer))
    arena.until(
        "the victim to be reached", lambda: arena.run("victim", "test.ping", timeout_s=0.1) and again.poll(0)
    )
    for spy, socket in zip(spies, raw, strict=True):
        while socket.poll(100):
            topic, frame = socket.recv_multipart()
            assert topic == own_topic(spy.peer), "a spy was given somebody else's topic"
            assert frame[:1] != JOB


@contextmanager
def _master_asleep(arena: Arena) -> Iterator[None]:
    os.kill(arena.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(arena.pid, signal.SIGCONT)


@pytest.mark.parametrize("junk", ["junk", "topics", "own topic"])
def test_flood_at_the_publish_port_shuts_its_sender_out_and_nobody_else(arena: Arena, junk: str) -> None:
    """Junk kept everybody from subscribing, topics fill libzmq's memory: neither may go on."""
    flooder, victim = arena.insider("flooder"), arena.insider("victim", reads=False)
    before = resident_mib(arena.pid)
    raw = flooder.open_publish(zmq.XSUB)
    with arena.counted("publish port reopened"):
        for number in range(20_000):
            if junk == "own topic":
                raw.send(b"\1" + own_topic(flooder.peer))
            else:
                raw.send((b"\1" if junk == "topics" else b"\2") + b"%d" % number + b"x" * 200)
        victim.subscribe()
    arena.until("the victim to be present", lambda: arena.present("victim"))
    arena.until("the others to be back", lambda: arena.present(GOOD) and arena.present("good-2"))
    assert not arena.present("flooder")
    assert resident_mib(arena.pid) - before < 60
    fresh = arena.rogue("flooder", keys=flooder.keys)
    fresh.instance = flooder.instance
    assert fresh.hello().status == "accepted"
    fresh.subscribe()
    assert fresh.published(quiet_s=1.0) == [], "its key is not let in any more"


# ------------------------------------------------------------------- the broadcast


@pytest.fixture
def choir(own_fleet: Arena) -> Arena:
    """A fleet of its own, whose master sends jobs for all once, on the topic of all."""
    own_fleet.fleet.start_master()
    for name in ("alto", "bass"):
        own_fleet.insider(name)
    return own_fleet


def _tell(arena: Arena, target: str, kind: str = "glob") -> None:
    """Run a function on minions that will not answer."""
    arena.run(target, "test.ping", kind=kind, timeout_s=0.1)


def _is_broadcast(frame: bytes) -> bool:
    return bool(job_in(frame).to == EVERYONE)


def test_job_for_all_is_a_broadcast(choir: Arena) -> None:
    """What the tests below rely on: without it they would show nothing."""
    third = choir.insider("tenor")
    _tell(choir, "*")
    assert [_is_broadcast(frame) for frame in _jobs(third.published())] == [True]


def test_job_for_some_is_not_sent_to_a_reader_without_a_session(choir: Arena) -> None:
    """Its session ended (or, after a restart of the master, has not begun), its subscription lives on."""
    lurker = choir.insider("lurker")
    lurker.say("bye", None)
    choir.until("the session to end", lambda: not choir.present("lurker"))
    _tell(choir, "alto,bass", "list")
    assert _jobs(lurker.published()) == []


def test_deleted_minion_that_stays_connected_reads_no_later_job(choir: Arena) -> None:
    leaver = choir.insider("leaver")
    choir.keys("delete", "leaver")
    with choir.counted("heartbeat refused: key not accepted"):
        leaver.say("heartbeat", {"running": 0})
    for _ in range(3):
        _tell(choir, "*")
    assert leaver.published() == []


@pytest.mark.parametrize("action", ["delete", "reject"])
def test_minion_that_reads_only_the_broadcast_reads_none_once_its_key_is_gone(
    choir: Arena, action: str
) -> None:
    """It leaves no sign of itself but the subscription to all, in the hope to be overlooked."""
    leaver = choir.insider("leaver", reads=False)
    leaver.subscribe(BROADCAST, b"refused, so it is counted")
    choir.until("it to have subscribed", lambda: choir.counters().get("subscription refused"))
    choir.keys(action, "leaver", include_accepted=True)
    _tell(choir, "*")
    assert _jobs(leaver.published()) == []


def test_deleted_minion_cannot_make_itself_forgotten(choir: Arena) -> None:
    """Two connections, doubled subscriptions, cancelled ones: whatever it does, no broadcast reaches it."""
    leaver = choir.insider("leaver")
    with leaver.raw_publish() as raw, leaver.raw_publish() as other:
        for topic in (
            own_topic(leaver.peer),
            BROADCAST,
            own_topic(leaver.peer),
            b"refused, so it is counted",
        ):
            raw.send(b"\1" + topic)
        choir.until("it to have subscribed", lambda: choir.counters().get("subscription refused"))
        choir.keys("delete", "leaver")
        with choir.counted("subscription refused"):
            for _ in range(5):
                other.send(b"\0" + own_topic(leaver.peer))
            other.send(b"\1" + b"last word")
        for _ in range(3):
            _tell(choir, "*")
        assert _jobs(leaver.published()) == []


def test_subscription_on_an_open_connection_is_refused_after_deletion(arena: Arena) -> None:
    leaver = arena.insider("leaver", reads=False)
    with arena.counted("subscription refused"):
        leaver.subscribe(b"just to connect")
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
