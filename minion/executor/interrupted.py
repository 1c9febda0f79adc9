"""What is said of a job that had begun when its minion stopped, and that does not run again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

_STOPPED: Final = "The minion or its box stopped while this job ran, begun at {at}: {what}"
_NEVER: Final = "whether and how far it ran is not known. It has not been run again."
_APPLIED: Final = "its effect is there, so it has not been run again; what it returned is lost."


@dataclass(frozen=True, slots=True)
class Known:
    """How a job ended without being run."""

    outcome: str
    text: str


def unknown(since: float, why: str = "") -> Known:
    """Return the answer for a job that began at epoch second `since`, of which nobody knows how far it came."""
    return Known("outcome_unknown", f"{_stopped(since, _NEVER)} {why}".rstrip())


def applied(since: float) -> Known:
    """Return the answer for a job that began at epoch second `since` and has had its effect."""
    return Known("done", _stopped(since, _APPLIED))


def _stopped(since: float, what: str) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(since))
    return _STOPPED.format(at=at, what=what)
