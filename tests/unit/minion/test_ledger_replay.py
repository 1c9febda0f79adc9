"""What becomes of unfinished jobs after a restart: never guessed, never run twice unless the function allows it."""

from __future__ import annotations

import pytest

from minion.ledger.entry import State
from minion.ledger.replay import Decision, decide

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("state", "expires", "replay", "decision"),
    [
        ("accepted", NOW + 1, "never", "run"),
        ("accepted", NOW + 1, "safe", "run"),
        ("accepted", NOW + 1, None, "run"),
        ("accepted", NOW, "safe", "expire"),
        ("accepted", NOW - 86_400, "never", "expire"),
        ("started", NOW + 1, "safe", "run_again"),
        ("started", NOW + 1, "check", "probe"),
        ("started", NOW + 1, "never", "unknown"),
        ("started", NOW + 1, None, "unknown"),
        ("started", NOW + 1, "", "unknown"),
        ("started", NOW + 1, "SAFE", "unknown"),
        ("started", NOW + 1, "sometimes", "unknown"),
        ("started", NOW - 1, "safe", "run_again"),
        ("started", NOW - 1, "check", "probe"),
        ("started", NOW - 1, "never", "unknown"),
    ],
)
def test_unfinished_job_after_a_restart(
    state: State, expires: float, replay: str | None, decision: Decision
) -> None:
    assert decide(state, expires, NOW, replay) == decision
