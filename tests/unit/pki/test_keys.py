"""Keys sign, verify, and never show themselves."""

from __future__ import annotations

import pytest
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from pki.keys import CurveKey, NodeKeys, SignKey, same_bytes, sha256, verify
from pki.purpose import PURPOSES, SEALED, signed_text

SEED = bytes(range(32))


def test_a_signature_verifies() -> None:
    key = SignKey(SEED)
    assert verify(key.public, "job", b"body", key.sign("job", b"body"))


def test_keys_are_the_ones_pynacl_makes() -> None:
    assert SignKey(SEED).public == bytes(SigningKey(SEED).verify_key)
    assert SignKey(SEED).seed == SEED
    assert CurveKey(SEED).public == bytes(PrivateKey(SEED).public_key)
    signature = SigningKey(SEED).sign(b"shoal:job\0body").signature
    assert SignKey(SEED).sign("job", b"body") == signature


@pytest.mark.parametrize(
    ("purpose", "body"),
    [("welcome", b"body"), ("notice", b"body"), ("job", b"bodx"), ("job", b""), ("job", b"body ")],
)
def test_a_signature_for_something_else_does_not_verify(purpose: str, body: bytes) -> None:
    key = SignKey(SEED)
    assert not verify(key.public, purpose, body, key.sign("job", b"body"))


def test_another_keys_signature_does_not_verify() -> None:
    signature = SignKey(bytes(32)).sign("job", b"body")
    assert not verify(SignKey(SEED).public, "job", b"body", signature)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_a_signature_of_another_length_does_not_verify(length: int) -> None:
    assert not verify(SignKey(SEED).public, "job", b"body", bytes(length))


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\x01" + bytes(31), b"\xff" * 32, bytes(33)])
def test_a_weak_or_odd_public_key_verifies_nothing(public: bytes) -> None:
    assert not verify(public, "job", b"body", bytes(64))


def test_adding_the_group_order_to_a_signature_does_not_verify() -> None:
    key = SignKey(SEED)
    signature = key.sign("job", b"body")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(signature[32:], "little") + order
    assert not verify(key.public, "job", b"body", signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_secret_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SignKey(bytes(length))
    with pytest.raises(ValueError, match="32 bytes"):
        CurveKey(bytes(length))


def test_generated_keys_differ() -> None:
    one, two = NodeKeys.generate(), NodeKeys.generate()
    keys = {one.sign.public, two.sign.public, one.curve.public, two.curve.public}
    assert len(keys) == 4
    assert one.sign.seed != one.curve.secret


def test_a_repr_shows_no_secret() -> None:
    keys = NodeKeys(SignKey(SEED), CurveKey(SEED))
    shown = f"{keys!r} {keys.sign!r} {keys.curve!s}"
    assert SEED.hex()[:8] not in shown
    assert repr(SEED)[2:10] not in shown
    assert keys.sign.public[:4].hex() in shown


def test_purposes_cannot_run_into_each_other() -> None:
    texts = {signed_text(purpose, b"x") for purpose in PURPOSES}
    assert len(texts) == len(PURPOSES) == 9
    assert SEALED < PURPOSES
    with pytest.raises(ValueError, match="no such purpose"):
        signed_text("job\0", b"")


def test_same_bytes_and_digest() -> None:
    assert same_bytes(b"abc", b"abc")
    assert not same_bytes(b"abc", b"abd")
    assert not same_bytes(b"abc", b"abc\0")
    assert same_bytes(b"", b"")
    assert sha256(b"abc").hex().startswith("ba7816bf8f01cfea")
