"""Keys that are not accepted: nothing but a hello is heard of them, whatever they send (attack list 1, 2, 12)."""

from __future__ import annotations

import gc
import random
from typing import Any

import pytest

import master.collector
import master.gate
from shoal import messages
from shoal.messages import PROTOCOL, VERBS, request
from shoal.wire import encode
from tests.acceptance.attacks.arena import Arena
from tests.rogue import RoguePeer

JID = "20261121000000000001"
BODIES: dict[str, Any] = {
    "hello": b"no hello",
    "heartbeat": {"running": 0},
    "started": {"jid": JID, "at": 1.0},
    "received": {"jids": [JID]},
    "progress": {"jid": JID, "seq": 1, "kind": "output", "text": "line\n"},
    "return": {
        "jid": JID, "fun": "test.ping", "outcome": "done", "retcode": 0, "packed": b"\xc3",
        "started": 1.0, "duration_s": 0.1, "trimmed": 0, "out": "",
    },
    "slice": {"jid": JID, "digest": bytes(32), "size": 10, "at": 0, "data": b"0123456789"},
    "event": {"tag": "door/open", "data": {}},
    "facts": {"digest": b"d", "grains": {"os": "Rogue"}},
    "files": {"n": 1, "op": "find", "env": "base", "name": "top.sls"},
    "mine": {"n": 1, "op": "get", "names": ["a"], "target": {"kind": "glob", "expr": "*", "delimiter": ":"}},
    "pillar": {"n": 1, "nonce": bytes(16), "pillarenv": "", "grains": b""},
    "push": {"n": 1, "name": "etc/hosts", "digest": bytes(32), "size": 1, "at": 0, "data": b"a"},
    "rotate": b"no rotation",
    "bye": None,
}  # fmt: skip
WITHOUT_HELLO = sorted(VERBS.keys() - {"hello"})


def test_bodies_cover_every_verb() -> None:
    assert BODIES.keys() == VERBS.keys(), "a new verb needs its place in the attack tests"
    assert {verb.name for verb in VERBS.values() if verb.guests} == {"hello"}


@pytest.mark.parametrize("verb", WITHOUT_HELLO)
def test_unknown_key_is_refused_every_verb(arena: Arena, verb: str) -> None:
    stranger = arena.rogue()
    with arena.counted(f"{verb} refused: key not accepted"):
        stranger.say(verb, BODIES[verb])
    assert {kind for kind, _ in stranger.replies()} <= {"hello_first"}
    assert arena.state_of("rogue") == []


@pytest.mark.parametrize("state", ["pending", "rejected", "denied", "deleted"])
def test_key_without_right_is_refused_every_verb(arena: Arena, state: str) -> None:
    peer = _peer_in(arena, state)
    for verb in WITHOUT_HELLO:
        with arena.counted(f"{verb} refused: key not accepted"):
            peer.say(verb, BODIES[verb])
    assert {kind for kind, _ in peer.replies()} <= {"hello_first"}
    assert peer.id not in arena.runner("manage.status")["up"] or state == "denied"


@pytest.mark.parametrize("state", ["unknown", "pending", "rejected", "denied", "deleted"])
def test_key_without_right_reads_no_publication(arena: Arena, state: str) -> None:
    peer = arena.rogue() if state == "unknown" else _peer_in(arena, state)
    peer.subscribe()
    peer.subscribe(b"", b"a", b"to\0")
    assert arena.run("*", "test.ping").keys() == {"good-1", "good-2"}
    assert arena.run("good-1", "test.ping").keys() == {"good-1"}
    assert peer.published() == []


def test_no_name_but_the_verbs_is_heard(arena: Arena) -> None:
    """Attribute names of everything in the gate's reach, dunders, Salt's methods, spellings, noise."""
    names = {
        name
        for thing in (master.gate.Gate, master.collector.Collector, messages, object, dict, gc)
        for name in dir(thing)
    }
    names |= {
        "_auth",
        "_send_pub",
        "_prep_auth_info",
        "runner",
        "wheel",
        "publish",
        "pub",
        "run",
        "key",
        "ping",
    }
    names |= {
        "",
        " ",
        "HELLO",
        "Return",
        "return ",
        "return\0",
        "../return",
        "return.__class__",
        "{0}",
        "a" * 40,
    }
    names |= {variant for verb in VERBS for variant in (f"_{verb}", f"__{verb}__", verb.upper(), f"{verb}\n")}
    chance = random.Random(1)
    names |= {"".join(chance.choices("abcdefghijklmnopqrstuvwxyz_.", k=8)) for _ in range(50)}
    names -= VERBS.keys()
    insider = arena.insider("curious", reads=False)
    for peer in (arena.rogue("stranger"), insider):
        with arena.counted("message refused: malformed", len(names)):
            for name in sorted(names):
                peer.say(name, None)
    assert {kind for kind, _ in insider.replies()} <= {"want_facts"}


@pytest.mark.parametrize(
    "message",
    [
        [0, "hello", b""], [2, "hello", b""], [PROTOCOL + 2**31, "hello", b""], [True, "hello", b""],
        ["1", "hello", b""], [1.0, "hello", b""], [None, "hello", b""], [PROTOCOL, "hello"], ["hello", b""],
        [PROTOCOL, b"hello", b""], [PROTOCOL, ["hello"], b""], {"v": 1, "verb": "hello"},
    ],
    ids=str,
)  # fmt: skip
def test_other_version_or_shape_of_message_is_refused(arena: Arena, message: Any) -> None:
    stranger = arena.rogue()
    with arena.counted("message refused: malformed"):
        stranger.send(encode(message))
    assert stranger.replies(quiet_s=0.1) == []


@pytest.mark.parametrize("versions", [[0, 0], [2, 2], [2, 9], [1, 0], [2**31 - 1, 2**31 - 1]], ids=str)
def test_hello_in_another_protocol_is_refused(arena: Arena, versions: list[int]) -> None:
    stranger = arena.rogue()
    with arena.counted("message refused: unknown version"):
        stranger.say("hello", stranger.hello_bytes(v=versions))
    assert stranger.replies(quiet_s=0.1) == []
    assert arena.state_of("rogue") == []


@pytest.mark.parametrize("frames", [(b"a", b"b"), (b"", b"b"), (b"", request("hello", b""))], ids=str)
def test_message_of_several_parts_is_left_out(arena: Arena, frames: tuple[bytes, ...]) -> None:
    stranger = arena.rogue()
    stranger.send(*frames)
    assert stranger.hello().status == "pending"


def _peer_in(arena: Arena, state: str) -> RoguePeer:
    if state == "denied":
        peer = arena.rogue("good-1")
        assert peer.hello().status == "denied"
        arena.until("the denied key", lambda: "denied" in arena.state_of("good-1"))
        return peer
    peer = arena.rogue(f"was-{state}")
    assert peer.hello().status == "pending"
    if state == "rejected":
        arena.keys("reject", peer.id)
        assert arena.state_of(peer.id) == ["rejected"]
    elif state == "deleted":
        arena.keys("accept", peer.id)
        assert peer.hello().status == "accepted"
        arena.keys("delete", peer.id)
        assert arena.state_of(peer.id) == []
    peer.replies(quiet_s=0.1)
    return peer
