from __future__ import annotations

import pytest

from master.store.delivery_state import BEFORE, FINAL_STATES, OPEN_STATES, may_follow

STATES = OPEN_STATES + FINAL_STATES
# A row is the state before; a column is the state after, in the order of STATES; x is allowed.
#              queued sent received running cancelling | expired cancelled undeliverable unknown superseded returned
TABLE = {
    "queued":          ". x x x .  x x x x x x",
    "sent":            ". x x x x  x . x x x x",
    "received":        ". . . x x  x . x x x x",
    "running":         ". . . . x  . . x x . x",
    "cancelling":      ". . . . .  x . x x . x",
    "expired":         ". . . . .  . . . . . x",
    "cancelled":       ". . . . .  . . . . . .",
    "undeliverable":   ". . . . .  . . . . . x",
    "outcome_unknown": ". . . . .  . . . . . x",
    "superseded":      ". . . . .  . . . . . x",
    "returned":        ". . . . .  . . . . . .",
}  # fmt: skip


def test_table_knows_every_state() -> None:
    assert set(TABLE) == set(STATES) == set(BEFORE)


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_every_pair_of_states(old: str, new: str) -> None:
    allowed = dict(zip(STATES, TABLE[old].split(), strict=True))
    assert may_follow(old, new) == (allowed[new] == "x")
