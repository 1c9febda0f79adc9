"""The pinned root: remembers what it has checked, forgets in turn, revokes at once."""

from __future__ import annotations

import pytest

from pki import anchor as anchor_module
from pki.anchor import MAX_REMEMBERED
from pki.certificate import read_certificate

from .fleet import Fleet, refusal

FLEET = Fleet()


def test_a_certificate_is_verified_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []

    def count(data: bytes, root: bytes) -> object:
        calls.append(data)
        return read_certificate(data, root)

    monkeypatch.setattr(anchor_module, "read_certificate", count)
    anchor = FLEET.anchor()
    assert anchor.certificate(FLEET.certificate) is anchor.certificate(bytes(bytearray(FLEET.certificate)))
    assert len(calls) == 1


def test_the_memory_is_bounded_and_the_oldest_goes() -> None:
    anchor = FLEET.anchor()
    many = [FLEET.certify(serial=serial) for serial in range(1, 3 * MAX_REMEMBERED)]
    for data in many:
        anchor.certificate(data)
    assert list(anchor._known) == many[-MAX_REMEMBERED:]


def test_strangers_certificates_are_not_remembered() -> None:
    anchor = FLEET.anchor()
    anchor.certificate(FLEET.certificate)
    for serial in range(1, 40):
        assert refusal(anchor.certificate, Fleet(2).certify(serial=serial)) == "unknown signer"
    assert list(anchor._known) == [FLEET.certificate]


def test_revocation_takes_effect_at_once_and_stays() -> None:
    anchor = FLEET.anchor()
    anchor.certificate(FLEET.certificate)
    anchor.revoke([1])
    assert refusal(anchor.certificate, FLEET.certificate) == "certificate revoked"
    anchor.revoke([2])
    assert refusal(anchor.certificate, FLEET.certificate) == "certificate revoked"
    assert anchor.certificate(FLEET.certify(serial=3)).serial == 3


def test_revoked_from_the_start() -> None:
    assert refusal(FLEET.anchor(1).certificate, FLEET.certificate) == "certificate revoked"


def test_the_fleet_is_the_roots() -> None:
    assert FLEET.anchor().fleet == FLEET.id
    assert FLEET.anchor().root_public == FLEET.root.public
