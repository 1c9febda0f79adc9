"""Rotation: both keys sign, from the keys on record, now."""

from __future__ import annotations

from typing import Any

import pytest

from pki.fingerprint import fingerprint
from pki.keys import CurveKey, NodeKeys, SignKey
from pki.rotation import MAX_AGE_S, Rotation, judge_rotation, make_rotation
from pki.statement import join_statement, split_statement
from shoal.wire import decode, encode

from .fleet import NOW, node, refusal, without

OLD, NEW, OTHER = node(1), node(2), node(3)
RECORD = (OLD.sign.public, OLD.curve.public)
DATA = make_rotation("box1", OLD, NEW, NOW)
BODY = decode(split_statement(DATA, 2048, "rotation", 2)[0], 2048)


def signed(
    body: dict[str, Any], old: SignKey = OLD.sign, new: SignKey = NEW.sign, purpose: str = "rotation"
) -> bytes:
    packed = encode(body)
    return join_statement(packed, old.sign(purpose, packed), new.sign(purpose, packed))


def judged(
    data: bytes, minion_id: str = "box1", record: tuple[bytes, bytes] = RECORD, now: float = NOW
) -> str:
    return refusal(judge_rotation, data, minion_id, record, now)


def test_it_comes_back() -> None:
    rotation = judge_rotation(DATA, "box1", RECORD, NOW)
    assert (rotation.sign_key, rotation.curve_key) == (NEW.sign.public, NEW.curve.public)
    assert rotation.old_fingerprint == fingerprint(*RECORD)


def test_a_minion_rotates_only_itself() -> None:
    assert judged(DATA, "box2") == "wrong minion"
    assert judged(make_rotation("box2", OLD, NEW, NOW)) == "wrong minion"


def test_from_keys_that_are_not_on_record() -> None:
    assert judged(DATA, record=(OTHER.sign.public, OTHER.curve.public)) == "wrong keys"
    assert judged(DATA, record=(OLD.sign.public, OTHER.curve.public)) == "wrong keys"


def test_a_rotation_cannot_be_played_again_after_it_happened() -> None:
    assert judged(DATA, record=(NEW.sign.public, NEW.curve.public)) == "wrong keys"


def test_both_signatures_are_needed() -> None:
    assert judged(signed(BODY, old=OTHER.sign)) == "bad signature"
    assert judged(signed(BODY, new=OTHER.sign)) == "bad signature"
    assert judged(signed(BODY, old=NEW.sign, new=OLD.sign)) == "bad signature"
    assert judged(signed(BODY, purpose="hello")) == "bad signature"
    body, old, _ = split_statement(DATA, 2048, "rotation", 2)
    assert judged(join_statement(body, old, old)) == "bad signature"
    assert judged(join_statement(body, old, b"")) == "bad signature"
    assert judged(join_statement(body, old)) == "wire"


@pytest.mark.parametrize(
    "keys", [NodeKeys(OLD.sign, NEW.curve), NodeKeys(NEW.sign, OLD.curve), NodeKeys(OLD.sign, OLD.curve)]
)
def test_both_keys_must_change(keys: NodeKeys) -> None:
    assert judged(make_rotation("box1", OLD, keys, NOW)) == "same keys"


@pytest.mark.parametrize("now", [NOW - MAX_AGE_S - 1, NOW + MAX_AGE_S + 1, 0.0])
def test_it_is_good_for_five_minutes(now: float) -> None:
    assert judged(DATA, now=now) == "stale"
    assert judge_rotation(DATA, "box1", RECORD, NOW + MAX_AGE_S)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"id": "../x"},
        {"old": "x" * 96},
        {"sign_key": bytes(31)},
        {"curve_key": b""},
        {"time": -1},
        {"extra": 1},
    ],
)
def test_a_malformed_rotation_is_refused(change: dict[str, Any]) -> None:
    assert judged(signed(BODY | change)) == "wire"


@pytest.mark.parametrize("name", list(BODY))
def test_a_missing_field_is_refused(name: str) -> None:
    assert judged(signed(without(BODY, name))) == "wire"


def test_generated_keys_rotate() -> None:
    fresh = NodeKeys(SignKey.generate(), CurveKey.generate())
    assert judge_rotation(make_rotation("box1", OLD, fresh, NOW), "box1", RECORD, NOW)
    assert Rotation.from_wire(BODY).id == "box1"
