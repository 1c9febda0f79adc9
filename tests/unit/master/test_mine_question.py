"""Questions about the mine: what a box may ask, and which of its targets the master judges."""

from __future__ import annotations

from typing import Any

import pytest

from shoal.errors import WireError
from shoal.messages import VERBS, request
from shoal.mine import MAX_ASKED, MAX_NAMES, MAX_PACKED, MineQuestion
from shoal.targets import Target
from shoal.wire import Fields

EVERYBODY = {"kind": "glob", "expr": "*", "delimiter": ":"}


def read(**body: Any) -> MineQuestion:
    return MineQuestion.from_fields(Fields(body, "test"))


@pytest.mark.parametrize(
    "question",
    [
        MineQuestion(op="put", names=("net",), packed=b"\xc3"),
        MineQuestion(op="put", names=("net",), packed=b"\xc3", target=Target(kind="list", expr="a,b")),
        MineQuestion(op="keep"),
        MineQuestion(op="keep", names=("a", "b")),
        MineQuestion(op="delete", names=("a",)),
        MineQuestion(
            op="get", names=("a", "b"), target=Target(kind="compound", expr="G@os:x and not T@site:y or N@z")
        ),
    ],
)
def test_question_is_read_as_it_was_sent(question: MineQuestion) -> None:
    assert read(**question.to_wire()) == question


def test_largest_value_fits_its_message() -> None:
    question = MineQuestion(
        op="put", names=("n" * 128,), packed=bytes(MAX_PACKED), target=Target(kind="glob", expr="x" * 4096)
    )
    assert len(request("mine", {"n": 2**53, **question.to_wire()})) < VERBS["mine"].max_bytes


@pytest.mark.parametrize(
    "body",
    [
        {"op": "flush", "names": []},
        {"op": "put", "names": ["a"]},
        {"op": "put", "names": [], "packed": b""},
        {"op": "put", "names": ["a", "b"], "packed": b""},
        {"op": "put", "names": ["a"], "packed": bytes(MAX_PACKED + 1)},
        {"op": "put", "names": ["a"], "packed": b"", "id": "web2"},
        {"op": "put", "names": ["../a"], "packed": b""},
        {"op": "put", "names": ["a b"], "packed": b""},
        {"op": "put", "names": ["a" * 129], "packed": b""},
        {"op": "delete", "names": []},
        {"op": "keep", "names": ["a"] * (MAX_NAMES + 1)},
        {"op": "get", "names": ["a"]},
        {"op": "get", "names": ["a"] * (MAX_ASKED + 1), "target": EVERYBODY},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "expr": "x" * 5000}},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "kind": "pcre"}},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "kind": "grain_pcre"}},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "kind": "pillar"}},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "kind": "compound", "expr": "* and E@(a+)+b"}},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "kind": "compound", "expr": "not P@os:(a+)+b"}},
        {"op": "get", "names": ["a"], "target": {**EVERYBODY, "kind": "compound", "expr": "( J|@a|(a+)+b )"}},
    ],
)  # fmt: skip
def test_what_is_no_question_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(WireError):
        read(**body)
