"""Join tokens: random, hashed, bounded, and refused for a stated reason."""

from __future__ import annotations

import pytest

from pki.token import TokenRecord, hash_token, judge_token, new_token

from .fleet import NOW, refusal


def record(*, expires: float = NOW + 60, uses_left: int = 1, revoked: bool = False) -> TokenRecord:
    return TokenRecord(token_id="abcdefgh", expires=expires, uses_left=uses_left, revoked=revoked)


def test_new_tokens_differ_and_carry_their_id() -> None:
    tokens = [new_token() for _ in range(50)]
    assert len({text for _, text in tokens}) == 50
    for token_id, text in tokens:
        assert text.startswith(token_id + "-")
        assert len(text) == 41
        assert hash_token(text) == hash_token(text)
        assert text not in hash_token(text)


def test_different_tokens_have_different_hashes() -> None:
    assert len({hash_token(new_token()[1]) for _ in range(50)}) == 50


GOOD = "abcdefgh-" + "2" * 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        None,
        7,
        b"abcdefgh-" + b"2" * 32,
        GOOD[:-1],
        GOOD + "2",
        GOOD + "\n",
        GOOD + "\0",
        " " + GOOD,
        GOOD[:20] + "\0" + GOOD[21:],
        GOOD[:20] + "٣" + GOOD[21:],
        GOOD.upper(),
        "2" * 41,
        "x" * 10_000_000,
        "\ud800" * 41,
    ],
)
def test_what_is_no_token_is_unknown(text: object) -> None:
    assert refusal(hash_token, text) == "unknown token"


def test_the_text_is_not_in_the_error() -> None:
    with pytest.raises(Exception, match="unknown token") as caught:
        hash_token("my-secret-guess")
    assert "guess" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "now", "reason"),
    [
        (None, NOW, "unknown token"),
        (record(revoked=True), NOW, "revoked"),
        (record(), NOW + 60, "expired"),
        (record(), NOW + 61, "expired"),
        (record(uses_left=0), NOW, "used up"),
        (record(uses_left=-1), NOW, "used up"),
        (record(revoked=True, expires=0, uses_left=0), NOW, "revoked"),
        (record(expires=0, uses_left=0), NOW, "expired"),
    ],
)
def test_refusals(given: TokenRecord | None, now: float, reason: str) -> None:
    assert refusal(judge_token, given, now) == reason


def test_a_good_token_is_returned() -> None:
    good = record()
    assert judge_token(good, NOW + 59.9) is good
    assert judge_token(record(uses_left=10_000), NOW).uses_left == 10_000
