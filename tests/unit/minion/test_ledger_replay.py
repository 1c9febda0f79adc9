"""What becomes of unfinished jobs after a restart: never guessed, never begun again and again."""

from __future__ import annotations

import pytest

from minion.ledger.entry import State
from minion.ledger.replay import MAX_RUNS, Decision, decide

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("state", "expires", "runs", "decision"),
    [
        ("accepted", NOW + 1, 0, "run"),
        ("accepted", NOW, 0, "expire"),
        ("accepted", NOW - 86_400, 0, "expire"),
        ("started", NOW + 1, 0, "resume"),
        ("started", NOW + 1, 1, "resume"),
        ("started", NOW - 1, 2, "resume"),
        ("started", NOW + 1, MAX_RUNS, "unknown"),
        ("started", NOW - 1, MAX_RUNS + 1, "unknown"),
    ],
)
def test_unfinished_job_after_a_restart(state: State, expires: float, runs: int, decision: Decision) -> None:
    assert decide(state, expires, NOW, runs) == decision
