"""Join strings: pasted, broken over lines, mistyped, cut."""

from __future__ import annotations

from base64 import b32encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pki.join import PREFIX, JoinString, parse_join_string
from pki.keys import sha256
from shoal.errors import ConfigError, WireError
from shoal.wire import encode

from .fleet import node

GOOD = JoinString(
    root_key=bytes(range(32)),
    addresses=("master.example.com", "192.0.2.1"),
    publish_port=4505,
    request_port=4506,
    curve_key=node(1).curve.public,
    token="abcdefgh-" + "2" * 32,
)
TEXT = GOOD.to_text()


def advice(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_join_string(text)
    message = str(caught.value)
    assert message.startswith("join string: ")
    assert "\n" not in message
    assert text[7:40] not in message or len(text) < 40
    return message


def made_of(body: bytes) -> str:
    counted = len(body).to_bytes(2, "big") + body
    return PREFIX + b32encode(counted + sha256(counted)[:4]).decode().rstrip("=")


def test_it_comes_back() -> None:
    assert parse_join_string(TEXT) == GOOD
    assert TEXT.startswith("shoal1-")
    assert TEXT.islower()
    assert len(TEXT) < 350


def test_the_token_is_not_shown() -> None:
    assert GOOD.token not in repr(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        f"  {TEXT}\n",
        f"\t{TEXT}\r\n\n",
        TEXT.upper(),
        "\n".join(TEXT[i : i + 40] for i in range(0, len(TEXT), 40)),
        " ".join(TEXT[i : i + 4] for i in range(0, len(TEXT), 4)),
    ],
)
def test_white_space_and_case_do_not_matter(text: str) -> None:
    assert parse_join_string(text) == GOOD


def test_every_single_wrong_character_is_noticed() -> None:
    for place in range(len(PREFIX), len(TEXT)):
        other = "a" if TEXT[place] != "a" else "b"
        advice(TEXT[:place] + other + TEXT[place + 1 :])


def test_two_neighbours_exchanged_are_noticed() -> None:
    for place in range(len(PREFIX), len(TEXT) - 1):
        one, two = TEXT[place], TEXT[place + 1]
        if one != two:
            assert (
                "checksum" in (text := advice(TEXT[:place] + two + one + TEXT[place + 2 :])) or "cut" in text
            )


def test_every_truncation_says_so() -> None:
    for end in range(len(PREFIX), len(TEXT)):
        assert "cut short" in advice(TEXT[:end])


@pytest.mark.parametrize("more", ["a", "aa", "aaaa", "aaaaaaaa", TEXT])
def test_something_appended_is_noticed(more: str) -> None:
    advice(TEXT + more)


@pytest.mark.parametrize("strange", ["0", "1", "8", "!", "é", "\0", "-", "="])
def test_a_character_that_cannot_be_is_named_with_its_place(strange: str) -> None:
    assert "character 21" in advice(TEXT[:20] + strange + TEXT[21:])


@pytest.mark.parametrize(
    "text", ["", " ", "shoal", "shoal1", TEXT[1:], TEXT[7:], "ssh-ed25519 AAAA", "http://x"]
)
def test_without_its_beginning_it_says_how_it_begins(text: str) -> None:
    assert "begins with shoal1-" in advice(text)


@pytest.mark.parametrize("prefix", ["shoal2-", "shoal0-", "Shoal17-"])
def test_another_version_is_named_so(prefix: str) -> None:
    assert "another release" in advice(prefix + TEXT[7:])


def test_length_is_bounded() -> None:
    assert "longer than" in advice(TEXT * 100)


@pytest.mark.parametrize(
    "change",
    [
        {"root": b""},
        {"curve": b"x" * 31},
        {"addresses": []},
        {"addresses": ["tcp://x:1"]},
        {"publish_port": 0},
        {"request_port": 70000},
        {"token": "t" * 129},
        {"extra": 1},
    ],
)
def test_one_made_wrongly_is_refused(change: dict[str, object]) -> None:
    assert "made wrongly" in advice(made_of(encode(GOOD.to_wire() | change)))


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"\x90", encode(None)])
def test_another_body_is_refused(body: bytes) -> None:
    assert "made wrongly" in advice(made_of(body))


def test_a_bad_value_is_not_written() -> None:
    bad = JoinString(root_key=b"", addresses=("x",), publish_port=1, request_port=1, curve_key=bytes(32))
    with pytest.raises(WireError):
        bad.to_text()


@settings(database=None, deadline=None, max_examples=200)
@given(st.one_of(st.text(max_size=300), st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", max_size=300)))
def test_any_text_is_a_config_error_at_worst(text: str) -> None:
    for candidate in (text, PREFIX + text):
        with pytest.raises(ConfigError):
            parse_join_string(candidate)
