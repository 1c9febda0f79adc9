"""The hello: the peer's own keys, signed by them, in a protocol we speak."""

from __future__ import annotations

from typing import Any

import pytest

from pki.hello import MAX_HELLO_BYTES, Hello, judge_hello, make_hello
from pki.keys import SignKey
from pki.statement import join_statement
from shoal.wire import encode

from .fleet import Fleet, node, refusal, without

FLEET = Fleet()
PEER = FLEET.minion.curve.public
GOOD = FLEET.hello()


def signed(body: dict[str, Any], key: SignKey = FLEET.minion.sign, purpose: str = "hello") -> bytes:
    packed = encode(body)
    return join_statement(packed, key.sign(purpose, packed))


def test_it_comes_back() -> None:
    assert judge_hello(FLEET.sealed_hello(token="t", grains_digest=b"d" * 32), PEER) == FLEET.hello(
        token="t", grains_digest=b"d" * 32
    )


def test_the_token_is_not_shown() -> None:
    assert "s3cret" not in repr(FLEET.hello(token="s3cret"))


def test_a_hello_over_another_nodes_connection_is_refused() -> None:
    data = FLEET.sealed_hello()
    assert refusal(judge_hello, data, node(9).curve.public) == "wrong curve key"
    assert refusal(judge_hello, data, b"") == "wrong curve key"
    assert refusal(judge_hello, data, FLEET.minion.sign.public) == "wrong curve key"


def test_another_nodes_sign_key_cannot_be_claimed() -> None:
    stolen = FLEET.hello(sign_key=node(9).sign.public)
    assert refusal(judge_hello, make_hello(stolen, FLEET.minion.sign), PEER) == "bad signature"


def test_the_curve_key_cannot_be_exchanged_after_signing() -> None:
    body = GOOD.to_wire()
    packed, other = encode(body), encode(body | {"curve_key": node(9).curve.public})
    data = join_statement(other, FLEET.minion.sign.sign("hello", packed))
    assert refusal(judge_hello, data, node(9).curve.public) == "bad signature"


@pytest.mark.parametrize("purpose", ["job", "rotation", "certificate", "welcome"])
def test_a_signature_for_something_else_is_refused(purpose: str) -> None:
    assert refusal(judge_hello, signed(GOOD.to_wire(), purpose=purpose), PEER) == "bad signature"


@pytest.mark.parametrize("protocols", [(0, 0), (2, 2), (2, 9), (1, 0)])
def test_no_common_protocol_is_refused(protocols: tuple[int, int]) -> None:
    assert refusal(judge_hello, FLEET.sealed_hello(protocols=protocols), PEER) == "unknown version"


@pytest.mark.parametrize("protocols", [(1, 1), (0, 1), (1, 7), (0, 2**31 - 1)])
def test_the_newest_common_protocol_is_taken(protocols: tuple[int, int]) -> None:
    assert judge_hello(FLEET.sealed_hello(protocols=protocols), PEER).common_protocol() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"v": 1},
        {"v": [1]},
        {"v": [1, 1, 1]},
        {"v": [1, True]},
        {"v": [-1, 1]},
        {"v": [1, 2**31]},
        {"id": ""},
        {"id": "../x"},
        {"id": "a/b"},
        {"id": "a\0b"},
        {"id": "."},
        {"id": "x" * 254},
        {"id": "bоx1"},  # noqa: RUF001 - a Cyrillic o on purpose
        {"id": "box1\n"},
        {"id": "-box"},
        {"id": 7},
        {"sign_key": bytes(31)},
        {"curve_key": bytes(33)},
        {"nonce": bytes(15)},
        {"nonce": bytes(17)},
        {"nonce": "x" * 16},
        {"boot_id": "b" * 65},
        {"started": float(2**60)},
        {"token": "t" * 129},
        {"token": None},
        {"shoal": "s" * 65},
        {"grains_digest": bytes(65)},
        {"extra": 1},
    ],
)
def test_a_malformed_hello_is_refused(change: dict[str, Any]) -> None:
    assert refusal(judge_hello, signed(GOOD.to_wire() | change), PEER) == "wire"


@pytest.mark.parametrize("name", list(GOOD.to_wire()))
def test_a_missing_field_is_refused(name: str) -> None:
    assert refusal(judge_hello, signed(without(GOOD.to_wire(), name)), PEER) == "wire"


def test_size_is_bounded() -> None:
    assert refusal(judge_hello, bytes(MAX_HELLO_BYTES + 1), PEER) == "wire"
    largest = FLEET.sealed_hello(id="x" * 253, token="t" * 128, boot_id="b" * 64, shoal="s" * 64)
    assert judge_hello(largest, PEER).id == "x" * 253


def test_a_certificate_or_job_is_no_hello() -> None:
    assert refusal(judge_hello, FLEET.certificate, PEER) == "wire"
    assert refusal(judge_hello, FLEET.sealed_job(), PEER) == "wire"


def test_wire_form_is_symmetric() -> None:
    assert Hello.from_wire(GOOD.to_wire()) == GOOD
