"""What goes first when the spool is full: output before return codes, successes before failures, old before new."""

from __future__ import annotations

from typing import Any

import pytest

from minion.ledger.trim import LARGE, LINE, OVERHEAD, TAIL_BYTES, Cut, Held, cuts, one_line, with_tail
from shoal.wire import decode, encode

BIG = 10_000


def plan(held: list[Held], too_much: int) -> list[tuple[int, Cut]]:
    return [(one.place, cut) for one, cut in cuts(held, too_much)]


@pytest.mark.parametrize(
    ("held", "too_much", "expected"),
    [
        ([Held(1, BIG, True)], 0, []),
        ([Held(1, BIG, True), Held(2, BIG, True)], 1, [(1, "tail")]),
        ([Held(1, BIG, False), Held(2, BIG, True)], 1, [(2, "tail")]),
        ([Held(1, BIG, False), Held(2, BIG, True)], BIG, [(2, "tail"), (1, "tail")]),
        ([Held(1, 1000, True), Held(2, BIG, True)], 1, [(2, "tail")]),
        ([Held(1, 1000, True), Held(2, BIG, False)], 1, [(2, "tail")]),
        ([Held(1, 1000, False), Held(2, 1000, True), Held(3, 1000, True)], 1, [(2, "line")]),
        ([Held(1, 1000, False), Held(2, 1000, True)], 1000, [(2, "line"), (1, "line")]),
        ([Held(1, 10, False), Held(2, 10, True), Held(3, 10, True)], 1, [(2, "gone")]),
        ([Held(1, 10, False), Held(2, 10, True)], 1000, [(2, "gone"), (1, "gone")]),
        ([Held(1, BIG, True)], 10**9, [(1, "tail"), (1, "line"), (1, "gone")]),
    ],
)
def test_what_is_cut_and_in_which_order(
    held: list[Held], too_much: int, expected: list[tuple[int, Cut]]
) -> None:
    assert plan(held, too_much) == expected


def test_nothing_is_cut_beyond_what_is_needed() -> None:
    held = [Held(number, BIG, True) for number in range(100)]
    assert len(plan(held, 5 * (BIG - LARGE))) == 5
    assert len(plan(held, 100 * (BIG + OVERHEAD))) == 300


@pytest.mark.parametrize(
    "value",
    ["x" * BIG + "the end", "ü" * BIG + "the end", {"stdout": "y" * BIG + "the end"}, ["a" * BIG, "the end"]],
)
def test_value_keeps_its_size_its_digest_and_its_end(value: Any) -> None:
    packed = encode(value)
    left = with_tail(packed, "ab" * 32)
    text = decode(left, LARGE)
    assert len(left) <= LARGE
    assert f"{len(packed)} bytes" in text
    assert "ab" * 32 in text
    assert text.endswith("the end")


@pytest.mark.parametrize(
    "packed", [b"", b"\xc4\x00", b"\xff" * BIG, bytes(range(256)) * 20, encode(b"\x80" * BIG)]
)
def test_value_that_is_no_text_is_cut_all_the_same(packed: bytes) -> None:
    left = with_tail(packed, "0" * 64)
    assert len(left) <= LARGE
    assert isinstance(decode(left, LARGE), str)


def test_sizes_that_the_plan_counts_on() -> None:
    assert TAIL_BYTES < LARGE
    assert len(one_line(2**63)) <= LINE
