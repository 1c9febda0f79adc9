"""The masters document: root-signed, never older, bounded."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pki.keys import SignKey
from pki.masters import (
    MAX_MASTERS_BYTES,
    MAX_REVOKED,
    MasterEntry,
    MastersDocument,
    issue_masters,
    judge_masters,
    read_masters,
)
from pki.statement import join_statement
from shoal.errors import TrustError, WireError
from shoal.wire import decode, encode

from .fleet import DAY, NOW, Fleet, node, refusal, without

FLEET = Fleet()
ROOT = FLEET.root.public
GOOD = FLEET.document()
ENTRY = GOOD.masters[0]


def signed(body: dict[str, Any], key: SignKey = FLEET.root, purpose: str = "masters") -> bytes:
    packed = encode(body)
    return join_statement(packed, key.sign(purpose, packed))


def test_it_comes_back() -> None:
    assert read_masters(FLEET.masters(), ROOT) == GOOD
    assert judge_masters(FLEET.masters(), ROOT, None, NOW) == GOOD


def test_a_higher_version_replaces_a_lower() -> None:
    newer = judge_masters(FLEET.masters(version=8), ROOT, GOOD, NOW)
    assert newer.version == 8
    assert newer.newer_than(GOOD)
    assert not GOOD.newer_than(newer)
    assert not GOOD.newer_than(GOOD)


def test_an_older_version_is_refused() -> None:
    assert refusal(judge_masters, FLEET.masters(version=6), ROOT, GOOD, NOW) == "older version"


def test_the_same_version_with_other_content_is_refused() -> None:
    assert refusal(judge_masters, FLEET.masters(revoked=(9,)), ROOT, GOOD, NOW) == "older version"


def test_the_same_again_is_no_news_even_when_expired() -> None:
    assert judge_masters(FLEET.masters(), ROOT, GOOD, NOW + 365 * DAY) is GOOD


def test_an_expired_one_is_not_taken() -> None:
    assert refusal(judge_masters, FLEET.masters(version=8), ROOT, GOOD, GOOD.expires) == "expired"
    assert judge_masters(FLEET.masters(version=8), ROOT, GOOD, GOOD.expires - 1).version == 8


def test_other_signers_are_refused() -> None:
    assert refusal(read_masters, Fleet(2).masters(), ROOT) == "bad signature"
    for key in (FLEET.master.sign, FLEET.minion.sign):
        assert refusal(read_masters, signed(GOOD.to_wire(), key), ROOT) == "bad signature"
    assert refusal(read_masters, signed(GOOD.to_wire(), purpose="certificate"), ROOT) == "bad signature"
    assert refusal(read_masters, FLEET.certificate, ROOT) == "bad signature"


def test_another_fleets_name_is_refused() -> None:
    assert refusal(read_masters, signed(GOOD.to_wire() | {"fleet": "0" * 32}), ROOT) == "wrong fleet"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"version": 0},
        {"version": "7"},
        {"masters": []},
        {"masters": [ENTRY.to_wire()] * 2},
        {"masters": [ENTRY.to_wire() | {"name": f"m{i}"} for i in range(65)]},
        {"masters": {}},
        {"masters": [None]},
        {"revoked": [0]},
        {"revoked": ["1"]},
        {"revoked": [True]},
        {"revoked": [2**63]},
        {"revoked": list(range(1, MAX_REVOKED + 2))},
        {"issued": -1.0},
        {"extra": 0},
    ],
)
def test_a_malformed_document_is_refused_even_if_the_root_signed_it(change: dict[str, Any]) -> None:
    assert refusal(read_masters, signed(GOOD.to_wire() | change), ROOT) == "wire"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "a/b"},
        {"addresses": []},
        {"addresses": ["a"] * 9},
        {"addresses": ["tcp://x"]},
        {"addresses": "host"},
        {"addresses": [1]},
        {"publish_port": 0},
        {"request_port": 65536},
        {"curve_key": b""},
        {"next_curve_key": bytes(31)},
        {"next_curve_key": bytes(33)},
        {"certificate": bytes(1025)},
        {"extra": 0},
    ],
)
def test_a_malformed_entry_is_refused(change: dict[str, Any]) -> None:
    data = signed(GOOD.to_wire() | {"masters": [ENTRY.to_wire() | change]})
    assert refusal(read_masters, data, ROOT) == "wire"


@pytest.mark.parametrize("name", list(GOOD.to_wire()))
def test_a_missing_field_is_refused(name: str) -> None:
    assert refusal(read_masters, signed(without(GOOD.to_wire(), name)), ROOT) == "wire"


@pytest.mark.parametrize("name", list(ENTRY.to_wire()))
def test_a_missing_field_of_an_entry_is_refused(name: str) -> None:
    data = signed(GOOD.to_wire() | {"masters": [without(ENTRY.to_wire(), name)]})
    assert refusal(read_masters, data, ROOT) == "wire"


def test_size_is_bounded() -> None:
    assert refusal(read_masters, bytes(MAX_MASTERS_BYTES + 1), ROOT) == "wire"


def test_the_largest_document_fits() -> None:
    entries = tuple(
        dataclasses.replace(
            ENTRY,
            name=f"m{i}",
            addresses=("x" * 253,) * 4,
            certificate=FLEET.certify(name=f"m{i}", serial=i + 1),
        )
        for i in range(64)
    )
    data = FLEET.masters(masters=entries, revoked=tuple(range(100, 100 + MAX_REVOKED)))
    assert len(read_masters(data, ROOT).masters) == 64


def test_keys_are_tried_in_order_during_a_rotation() -> None:
    assert ENTRY.curve_keys() == (ENTRY.curve_key,)
    entry = dataclasses.replace(ENTRY, next_curve_key=node(9).curve.public)
    assert entry.curve_keys() == (ENTRY.curve_key, node(9).curve.public)
    assert read_masters(FLEET.masters(masters=(entry,)), ROOT).masters[0] == entry


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"fleet": "0" * 32}, "another fleet"),
        ({"revoked": (1,)}, "revoked in the same document"),
        ({"masters": (dataclasses.replace(ENTRY, name="other"),)}, "does not fit its certificate"),
        ({"masters": (dataclasses.replace(ENTRY, curve_key=bytes(32)),)}, "does not fit its certificate"),
        ({"masters": ()}, "no masters"),
    ],
)
def test_the_root_does_not_sign_what_does_not_fit(change: dict[str, Any], text: str) -> None:
    with pytest.raises(WireError, match=text):
        FLEET.masters(**change)


def test_the_root_does_not_sign_another_roots_master() -> None:
    entry = dataclasses.replace(ENTRY, certificate=Fleet(2).certificate)
    with pytest.raises(TrustError, match="unknown signer"):
        issue_masters(FLEET.root, FLEET.document(masters=(entry,)))


def test_wire_form_is_symmetric() -> None:
    assert MastersDocument.from_wire(decode(encode(GOOD.to_wire()), 10_000)) == GOOD
    assert MasterEntry.from_wire(ENTRY.to_wire()) == ENTRY
