"""Sealed frames: version, purpose, certificate, signature, in this order."""

from __future__ import annotations

from typing import Any

import pytest

from pki.envelope import ENVELOPE_OVERHEAD, open_sealed, open_undated, seal
from pki.keys import SignKey
from pki.statement import join_statement
from shoal.wire import decode, encode

from .fleet import DAY, NOW, Fleet, node, refusal

FLEET = Fleet()
FRAME = seal("notice", b"body", FLEET.master.sign, FLEET.certificate)
PARTS = decode(FRAME, 4096)


def opened(data: bytes, purpose: str = "notice", now: float = NOW, limit: int = 1000) -> str:
    return refusal(open_sealed, data, purpose, FLEET.anchor(), now, limit)


def sealed_by(key: SignKey, certificate: bytes) -> bytes:
    return seal("notice", b"body", key, certificate)


def with_part(index: int, value: Any) -> bytes:
    return encode([value if i == index else part for i, part in enumerate(PARTS)])


@pytest.mark.parametrize("purpose", ["job", "welcome", "notice", "manifest", "pillar"])
def test_a_sealed_body_comes_back_with_the_masters_certificate(purpose: str) -> None:
    frame = seal(purpose, b"body", FLEET.master.sign, FLEET.certificate)
    body, certificate = open_sealed(frame, purpose, FLEET.anchor(), NOW, 1000)
    assert body == b"body"
    assert certificate.name == "m1"
    assert len(frame) < 430


@pytest.mark.parametrize("purpose", ["certificate", "masters", "hello", "rotation", "", "jobs"])
def test_other_purposes_are_not_sealed(purpose: str) -> None:
    with pytest.raises(ValueError, match="not sealed"):
        seal(purpose, b"", FLEET.master.sign, FLEET.certificate)


@pytest.mark.parametrize("purpose", ["job", "welcome", "manifest", "pillar"])
def test_a_frame_is_not_taken_for_another_purpose(purpose: str) -> None:
    assert opened(FRAME, purpose) == "wrong purpose"
    assert opened(with_part(1, purpose), purpose) == "bad signature"


@pytest.mark.parametrize("version", [0, 2, 255, -1, 2**40])
def test_an_unknown_version_is_refused(version: int) -> None:
    assert opened(with_part(0, version)) == "unknown version"
    assert opened(encode([version, "whatever", "a newer release", {"likes": 1}])) == "unknown version"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        encode([]),
        encode({}),
        encode(1),
        encode([1]),
        encode(PARTS[:4]),
        encode([*PARTS, b""]),
        encode(PARTS[1:]),
        with_part(0, True),
        with_part(0, 1.0),
        with_part(0, "1"),
        with_part(0, None),
        with_part(1, b"notice"),
        with_part(1, "hello"),
        with_part(1, ""),
        with_part(2, None),
        with_part(3, "body"),
        with_part(4, []),
        FRAME + b"\0",
        FRAME[:-1],
        with_part(2, b""),
        with_part(2, b"\x80"),
    ],
)
def test_other_forms_are_refused(data: bytes) -> None:
    assert opened(data) == "wire"


def test_size_is_bounded_twice() -> None:
    big = seal("notice", bytes(1001), FLEET.master.sign, FLEET.certificate)
    assert opened(big, limit=1000) == "wire"
    assert opened(bytes(1001 + ENVELOPE_OVERHEAD), limit=1000) == "wire"
    body, _ = open_sealed(big, "notice", FLEET.anchor(), NOW, 1001)
    assert len(body) == 1001


def test_the_largest_certificate_fits_the_overhead() -> None:
    certificate = FLEET.certify(name="x" * 253, serial=2**63 - 1)
    frame = seal("welcome", bytes(100_000), FLEET.master.sign, certificate)
    open_sealed(frame, "welcome", FLEET.anchor(), NOW, 100_000)


def test_a_signature_removed_cut_or_from_elsewhere_is_refused() -> None:
    for signature in (b"", bytes(64), PARTS[4][:-1], PARTS[4] + b"\0", FLEET.root.sign("notice", b"body")):
        assert opened(with_part(4, signature)) == "bad signature"


def test_another_body_is_refused() -> None:
    assert opened(with_part(3, b"bodY")) == "bad signature"
    assert opened(with_part(3, b"")) == "bad signature"


def test_another_roots_master_is_refused() -> None:
    other = Fleet(2)
    assert opened(sealed_by(other.master.sign, other.certificate)) == "unknown signer"
    assert opened(sealed_by(other.master.sign, FLEET.certificate)) == "bad signature"


def test_a_minion_is_no_master() -> None:
    assert opened(sealed_by(FLEET.minion.sign, FLEET.certificate)) == "bad signature"
    body = encode(
        {
            "v": 1,
            "fleet": FLEET.id,
            "name": "evil",
            "sign_key": FLEET.minion.sign.public,
            "curve_key": FLEET.minion.curve.public,
            "not_before": NOW - DAY,
            "not_after": NOW + DAY,
            "serial": 9,
        }
    )
    self_made = join_statement(body, FLEET.minion.sign.sign("certificate", body))
    assert opened(sealed_by(FLEET.minion.sign, self_made)) == "unknown signer"


def test_one_master_cannot_use_anothers_certificate() -> None:
    second = node(2)
    certificate = FLEET.certify(second, name="m2", serial=2)
    assert opened(with_part(2, certificate)) == "bad signature"
    assert opened(sealed_by(FLEET.master.sign, certificate)) == "bad signature"
    open_sealed(sealed_by(second.sign, certificate), "notice", FLEET.anchor(), NOW, 100)


def test_dates_and_revocation_are_checked_though_the_certificate_is_remembered() -> None:
    anchor = FLEET.anchor()
    open_sealed(FRAME, "notice", anchor, NOW, 100)
    assert refusal(open_sealed, FRAME, "notice", anchor, NOW - 2 * DAY, 100) == "certificate early"
    assert refusal(open_sealed, FRAME, "notice", anchor, NOW + 90 * DAY, 100) == "certificate expired"
    open_undated(FRAME, "notice", anchor, 100)
    anchor.revoke([1])
    assert refusal(open_sealed, FRAME, "notice", anchor, NOW, 100) == "certificate revoked"
    assert refusal(open_undated, FRAME, "notice", anchor, 100) == "certificate revoked"


def test_a_new_certificate_for_a_new_key_works_beside_the_old() -> None:
    anchor, fresh = FLEET.anchor(), node(3)
    renewed = FLEET.certify(fresh, serial=2, not_after=NOW + 180 * DAY)
    for frame in (FRAME, sealed_by(fresh.sign, renewed), FRAME):
        open_sealed(frame, "notice", anchor, NOW, 100)
    later = NOW + 100 * DAY
    assert refusal(open_sealed, FRAME, "notice", anchor, later, 100) == "certificate expired"
    open_sealed(sealed_by(fresh.sign, renewed), "notice", anchor, later, 100)
