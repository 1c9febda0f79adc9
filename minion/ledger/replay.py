"""What becomes of an unfinished job after a restart.

| it was   | and                             | so it                                                        |
|----------|---------------------------------|--------------------------------------------------------------|
| accepted | its time is not over            | runs                                                         |
| accepted | its time is over                | is answered with `expired`                                   |
| started  | may have been so too often      | is answered with `outcome_unknown`: it may be what ends us   |
| started  | anything else                   | is resumed: its function's `replay` says how (executor)      |

A job that has begun is never called expired: it had its effect, or half of it. Never guess.
"""

from __future__ import annotations

from typing import Final, Literal

from minion.ledger.entry import State

Decision = Literal["run", "expire", "resume", "unknown"]
MAX_RUNS: Final = 3  # beginnings of one job


def decide(state: State, expires: float, now: float, runs: int) -> Decision:
    """Return what to do with a job that was left in `state` and has begun `runs` times; times are epoch seconds."""
    if state == "accepted":
        return "run" if now < expires else "expire"
    return "resume" if runs < MAX_RUNS else "unknown"
