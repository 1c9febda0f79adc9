"""The states of one delivery, a job for one minion, and which may follow which. Pure: no time, no database.

1. An open delivery only moves forward: queued, sent, received, running, cancelling. Steps may be skipped.
2. A final one stays, but for a true return: it corrects what was only inferred from silence.
3. What runs already can neither expire nor be superseded; both speak of jobs that have not begun. If its minion
   is never heard of again, its outcome is unknown in the end.
4. A queued delivery is cancelled at once; of one that may be with its minion, the minion is asked: cancelling.
"""

from __future__ import annotations

from typing import Final

QUEUED: Final = "queued"
SENT: Final = "sent"
RECEIVED: Final = "received"
RUNNING: Final = "running"
CANCELLING: Final = "cancelling"
RETURNED: Final = "returned"
EXPIRED: Final = "expired"
CANCELLED: Final = "cancelled"
UNDELIVERABLE: Final = "undeliverable"
OUTCOME_UNKNOWN: Final = "outcome_unknown"
SUPERSEDED: Final = "superseded"

OPEN_STATES: Final = (QUEUED, SENT, RECEIVED, RUNNING, CANCELLING)  # in their order
FINAL_STATES: Final = (EXPIRED, CANCELLED, UNDELIVERABLE, OUTCOME_UNKNOWN, SUPERSEDED, RETURNED)
INFERRED_STATES: Final = (EXPIRED, UNDELIVERABLE, OUTCOME_UNKNOWN, SUPERSEDED)
_NOT_BEGUN: Final = (QUEUED, SENT, RECEIVED)

BEFORE: Final[dict[str, tuple[str, ...]]] = {
    QUEUED: (),
    SENT: (QUEUED, SENT),  # sent again is one more attempt
    RECEIVED: (QUEUED, SENT),
    RUNNING: _NOT_BEGUN,
    CANCELLING: (SENT, RECEIVED, RUNNING),
    RETURNED: OPEN_STATES + INFERRED_STATES,
    EXPIRED: (*_NOT_BEGUN, CANCELLING),
    CANCELLED: (QUEUED,),
    UNDELIVERABLE: OPEN_STATES,
    OUTCOME_UNKNOWN: OPEN_STATES,
    SUPERSEDED: _NOT_BEGUN,
}


def may_follow(old: str, new: str) -> bool:
    """Say whether a delivery in state `old` may become `new`. Raises KeyError for an unknown `new`."""
    return old in BEFORE[new]
