"""Pools of equal answers: what counts as equal, and what differs."""

from __future__ import annotations

from typing import Any

import pytest

from master.runners import survey
from shoal.returns import Return
from shoal.wire import encode


def answer(value: Any, **changed: Any) -> Return:
    fields = {
        "jid": "20261121093000123456",
        "fun": "test.echo",
        "outcome": "done",
        "retcode": 0,
        "minion": "m",
    }
    return Return(**{**fields, "packed": encode(value), "started": 0.0, "duration_s": 0.0, **changed})


def digest(value: Any) -> str:
    return survey._read(answer(value))[0]


def test_order_in_maps_does_not_count() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest({1: "a", "b": 2}) == digest({"b": 2, 1: "a"})


@pytest.mark.parametrize(("one", "other"), [([1, 2], [2, 1]), (1, True), (1, "1"), ("", None), ([], {})])
def test_other_answers_are_others(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


def test_what_cannot_be_read_is_an_answer() -> None:
    assert survey._read(answer(0, packed=b"\xc1"))[1].startswith("[cannot be read: ")


def test_lines_that_differ() -> None:
    text = survey._difference("a\nb\nc\nd\ne", "a\nb\nX\nd\ne")
    assert text.splitlines()[2:] == ["@@ -2,3 +2,3 @@", " b", "-c", "+X", " d"]
    assert "-    1" in survey._difference({"a": 1}, {"a": 2})
    assert survey._difference("", "x").splitlines()[-1] == "+x"


def test_box_cannot_make_the_master_compare_for_long() -> None:
    text = survey._difference("a\n" * 1001, "x")
    assert text == "[not compared: an answer has more than 1000 lines]"
    assert survey._difference("a\n" * 1000, "x").startswith("--- ")
