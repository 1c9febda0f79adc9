"""Too much of anything, from one minion or from nobody: it costs its sender, nobody else (attack list 30-33)."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import zmq

from master.cli.client import Conversation
from shoal.event import MAX_EVENT_BYTES
from shoal.messages import MAX_REQUEST_BYTES, request
from shoal.returns import MAX_VALUE_BYTES, Return
from shoal.wire import encode
from tests.acceptance.attacks.arena import GOOD, Arena
from tests.rogue import RoguePeer, cpu_seconds, open_files, resident_mib

JID = "20261121000000000001"
ROOM_MIB = 64.0  # how much a flood may leave behind: allocators do not give all back
GREETING = b"\xff\0\0\0\0\0\0\0\1\x7f"  # how a ZMTP greeting of 64 bytes begins


@pytest.fixture(scope="module")
def loris(siege: Arena) -> Iterator[list[socket.socket]]:
    """Connections that began to greet when this file did, and never went on."""
    held = [_connect(siege, port) for port in _ports(siege) for _ in range(100)]
    for number, each in enumerate(held):
        each.sendall(GREETING[: number % 11])
    yield held
    for each in held:
        each.close()


def _ports(arena: Arena) -> tuple[int, int]:
    return arena.master.request_port, arena.master.publish_port


def _connect(arena: Arena, port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def _return(value: object, jid: str = JID) -> dict[str, Any]:
    ret = Return(
        jid=jid, fun="test.ping", outcome="done", retcode=0, packed=encode(value), started=1.0, duration_s=0.1
    )
    return ret.to_wire()


@contextmanager
def _bounded(arena: Arena, room_mib: float = ROOM_MIB) -> Iterator[None]:
    """Expect the master to hold hardly more memory after the block than before."""
    before = resident_mib(arena.pid)
    yield
    arena.still_well()
    grown = resident_mib(arena.pid) - before
    assert grown < room_mib, f"the master grew by {grown:.0f} MiB"


def _others_are_served(arena: Arena, times: int = 5) -> None:
    """Assert that the good minions answer, each time and soon."""
    for _ in range(times):
        began = time.monotonic()
        answers = arena.run("good-*", "test.ping")
        assert {minion: each.get("ret") for minion, each in answers.items()} == {GOOD: True, "good-2": True}
        assert time.monotonic() - began < 12.0, "a run gives up after 15"


# ------------------------------------------------------------------ one accepted minion


@pytest.mark.parametrize("verb", ["return", "event", "started", "received", "progress", "facts", "junk"])
def test_flood_of_one_minion_is_refused_to_that_one_only(
    arena: Arena, loris: list[socket.socket], verb: str
) -> None:
    flooder, neighbour = arena.insider("flooder"), arena.insider("neighbour", reads=False)
    frame = {
        "return": request("return", _return(True)),
        "event": request("event", {"tag": "door", "data": {"open": True}}),
        "started": request("started", {"jid": JID, "at": 1.0}),
        "received": request("received", {"jids": [JID] * 100}),
        "progress": request("progress", {"jid": JID, "seq": 1, "kind": "output", "text": "x" * 3000}),
        "facts": request("facts", {"digest": b"d", "grains": {"os": "Rogue"}}),
        "junk": b"\x93\1\xa4junk\xc0",
    }[verb]
    name = "message" if verb == "junk" else verb
    lines = len(arena.log_lines("flooder"))
    with _bounded(arena), arena.counted(f"{name} refused: over quota", 5000):
        for _ in range(10_000):
            flooder.send(frame)
        _others_are_served(arena)
        neighbour.say("heartbeat", {"running": 0})
        assert neighbour.wait_for("pong") is not None
    flooder.say("heartbeat", {"running": 0})
    flooder.wait_for("pong", timeout_s=60)  # signs of life have a quota of their own: it stays present
    assert arena.present("flooder")
    assert len(arena.log_lines("flooder")) - lines < 100, "nor is the disk filled with words about it"


def test_giant_returns_use_up_the_bytes_of_their_minion_only(arena: Arena) -> None:
    flooder = arena.insider("flooder", reads=False)
    frame = request("return", _return("x" * (MAX_VALUE_BYTES - 10)))
    with _bounded(arena), arena.counted("return refused: over quota", 20):
        for _ in range(60):
            flooder.send(frame, timeout_s=60)
        _others_are_served(arena)
    assert ("busy", {"verb": "return", "retry_after_s": 5.0}) in flooder.replies(), "it is told to keep them"


def test_frame_over_every_limit_is_cut_off_before_it_is_read(arena: Arena) -> None:
    """libzmq hangs up when it reads the length; the memory that the frame claims is never asked for."""
    flooder = arena.insider("flooder", reads=False)
    with _bounded(arena):
        for _ in range(3):
            flooder.send(b"\x93\1\xa6return" + bytes(MAX_REQUEST_BYTES * 16), timeout_s=60)
            _others_are_served(arena, 1)
    assert _says_hello(arena, flooder).status == "accepted"


@pytest.mark.parametrize(
    "verb",
    ["heartbeat", "bye", "started", "received", "progress", "event", "facts", "hello", "rotate", "nothing"],
)
def test_message_over_the_size_of_its_verb_is_refused_undecoded(arena: Arena, verb: str) -> None:
    insider = arena.insider("large", reads=False)
    with _bounded(arena), arena.counted("message refused: malformed", 10):
        for _ in range(10):
            insider.send(request(verb, {"tag": "x" * (MAX_EVENT_BYTES * 2)}))


def test_event_flood_does_not_fill_the_memory_for_a_listener_that_does_not_read(arena: Arena) -> None:
    path = str(arena.fleet.master_root / "run/shoal/master/master.sock")
    flooders = [arena.insider(f"flooder-{number}", reads=False) for number in range(4)]
    frame = request("event", {"tag": "door", "data": {"text": "x" * (MAX_EVENT_BYTES - 200)}})
    with Conversation(path, {"op": "events", "tag": "*"}), _bounded(arena, 2 * ROOM_MIB + 64):
        for _ in range(1000):
            for flooder in flooders:
                flooder.send(frame, timeout_s=60)
        _others_are_served(arena)


# ------------------------------------------------------------------ malformed


def test_more_malformed_frames_than_anybody_sends_by_mistake(arena: Arena) -> None:
    """Salt's workers died of one each (#65819); here nothing dies, and the log is not filled."""
    chance = random.Random(30)
    insider, stranger = arena.insider("mumbler", reads=False), arena.rogue("stranger")
    frames = [chance.randbytes(chance.randrange(1, 400)) for _ in range(400)]
    frames += [
        b"",
        b"\x93",
        b"\x93\1\xa6return",
        b"\x93\1\xa6return\xc6\xff\xff\xff\xff",
        b"\x93\1\xa5hello\xc4\0",
    ]
    lines = len(arena.log_lines("refused"))
    with arena.counted("message refused: malformed", len(frames) * 3 // 2):
        for frame in frames:
            insider.send(frame)
            stranger.send(frame)
    assert len(arena.log_lines("refused")) - lines < 150
    assert _says_hello(arena, insider).status == "accepted"
    assert _says_hello(arena, stranger).status == "pending"


# ------------------------------------------------------------------ connections


def test_connecting_and_hanging_up_two_thousand_times_leaves_nothing_behind(arena: Arena) -> None:
    chance = random.Random(31)
    files = open_files(arena.pid)
    _churn(arena, chance, 500)  # what is set up once is set up now
    with _bounded(arena, 12.0):
        _churn(arena, chance, 2000)
    arena.until("the descriptors to be closed", lambda: open_files(arena.pid) <= files + 3)


def _churn(arena: Arena, chance: random.Random, times: int) -> None:
    noise = [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\1\2\0\1",
        GREETING,
        GREETING + bytes(54),
        chance.randbytes(200),
    ]
    for number in range(times):
        made = _connect(arena, _ports(arena)[number % 2])
        made.sendall(noise[number % len(noise)])
        made.close()


def test_handshakes_of_a_hundred_keys_leave_nothing_behind(arena: Arena) -> None:
    files = open_files(arena.pid)
    with _bounded(arena, 16.0):
        for number in range(100):
            with RoguePeer(arena.master, f"fleeting-{number % 2}") as peer:
                peer.say("heartbeat", {"running": 0})
                assert peer.wait_for("hello_first") is None
    arena.until("the descriptors to be closed", lambda: open_files(arena.pid) <= files + 3)
    assert arena.state_of("fleeting-0") == []


def test_idle_connections_cost_no_time_and_keep_nobody_out(arena: Arena, loris: list[socket.socket]) -> None:
    began, used = time.monotonic(), cpu_seconds(arena.pid)
    _others_are_served(arena, 3)
    newcomer = arena.rogue("newcomer")
    assert newcomer.hello().status == "pending"
    newcomer.replies(quiet_s=1.0)
    assert cpu_seconds(arena.pid) - used < 0.5 * (time.monotonic() - began), "the master is busy with nothing"


# ------------------------------------------------------------------ first contacts


def test_flood_of_new_ids_is_bounded_and_the_known_are_let_in(own_fleet: Arena) -> None:
    own_fleet.fleet.start_master(pending_max=10, joins_per_s=2)
    known = own_fleet.insider("known", reads=False)
    first = [own_fleet.rogue(f"first-{number}").hello() for number in range(14)]
    assert [each.status for each in first] == ["pending"] * 10 + ["busy"] * 4
    with own_fleet.counted("connection refused: too many from one address", 30):
        crowd = [own_fleet.rogue(f"new-{number}") for number in range(60)]
        for each in crowd:
            with suppress(zmq.Again):  # it was not let in
                each.send(request("hello", each.hello_bytes()), timeout_s=0.05)
    groups = own_fleet.keys("list")["minions"]
    assert (len(groups["pending"]), groups["accepted"]) == (10, ["known"])
    again = own_fleet.rogue("known", keys=known.keys)
    again.instance = known.instance
    assert again.hello().status == "accepted", "it is not counted with the strangers of its address"


def _says_hello(arena: Arena, peer: RoguePeer) -> Any:
    """Say hello on a connection that may have been cut a moment ago."""

    def ask() -> Any:
        peer.replies(quiet_s=0.05)
        try:
            return peer.hello(timeout_s=2)
        except AssertionError:
            return None

    return arena.until(f"a welcome to {peer.id}", ask)


# ------------------------------------------------------------------ last: what takes its time


def test_connections_that_never_finish_their_greeting_are_hung_up_on(
    arena: Arena, loris: list[socket.socket]
) -> None:
    waiting = list(loris)

    def all_closed() -> bool:
        waiting[:] = [each for each in waiting if not _is_closed(each)]
        return not waiting

    arena.until("all of them to be closed", all_closed, 60)


def _is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass  # the master's own greeting
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
