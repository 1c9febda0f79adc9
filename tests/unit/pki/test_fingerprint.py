"""Fingerprints cover both keys and compare as people type them."""

from __future__ import annotations

import hashlib

import pytest

from pki.fingerprint import fingerprint, fleet_id, root_fingerprint, same_fingerprint, short_fingerprint

A, B = b"a" * 32, b"b" * 32


def test_the_form_is_salts() -> None:
    text = fingerprint(A, B)
    digest = hashlib.sha256(A + B).hexdigest()
    assert text == ":".join(digest[i : i + 2] for i in range(0, 64, 2))
    assert short_fingerprint(text) == text[:23]
    assert root_fingerprint(A).replace(":", "") == hashlib.sha256(A).hexdigest()


def test_it_depends_on_both_keys_and_their_order() -> None:
    assert len({fingerprint(A, B), fingerprint(B, A), fingerprint(A, A), fingerprint(B, B)}) == 4


@pytest.mark.parametrize("keys", [(b"", A), (A, b""), (A[:31], B), (A + B, b""), (b"", A + B)])
def test_keys_of_another_length_have_none(keys: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        fingerprint(*keys)


def test_case_colons_and_spaces_do_not_matter() -> None:
    text = fingerprint(A, B)
    assert same_fingerprint(text, text.upper())
    assert same_fingerprint(text, f"  {text.replace(':', ' ')}\n")
    assert same_fingerprint(text.replace(":", ""), text)


@pytest.mark.parametrize(
    "other", ["", ":", "x", fingerprint(B, A), fingerprint(A, B)[:-1], fingerprint(A, B) + "0"]
)
def test_another_fingerprint_is_not_the_same(other: str) -> None:
    assert not same_fingerprint(fingerprint(A, B), other)
    assert not same_fingerprint(other, fingerprint(A, B))


def test_two_empty_or_short_ones_are_not_the_same() -> None:
    assert not same_fingerprint("", "")
    short = short_fingerprint(fingerprint(A, B))
    assert not same_fingerprint(short, short)


def test_strange_text_is_no_error() -> None:
    assert not same_fingerprint("\ud800" * 10, "é" * 64)
    assert not same_fingerprint(":" * 10_000, "a")


def test_the_fleet_id_is_half_the_roots_digest() -> None:
    assert fleet_id(A) == hashlib.sha256(A).hexdigest()[:32]
