"""A certificate: only this root's, only these dates, only these forms."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from pki.certificate import MAX_CERTIFICATE_BYTES, MasterCertificate, issue_certificate, read_certificate
from pki.keys import SignKey
from pki.statement import join_statement, split_statement
from shoal.errors import TrustError, WireError
from shoal.wire import decode, encode

from .fleet import DAY, NOW, Fleet, node, refusal, without

FLEET = Fleet()
GOOD = read_certificate(FLEET.certificate, FLEET.root.public)


def signed(body: dict[str, Any], root: SignKey = FLEET.root, purpose: str = "certificate") -> bytes:
    packed = encode(body)
    return join_statement(packed, root.sign(purpose, packed))


def test_it_says_whose_keys_these_are() -> None:
    assert GOOD.name == "m1"
    assert GOOD.fleet == FLEET.id
    assert GOOD.sign_key == FLEET.master.sign.public
    assert GOOD.curve_key == FLEET.master.curve.public
    assert (GOOD.not_before, GOOD.not_after, GOOD.serial) == (NOW - DAY, NOW + 90 * DAY, 1)
    assert len(FLEET.certificate) < 330


def test_another_roots_certificate_is_refused() -> None:
    assert refusal(read_certificate, Fleet(2).certificate, FLEET.root.public) == "unknown signer"


def test_a_master_cannot_certify_others() -> None:
    data = signed(GOOD.to_wire(), FLEET.master.sign)
    assert refusal(read_certificate, data, FLEET.root.public) == "unknown signer"


@pytest.mark.parametrize("purpose", ["job", "masters", "hello", "rotation"])
def test_what_the_root_signed_for_something_else_is_no_certificate(purpose: str) -> None:
    data = signed(GOOD.to_wire(), purpose=purpose)
    assert refusal(read_certificate, data, FLEET.root.public) == "unknown signer"


def test_a_certificate_that_names_another_fleet_is_refused() -> None:
    data = signed(GOOD.to_wire() | {"fleet": Fleet(2).id})
    assert refusal(read_certificate, data, FLEET.root.public) == "wrong fleet"


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (NOW - DAY - 0.001, "certificate early"),
        (NOW - DAY, ""),
        (NOW + 90 * DAY - 0.001, ""),
        (NOW + 90 * DAY, "certificate expired"),
        (0.0, "certificate early"),
    ],
)
def test_dates(now: float, reason: str) -> None:
    if reason:
        assert refusal(GOOD.check_at, now) == reason
    else:
        GOOD.check_at(now)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 0},
        {"v": 2},
        {"v": True},
        {"v": "1"},
        {"extra": 1},
        {"name": "../x"},
        {"name": ""},
        {"name": "a\nb"},
        {"sign_key": bytes(31)},
        {"sign_key": "x" * 32},
        {"curve_key": b""},
        {"not_before": -1},
        {"not_before": "now"},
        {"not_after": NOW - DAY},
        {"not_after": NOW - 2 * DAY},
        {"serial": 0},
        {"serial": 2**63},
        {"serial": 1.0},
        {"fleet": "f" * 33},
    ],
)
def test_a_malformed_body_is_refused_even_if_the_root_signed_it(change: dict[str, Any]) -> None:
    assert refusal(read_certificate, signed(GOOD.to_wire() | change), FLEET.root.public) == "wire"


@pytest.mark.parametrize("name", list(GOOD.to_wire()))
def test_a_missing_field_is_refused(name: str) -> None:
    assert refusal(read_certificate, signed(without(GOOD.to_wire(), name)), FLEET.root.public) == "wire"


def test_an_unsigned_body_is_never_decoded() -> None:
    body = b"\xc1 not msgpack"
    data = join_statement(body, bytes(64))
    assert refusal(read_certificate, data, FLEET.root.public) == "unknown signer"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x90",
        encode([b"", b"", b""]),
        encode([b"only"]),
        encode({"body": b""}),
        encode(["text", b"x"]),
        encode(None),
        encode([b"x" * MAX_CERTIFICATE_BYTES, bytes(64)]),
        FLEET.certificate + b"\0",
        FLEET.certificate * 2,
    ],
)
def test_other_bytes_are_refused(data: bytes) -> None:
    assert refusal(read_certificate, data, FLEET.root.public) == "wire"


def test_signature_removed_or_cut() -> None:
    body, signature = split_statement(FLEET.certificate, 1024, "certificate")
    for cut in (b"", signature[:-1], signature + b"\0"):
        assert refusal(read_certificate, join_statement(body, cut), FLEET.root.public) == "unknown signer"
    assert refusal(read_certificate, encode([body]), FLEET.root.public) == "wire"


@pytest.mark.parametrize(
    "change", [{"name": "bad name"}, {"serial": 0}, {"valid": (NOW, NOW)}, {"keys": (b"", b"")}]
)
def test_the_root_does_not_sign_what_nobody_would_accept(change: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "name": "m1",
        "keys": (node(1).sign.public, node(1).curve.public),
        "valid": (NOW, NOW + 1),
        "serial": 1,
    }
    with pytest.raises(WireError):
        issue_certificate(FLEET.root, **(values | change))


def test_wire_form_is_symmetric() -> None:
    again = MasterCertificate.from_wire(decode(encode(GOOD.to_wire()), 1024))
    assert again == GOOD
    with pytest.raises(dataclasses.FrozenInstanceError):
        again.serial = 2  # type: ignore[misc]


def test_errors_name_the_master() -> None:
    with pytest.raises(TrustError, match=r"certificate expired: m1's \(serial 1\)"):
        GOOD.check_at(NOW + 99 * DAY)
