"""A box's pillar: from a master of this fleet, for this box, because of this question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pki.envelope import seal
from pki.keys import SignKey
from pki.pillar import MAX_EARLY_S, judge_kept, judge_pillar, seal_pillar
from shoal.errors import WireError
from shoal.pillar.handed import (
    MAX_HANDED_BYTES,
    MAX_PILLAR_BYTES,
    HandedPillar,
    PillarQuestion,
    read_packed,
)
from shoal.wire import Fields, encode

from .fleet import DAY, NONCE, NOW, Fleet, refusal, without

FLEET = Fleet()
BOX = "box1"
VALUE = {"db": {"password": "hunter2"}}
QUESTION = PillarQuestion(nonce=NONCE, grains=b"d")
GOOD = HandedPillar(fleet=FLEET.id, to=BOX, nonce=NONCE, issued=NOW, pillarenv="", packed=encode(VALUE))


def sealed(handed: HandedPillar = GOOD, certificate: bytes = b"", key: SignKey | None = None) -> bytes:
    return seal_pillar(handed, key or FLEET.master.sign, certificate or FLEET.certificate)


def judged(frame: bytes, question: PillarQuestion = QUESTION, *revoked: int) -> str:
    return refusal(judge_pillar, frame, BOX, question, FLEET.anchor(*revoked), NOW)


def kept(frame: bytes, *revoked: int) -> str:
    return refusal(judge_kept, frame, BOX, FLEET.anchor(*revoked))


def test_pillar_comes_back_and_shows_no_value_by_itself() -> None:
    handed = judge_pillar(sealed(), BOX, QUESTION, FLEET.anchor(), NOW)
    assert handed == GOOD
    assert handed.value() == VALUE
    assert judge_kept(sealed(), BOX, FLEET.anchor()) == GOOD
    assert "hunter2" not in repr(handed)


OLD = FLEET.certify(not_before=NOW - 9 * DAY, not_after=NOW - DAY)
REFUSALS: dict[str, tuple[bytes, str]] = {
    "of another fleet's master": (
        seal_pillar(GOOD, Fleet(2).master.sign, Fleet(2).certificate), "unknown signer"),
    "by a key that is none of a master's": (sealed(key=FLEET.minion.sign), "bad signature"),
    "that names another fleet": (sealed(replace(GOOD, fleet=Fleet(2).id)), "wrong fleet"),
    "of another box": (sealed(replace(GOOD, to="box2")), "wrong minion"),
    "of a box whose id is spelled like ours": (sealed(replace(GOOD, to="BOX1")), "wrong minion"),
    "of nobody": (sealed(replace(GOOD, to="")), "wrong minion"),
    "for everybody": (sealed(replace(GOOD, to="*")), "wrong minion"),
    "that answers another question": (sealed(replace(GOOD, nonce=bytes(16))), "wrong nonce"),
    "of another environment": (sealed(replace(GOOD, pillarenv="dev")), "wrong environment"),
    "under an expired certificate": (sealed(certificate=OLD), "certificate expired"),
    "under a certificate that is not valid yet": (
        sealed(certificate=FLEET.certify(not_before=NOW + DAY)), "certificate early"),
    "from the future": (sealed(replace(GOOD, issued=NOW + MAX_EARLY_S + 1)), "issued in the future"),
    "that is a job": (FLEET.sealed_job(), "wrong purpose"),
    "that is a welcome": (FLEET.sealed_welcome(), "wrong purpose"),
    "sealed as a manifest": (
        seal("manifest", encode(GOOD.to_wire()), FLEET.master.sign, FLEET.certificate), "wrong purpose"),
    "that is no map": (sealed(replace(GOOD, packed=encode(["a"]))), "wire"),
    "that is no msgpack": (sealed(replace(GOOD, packed=b"\xc1")), "wire"),
    "of nothing": (b"", "wire"),
    "too large": (seal("pillar", bytes(MAX_HANDED_BYTES + 1), FLEET.master.sign, FLEET.certificate), "wire"),
}  # fmt: skip
OTHERWISE_WHEN_KEPT = {
    "that answers another question",  # it did not, when it came
    "from the future",
    "under an expired certificate",
    "under a certificate that is not valid yet",
}


@pytest.mark.parametrize("what", REFUSALS)
def test_pillar_is_refused(what: str) -> None:
    frame, reason = REFUSALS[what]
    assert judged(frame) == reason
    if what not in OTHERWISE_WHEN_KEPT:
        assert kept(frame) == reason


def test_answer_for_an_environment_is_not_one_for_all() -> None:
    asked = replace(QUESTION, pillarenv="dev")
    assert judged(sealed(), asked) == "wrong environment"
    answer = replace(GOOD, pillarenv="dev")
    assert judge_pillar(sealed(answer), BOX, asked, FLEET.anchor(), NOW) == answer


def test_pillar_is_no_job() -> None:
    assert refusal(FLEET.trust().judge, sealed(), NOW) == "wrong purpose"


def test_revoked_certificate_ends_new_and_kept_ones() -> None:
    assert judged(sealed(), QUESTION, 1) == "certificate revoked"
    assert kept(sealed(), 1) == "certificate revoked"


def test_kept_pillar_outlives_its_certificate_but_must_have_been_issued_under_it() -> None:
    once = replace(GOOD, issued=NOW - 2 * DAY)
    assert judge_kept(sealed(once, OLD), BOX, FLEET.anchor()) == once
    assert kept(sealed(GOOD, OLD)) == "certificate expired"


@pytest.mark.parametrize(
    "fields",
    [{"v": 2}, {"v": "1"}, {"fleet": 7}, {"to": b"box1"}, {"nonce": bytes(15)}, {"nonce": ""}, {"issued": -1},
     {"issued": "now"}, {"pillarenv": ".."}, {"pillarenv": 5}, {"packed": {}}, {"more": 1}],
    ids=str,
)  # fmt: skip
def test_body_that_is_none_is_malformed_whoever_signed_it(fields: dict[str, Any]) -> None:
    body = encode(GOOD.to_wire() | fields)
    assert judged(seal("pillar", body, FLEET.master.sign, FLEET.certificate)) == "wire"


def test_larger_pillar_than_the_bound_is_malformed_and_the_largest_is_not() -> None:
    filler = MAX_PILLAR_BYTES - len(encode({"x": "y" * 100_000})) + 100_000
    largest = replace(GOOD, packed=encode({"x": "y" * filler}))
    assert len(largest.packed) == MAX_PILLAR_BYTES
    assert judge_pillar(sealed(largest), BOX, QUESTION, FLEET.anchor(), NOW) == largest
    assert judged(sealed(replace(GOOD, packed=largest.packed + b"x"))) == "wire"


@pytest.mark.parametrize("name", GOOD.to_wire())
def test_no_field_may_be_missing(name: str) -> None:
    body = encode(without(GOOD.to_wire(), name))
    assert judged(seal("pillar", body, FLEET.master.sign, FLEET.certificate)) == "wire"


def test_question_comes_back() -> None:
    for question in (QUESTION, PillarQuestion(nonce=NONCE, pillarenv="dev/x", grains=bytes(64))):
        assert PillarQuestion.from_fields(Fields(question.to_wire(), "question")) == question


@pytest.mark.parametrize("name", QUESTION.to_wire())
def test_question_without_a_field_is_malformed(name: str) -> None:
    with pytest.raises(WireError, match="missing"):
        PillarQuestion.from_fields(Fields(without(QUESTION.to_wire(), name), "question"))


@pytest.mark.parametrize(
    "fields",
    [{"nonce": bytes(15)}, {"nonce": bytes(17)}, {"nonce": "x" * 16}, {"pillarenv": "../etc"}, {"pillarenv": None},
     {"grains": bytes(65)}, {"grains": ""},
     *({name: "box2"} for name in ("id", "minion", "to", "pillar", "ext_pillar", "ext", "saltenv", "path", "url"))],
    ids=str,
)  # fmt: skip
def test_question_that_is_none_or_says_more_is_malformed(fields: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        PillarQuestion.from_fields(Fields(QUESTION.to_wire() | fields, "question"))


def test_nothing_packed_is_an_empty_pillar() -> None:
    assert read_packed(b"") == {}
