"""The welcome: fresh, from a master of this fleet, on boxes whose clock is anywhere."""

from __future__ import annotations

from typing import Any

import pytest

from pki.envelope import seal
from pki.masters import judge_masters
from pki.welcome import MAX_WELCOME_BYTES, STATUSES, Welcome, judge_welcome
from shoal.clock import BUILD_TIME, FakeClock, FloorClock
from shoal.wire import encode

from .fleet import DAY, NONCE, NOW, Fleet, refusal, without

FLEET = Fleet()
GOOD = Welcome(nonce=NONCE, status="accepted", time=NOW)


def judged(frame: bytes, nonce: bytes = NONCE, floor: float = NOW, *revoked: int) -> str:
    return refusal(judge_welcome, frame, nonce, FLEET.anchor(*revoked), floor)


@pytest.mark.parametrize("status", STATUSES)
def test_it_comes_back(status: str) -> None:
    frame = FLEET.sealed_welcome(status=status, reason="why", session=b"s", retry_after_s=5.0)
    welcome, certificate = judge_welcome(frame, NONCE, FLEET.anchor(), NOW)
    assert (welcome.status, welcome.reason, welcome.retry_after_s) == (status, "why", 5.0)
    assert welcome.tags == {"site": "quay"}
    assert certificate.name == "m1"


def test_an_old_welcome_is_refused() -> None:
    assert judged(FLEET.sealed_welcome(), bytes(16)) == "wrong nonce"
    assert judged(FLEET.sealed_welcome(), b"") == "wrong nonce"


def test_strangers_are_refused() -> None:
    other = Fleet(2)
    assert judged(other.sealed_welcome()) == "unknown signer"
    forged = seal("welcome", encode(GOOD.to_wire()), FLEET.minion.sign, FLEET.certificate)
    assert judged(forged) == "bad signature"
    assert (
        judged(seal("notice", encode(GOOD.to_wire()), FLEET.master.sign, FLEET.certificate))
        == "wrong purpose"
    )
    assert judged(FLEET.sealed_job()) == "wrong purpose"
    assert judged(FLEET.sealed_welcome(), NONCE, NOW, 1) == "certificate revoked"


@pytest.mark.parametrize("system", [0.0, 86400.0, BUILD_TIME - 1, NOW - 365 * DAY, NOW, 4_000_000_000.0])
def test_first_contact_whatever_the_box_clock_says(system: float) -> None:
    clock = FloorClock(FakeClock(system))
    data = FLEET.masters()
    frame = FLEET.sealed_welcome(masters=data)
    welcome, _ = judge_welcome(frame, NONCE, FLEET.anchor(), clock.floor)
    clock.anchor(welcome.time)
    assert clock.now() == NOW
    assert judge_masters(welcome.masters, FLEET.root.public, None, clock.now()).version == 7


def test_a_certificate_expired_at_the_signed_time_is_refused() -> None:
    assert judged(FLEET.sealed_welcome(time=NOW + 90 * DAY)) == "certificate expired"
    assert judged(FLEET.sealed_welcome(time=NOW - 2 * DAY), floor=0.0) == "certificate early"


def test_an_expired_certificate_cannot_sign_an_old_time() -> None:
    assert judged(FLEET.sealed_welcome(time=NOW), floor=NOW + 91 * DAY) == "certificate expired"


def test_the_time_cannot_be_pushed_beyond_the_certificate() -> None:
    assert judged(FLEET.sealed_welcome(time=NOW + 50 * 365 * DAY), floor=0.0) == "certificate expired"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 0},
        {"v": 2},
        {"nonce": bytes(15)},
        {"status": "maybe"},
        {"status": ""},
        {"time": -1},
        {"time": "now"},
        {"reason": "r" * 1001},
        {"heartbeat_s": 0},
        {"heartbeat_s": 86401},
        {"retry_after_s": 86401},
        {"retry_after_s": None},
        {"tags": []},
        {"tags": {f"t{i}": "" for i in range(129)}},
        {"tags": {"site": 1}},
        {"tags": {"site": "v" * 257}},
        {"tags": {"k" * 65: ""}},
        {"masters": "text"},
        {"session": bytes(33)},
        {"extra": 1},
    ],
)
def test_a_malformed_welcome_is_refused(change: dict[str, Any]) -> None:
    body = encode(GOOD.to_wire() | change)
    assert judged(seal("welcome", body, FLEET.master.sign, FLEET.certificate)) == "wire"


@pytest.mark.parametrize("name", list(GOOD.to_wire()))
def test_a_missing_field_is_refused(name: str) -> None:
    body = encode(without(GOOD.to_wire(), name))
    assert judged(seal("welcome", body, FLEET.master.sign, FLEET.certificate)) == "wire"


def test_size_is_bounded() -> None:
    assert judged(bytes(2 * MAX_WELCOME_BYTES)) == "wire"


def test_wire_form_is_symmetric() -> None:
    assert Welcome.from_wire(GOOD.to_wire()) == GOOD
