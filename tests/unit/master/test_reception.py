"""Hellos, sessions and key changes as the master sees them: restarts, copies, lost answers, a store that is away."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from pki.fingerprint import fingerprint
from pki.keys import NodeKeys
from pki.welcome import judge_welcome
from shoal.messages import BUSY, HELLO, HELLO_FIRST, PONG, PROBE, ROTATED, WELCOME, request
from shoal.transport import BROADCAST, Inbound, own_topic
from tests.unit.master.reception import HEARTBEAT_S, Box, Reception, run


def kinds(answers: list[tuple[str, object]]) -> list[str]:
    return [kind for kind, _ in answers]


# ------------------------------------------------------------------- presence


def test_minion_is_present_once_it_has_said_hello_and_reads(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = room.known()
        await box.hello()
        assert not room.sessions.present("a")
        box.subscribe()
        await room.settle()
        assert room.sessions.present("a")
        box.link.close()
        await room.settle()
        assert not room.sessions.present("a")

    run(tmp_path, body)


def test_heartbeat_is_told_whether_the_master_sees_the_subscription(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = room.known()
        await box.hello()
        box.take()
        assert await box.beat() == [(PONG, False)]
        box.subscribe()
        await room.settle()
        assert await box.beat() == [(PONG, True)]

    run(tmp_path, body)


def test_minion_that_is_late_hears_that_the_master_is_there(tmp_path: Path) -> None:
    """Its heartbeats wait behind a large result; our silence would make it begin anew."""

    async def body(room: Reception) -> None:
        late, punctual = await room.online("late"), await room.online("punctual")
        room.clock.advance(HEARTBEAT_S + 1)
        await punctual.beat()
        room.collector.reassure(HEARTBEAT_S)
        await room.settle()
        assert late.take() == [(PONG, True)]
        assert punctual.take() == []

    run(tmp_path, body)


def test_minion_that_reads_before_its_hello_is_asked_for_one(tmp_path: Path) -> None:
    """The master was restarted: minions subscribe again by themselves, and say hello when they are asked."""

    async def body(room: Reception) -> None:
        box = room.known()
        box.subscribe()
        await room.settle()
        assert box.heard == [HELLO]
        assert kinds(await box.beat()) == [HELLO_FIRST]
        assert (await box.hello()).status == "accepted"
        box.take()
        assert await box.beat() == [(PONG, True)]

    run(tmp_path, body)


def test_other_connection_of_the_same_key_has_no_session(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        twin = room.box("a", box.keys)
        assert kinds(await twin.beat()) == [HELLO_FIRST]
        assert await box.beat() == [(PONG, True)]

    run(tmp_path, body)


def test_session_ends_with_the_minions_goodbye(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        await box.say("bye")
        assert not room.sessions.present("a")
        assert kinds(await box.beat()) == [HELLO_FIRST]

    run(tmp_path, body)


def test_foreign_topic_is_refused_and_changes_nobodys_presence(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        victim, spy = room.known("victim"), await room.online("spy")
        await victim.hello()
        spy.link.subscribe((BROADCAST, own_topic(spy.peer), own_topic(victim.peer)))
        await room.settle()
        assert room.counters["subscription refused"] == 1
        assert not room.sessions.present("victim")
        victim.subscribe()
        await room.settle()
        room.gate.left(own_topic(victim.peer), spy.peer)
        assert room.sessions.present("victim"), "nobody cancels for somebody else"

    run(tmp_path, body)


def test_message_that_finds_a_bug_costs_no_other_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()

        def fail(*_args: object, **_kwargs: object) -> None:
            raise RuntimeError("a bug")

        with monkeypatch.context() as patch:
            patch.setattr(room.roster, "set_grains", fail)
            assert await box.say("facts", {"digest": b"d", "grains": {}}) == []
        assert room.counters["message failed: internal error"] == 1
        assert await box.beat() == [(PONG, True)]

    run(tmp_path, body)


# ---------------------------------------------------- restarts and copied boxes


def test_same_process_on_a_new_connection_is_welcome(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        again = room.box("a", box.keys)
        assert (await again.hello()).status == "accepted"
        again.take()
        assert kinds(await again.beat()) == [PONG]
        assert kinds(await box.beat()) == [HELLO_FIRST], "the session goes with the newer connection"

    run(tmp_path, body)


def test_restarted_minion_is_welcome_at_once(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        box.link.close()
        again = room.box("a", box.keys, instance="i-2")
        assert (await again.hello()).status == "accepted"
        assert room.acts() == []

    run(tmp_path, body)


def test_restart_behind_a_dead_connection_waits_for_a_probe(tmp_path: Path) -> None:
    """The box lost power: the master's end of its old connection looks alive, and does not answer."""

    async def body(room: Reception) -> None:
        old = await room.online()
        again = room.box("a", old.keys, instance="i-2")
        welcome = await again.hello()
        assert (welcome.status, welcome.retry_after_s) == ("busy", 3.0)
        assert kinds(old.take()) == [PROBE]
        room.clock.advance(1.0)
        assert (await again.hello()).status == "busy"
        room.clock.advance(2.0)
        assert (await again.hello()).status == "accepted"

    run(tmp_path, body)


def test_copy_of_a_living_box_is_denied_and_the_box_does_not_notice(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        copy = room.box("a", box.keys, instance="i-2")
        assert (await copy.hello()).status == "busy"
        assert kinds(box.take()) == [PROBE]
        room.clock.advance(0.5)
        await box.beat()
        room.clock.advance(2.5)
        welcome = await copy.hello()
        assert (welcome.status, "is this box a copy?" in welcome.reason) == ("denied", True)
        assert room.acts() == ["copied key"]
        box.take()
        assert await box.beat() == [(PONG, True)]

    run(tmp_path, body)


def test_silent_session_is_not_alive(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        await room.online()
        room.clock.advance(3 * HEARTBEAT_S)
        assert not room.sessions.present("a")

    run(tmp_path, body)


# ------------------------------------------------------------------- rotation


async def _rotated(room: Reception, box: Box) -> NodeKeys:
    fresh = NodeKeys.generate()
    answers = await box.rotate(fresh)
    assert answers == [(ROTATED, fingerprint(fresh.sign.public, fresh.curve.public))]
    return fresh


def _stored_key(room: Reception) -> bytes:
    record = room.store.minions.get("a")
    assert record is not None
    return record.curve_key


def test_new_keys_are_on_the_disk_when_they_are_promised(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        fresh = await _rotated(room, box)
        assert _stored_key(room) == fresh.curve.public
        assert await box.beat() == [(PONG, True)], "the old ones are good until then"
        again = room.box("a", fresh)
        assert (await again.hello()).status == "accepted"
        assert room.acts() == ["rotate"]
        box.link.close()
        await room.settle()
        assert room.sessions.broadcast_is_safe
        old = room.box("a", box.keys)
        assert (await old.hello()).status == "denied"

    run(tmp_path, body)


def test_nothing_is_promised_while_the_store_is_away(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        before, fresh = _stored_key(room), NodeKeys.generate()
        other = sqlite3.connect(tmp_path / "master.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert await box.rotate(fresh) == []
        other.rollback()
        other.close()
        assert _stored_key(room) == before
        assert (await room.box("a", fresh).hello()).status == "denied"
        assert kinds(await box.rotate(fresh)) == [ROTATED], "it may ask again, for the same keys"
        assert _stored_key(room) == fresh.curve.public
        assert (await room.box("a", fresh).hello()).status == "accepted"
        assert [entry.state for entry in room.keyring.entries()] == ["accepted"]

    run(tmp_path, body)


def test_answer_that_was_lost_is_given_again(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        fresh = await _rotated(room, box)
        assert kinds(await box.rotate(fresh)) == [ROTATED]
        assert room.acts() == ["rotate"], "once"
        assert (await room.box("a", fresh).hello()).status == "accepted"

    run(tmp_path, body)


def test_other_keys_may_be_asked_for_before_the_first_were_used(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        first = await _rotated(room, box)
        second = await _rotated(room, box)
        assert (await room.box("a", first).hello()).status == "denied"
        assert (await room.box("a", second).hello()).status == "accepted"

    run(tmp_path, body)


def test_key_of_another_minion_cannot_be_rotated_to(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box, other = await room.online("a"), await room.online("b")
        assert await box.rotate(other.keys) == []
        assert room.counters["message refused: same keys"] == 1
        assert await other.beat() == [(PONG, True)]

    run(tmp_path, body)


def test_minion_that_is_deleted_while_it_rotates_is_gone(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        entry = room.keyring.accepted(box.peer)
        assert entry is not None
        fresh = NodeKeys.generate()
        deleting = room.keys.delete(entry)
        room.keyring.delete(entry)
        assert await box.rotate(fresh) == [(HELLO_FIRST, None)]
        await deleting
        assert room.store.minions.get("a") is None
        assert (await room.box("a", fresh).hello()).status == "pending"

    run(tmp_path, body)


def test_minion_that_is_deleted_before_its_rotation_is_stored_is_gone(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = await room.online()
        entry = room.keyring.accepted(box.peer)
        assert entry is not None
        fresh, store_is_busy = NodeKeys.generate(), threading.Event()
        before = asyncio.ensure_future(room.writer.call(store_is_busy.wait))
        rotating = asyncio.ensure_future(box.rotate(fresh))
        while not room.collector.rotating:
            await asyncio.sleep(0)
        room.keyring.delete(entry)
        store_is_busy.set()
        assert await rotating == []
        assert await before
        assert room.store.minions.get("a") is None

    run(tmp_path, body)


# ---------------------------------------------------------------------- lanes


def test_return_behind_a_hello_that_waits_asks_for_no_second_hello(tmp_path: Path) -> None:
    """Both come in one batch; the lane of the hello is served later, and would be again."""

    async def body(room: Reception) -> None:
        box = room.known()
        frames = [request("hello", box.hello_bytes()), request("heartbeat", {"running": 0})]
        box.link.send(frames[1])
        await room.settle()
        assert kinds(box.take()) == [HELLO_FIRST]
        route = next(iter(room.transport._links))
        room.gate.received([Inbound(route, box.peer, "memory", frame) for frame in frames])
        await room.settle()
        assert kinds(box.take()) == [WELCOME]

    run(tmp_path, body)


def test_newest_hello_of_a_connection_is_the_one_that_is_answered(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        box = room.known()
        await box.beat()
        route = next(iter(room.transport._links))
        hellos = [request("hello", box.hello_bytes(nonce=bytes([n]) * 16)) for n in range(3)]
        room.gate.received([Inbound(route, box.peer, "memory", frame) for frame in hellos])
        await room.settle()
        sealed = [text for kind, text in box.take() if kind == WELCOME]
        assert len(sealed) == 1
        judge_welcome(sealed[0], bytes([2]) * 16, room.identity.anchor, 0.0)
        assert room.counters["hello replaced by a newer one"] == 2

    run(tmp_path, body)


def test_hello_that_finds_its_lane_full_is_told_when_to_come_again(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        boxes = [room.known(f"b{n}") for n in range(103)]  # the lane holds 100 with ten a second
        batch = []
        for box in boxes:
            box.link.send(request("heartbeat", {"running": 0}))
            await room.settle()
            box.take()
        for route, box in zip(room.transport._links, boxes, strict=True):
            batch.append(Inbound(route, box.peer, "memory", request("hello", box.hello_bytes())))
        room.gate.received(batch)
        await room.settle()
        # Those whose heartbeats came before are still being asked for their hellos, ten a second.
        answers = [[each for each in box.take() if each[0] != HELLO_FIRST] for box in boxes]
        assert [kinds(each)[0] for each in answers] == [WELCOME] * 100 + [BUSY] * 3
        assert answers[-1] == [(BUSY, {"verb": "hello", "retry_after_s": 10.0})]
        assert room.counters["hello refused: lane full"] == 3

    run(tmp_path, body)


def test_welcome_tells_a_larger_fleet_to_come_back_over_a_longer_time(tmp_path: Path) -> None:
    async def body(room: Reception) -> None:
        told = [(await room.known(f"b{n}").hello()).spread_s for n in range(20)]
        assert told == [(n + 1) / 10.0 for n in range(20)]

    run(tmp_path, body)
