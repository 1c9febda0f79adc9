"""The keyring: one key an id, one id a key, bounded strangers, and a rotation's overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from master.keyring import ACCEPTED, DENIED, PENDING, REJECTED, KeyEntry, Keyring
from pki.hello import Hello
from pki.keys import NodeKeys

SOURCE = "192.0.2.7"


def hello(minion: str, keys: NodeKeys) -> Hello:
    return Hello(
        id=minion,
        sign_key=keys.sign.public,
        curve_key=keys.curve.public,
        nonce=bytes(16),
        started=0.0,
        shoal="0",
    )


def peer(keys: NodeKeys) -> str:
    return keys.curve.public.hex()


def entry(minion: str, keys: NodeKeys, state: str) -> KeyEntry:
    return KeyEntry(id=minion, peer=peer(keys), sign_key=keys.sign.public, state=state)


def keyring(entries: Iterable[KeyEntry] = (), max_pending: int = 100) -> Keyring:
    return Keyring(entries, max_pending=max_pending, now=lambda: 1.0)


@pytest.fixture
def box() -> NodeKeys:
    return NodeKeys.generate()


@pytest.fixture
def other() -> NodeKeys:
    return NodeKeys.generate()


def test_stranger_waits_and_the_store_learns_of_it_once(box: NodeKeys) -> None:
    ring = keyring()
    verdict = ring.judge(hello("a", box), peer(box), SOURCE)
    assert verdict.status == PENDING
    assert verdict.changed is not None
    assert (verdict.changed.source, verdict.changed.first_seen) == (SOURCE, 1.0)
    assert verdict.reason == "accept it with: shoal-key -a a"
    again = ring.judge(hello("a", box), peer(box), SOURCE)
    assert (again.status, again.changed) == (PENDING, None)
    assert ring.accepted(peer(box)) is None


def test_accepted_key_is_welcome(box: NodeKeys) -> None:
    ring = keyring()
    ring.judge(hello("a", box), peer(box), SOURCE)
    pending = ring.peer(peer(box))
    assert pending is not None
    ring.set_state(pending, ACCEPTED)
    assert ring.judge(hello("a", box), peer(box), SOURCE).status == ACCEPTED
    assert ring.accepted(peer(box)) is not None


@pytest.mark.parametrize("state", [ACCEPTED, PENDING, REJECTED])
def test_other_key_for_an_id_that_is_held_is_denied(box: NodeKeys, other: NodeKeys, state: str) -> None:
    ring = keyring([entry("a", box, state)])
    verdict = ring.judge(hello("a", other), peer(other), SOURCE)
    assert verdict.status == DENIED
    assert f"belongs to another key ({state})" in verdict.reason
    assert ring.judge(hello("a", box), peer(box), SOURCE).status == state


def test_ids_that_differ_in_case_alone_are_one(box: NodeKeys, other: NodeKeys) -> None:
    ring = keyring([entry("Edge-1", box, ACCEPTED)])
    assert ring.judge(hello("edge-1", other), peer(other), SOURCE).status == DENIED
    assert not ring.may_join(hello("EDGE-1", other), peer(other))


def test_key_belongs_to_one_id(box: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)])
    verdict = ring.judge(hello("b", box), peer(box), SOURCE)
    assert (verdict.status, verdict.reason) == (DENIED, "this key belongs to a")
    assert ring.holder("b") is None


def test_sign_key_that_changed_alone_is_denied(box: NodeKeys, other: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)])
    mixed = NodeKeys(other.sign, box.curve)
    assert ring.judge(hello("a", mixed), peer(mixed), SOURCE).status == DENIED


def test_denied_key_waits_once_its_id_is_free(box: NodeKeys, other: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)])
    ring.judge(hello("a", other), peer(other), SOURCE)
    held = ring.holder("a")
    assert held is not None
    ring.delete(held)
    verdict = ring.judge(hello("a", other), peer(other), SOURCE)
    assert verdict.status == PENDING
    assert verdict.changed is not None


def test_waiting_room_is_bounded_and_known_minions_do_not_notice(box: NodeKeys) -> None:
    ring = keyring([entry("known", box, ACCEPTED)], max_pending=3)
    verdicts = []
    for number in range(5):
        keys = NodeKeys.generate()
        verdicts.append(ring.judge(hello(f"s{number}", keys), peer(keys), SOURCE).status)
    assert verdicts == [PENDING] * 3 + ["busy"] * 2
    assert ring.judge(hello("known", box), peer(box), SOURCE).status == ACCEPTED
    waiting = ring.holder("s0")
    assert waiting is not None
    ring.delete(waiting)
    keys = NodeKeys.generate()
    assert ring.judge(hello("s9", keys), peer(keys), SOURCE).status == PENDING


def test_denied_keys_are_bounded(box: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)], max_pending=3)
    verdicts = []
    for _ in range(10):
        keys = NodeKeys.generate()
        verdicts.append(ring.judge(hello("a", keys), peer(keys), SOURCE))
    assert {verdict.status for verdict in verdicts} == {DENIED}
    assert sum(verdict.changed is not None for verdict in verdicts) == 3
    assert len(ring.entries()) == 4


def test_token_helps_a_stranger_and_a_pending_key_and_nobody_else(box: NodeKeys, other: NodeKeys) -> None:
    assert keyring().may_join(hello("a", box), peer(box))
    assert keyring([entry("a", box, PENDING)]).may_join(hello("a", box), peer(box))
    for state in (ACCEPTED, REJECTED, DENIED):
        assert not keyring([entry("a", box, state)]).may_join(hello("a", box), peer(box))
    assert not keyring([entry("a", other, PENDING)]).may_join(hello("a", box), peer(box))
    assert not keyring([entry("b", box, PENDING)]).may_join(hello("a", box), peer(box))


def test_deleted_key_is_a_stranger(box: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)])
    held = ring.holder("a")
    assert held is not None
    ring.delete(held)
    ring.delete(held)
    assert ring.peer(peer(box)) is None
    assert ring.entries() == []


# ------------------------------------------------------------------- rotation


def rotated(ring: Keyring, box: NodeKeys, fresh: NodeKeys) -> tuple[KeyEntry, KeyEntry]:
    old = ring.accepted(peer(box))
    assert old is not None
    new = replace(old, sign_key=fresh.sign.public, peer=peer(fresh))
    ring.rotate(old, new)
    return old, new


def test_both_pairs_are_good_until_the_new_one_has_been_seen(box: NodeKeys, other: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)])
    old, new = rotated(ring, box, other)
    assert ring.coming(old) == new
    assert ring.judge(hello("a", box), peer(box), SOURCE).status == ACCEPTED
    assert ring.judge(hello("a", other), peer(other), SOURCE).status == ACCEPTED
    assert ring.rotated_out(peer(other)) == old
    assert ring.peer(peer(box)) is None
    assert ring.coming(old) is None
    assert ring.rotated_out(peer(other)) is None, "once"
    assert ring.holder("a") == new


def test_second_rotation_before_the_first_was_used_replaces_it(box: NodeKeys, other: NodeKeys) -> None:
    ring = keyring([entry("a", box, ACCEPTED)])
    rotated(ring, box, other)
    third = NodeKeys.generate()
    old, new = rotated(ring, box, third)
    assert ring.peer(peer(other)) is None, "nobody has that key any more"
    assert ring.rotated_out(peer(third)) == old
    assert ring.entries() == [new]


def test_after_a_restart_of_the_master_the_new_pair_alone_is_known(box: NodeKeys, other: NodeKeys) -> None:
    ring = keyring([entry("a", other, ACCEPTED)])
    assert ring.judge(hello("a", box), peer(box), SOURCE).status == DENIED
    assert ring.judge(hello("a", other), peer(other), SOURCE).status == ACCEPTED
