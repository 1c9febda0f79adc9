"""What becomes of an unfinished job after a restart.

| it was   | and                     | so it                                     |
|----------|-------------------------|-------------------------------------------|
| accepted | its time is not over    | runs                                      |
| accepted | its time is over        | is answered with `expired`                |
| started  | may run twice (`safe`)  | runs again                                |
| started  | can be looked at        | has its probe asked (`check`)             |
| started  | anything else           | is answered with `outcome_unknown`        |

A job that has begun is never called expired: it had its effect, or half of it. Never guess.
"""

from __future__ import annotations

from typing import Final, Literal

from minion.ledger.entry import State

Replay = Literal["safe", "check", "never"]
Decision = Literal["run", "expire", "run_again", "probe", "unknown"]

_STARTED: Final[dict[str, Decision]] = {"safe": "run_again", "check": "probe"}


def decide(state: State, expires: float, now: float, replay: str | None) -> Decision:
    """Return what to do with a job that was left in `state`; times are epoch seconds.

    `replay` is what the function declares; None or a word that is not known counts as `never`.
    """
    if state == "accepted":
        return "run" if now < expires else "expire"
    return _STARTED.get(replay or "never", "unknown")
