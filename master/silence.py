"""Why a target has not answered, in words for people.

The label is one of: queued; sent, not received; received; running since; offline since; at another master; unknown.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from master.runs import Silence
from master.sessions import Sessions
from shoal.clock import Clock
from shoal.job import Job

SENT: Final = "Sent, not received"
_NOT_KNOWN: Final = "whether the job reached it, and how far it ran, is not known"


class SilenceWords:
    """Finds the words, from what the sessions know of a minion. `now` is epoch seconds."""

    def __init__(self, sessions: Sessions, clock: Clock, now: Callable[[], float]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._now = now

    def absent(self, minion: str) -> Silence:
        """It was not there when a `now` job was published."""
        text = "It was not connected when the job was published."
        if self._sessions.elsewhere(minion):
            text = "It is connected to another master: order the job there, or with --queue."
        return Silence(minion, "offline", self.offline(minion), text)

    def queued(self, minion: str, job: Job) -> Silence:
        """It is not there, and the job waits for it."""
        text = f"It is not connected. The job waits for it until {_when(job.expires)}."
        return Silence(minion, "queued", "Queued", text, kept=True)

    def unsure(self, minion: str, job: Job, *, received: bool) -> Silence:
        """It was sent a job that is kept for it, and has not begun."""
        if received:
            text = f"It has the job on its disk and begins it before {_when(job.expires)}."
            return Silence(minion, "received", "Received", text, kept=True)
        text = f"It was sent the job and has not said so. It is sent again until {_when(job.expires)}."
        return Silence(minion, "sent", SENT, text, kept=True)

    def no_sign(self, minion: str, timeout_s: float) -> Silence:
        """It gave no sign of a `now` job."""
        if self._sessions.present(minion):
            text = f"It is connected and was sent the job, but gave no sign within {timeout_s:g} s."
            return Silence(minion, "sent", SENT, text)
        text = "It lost its connection before it gave a sign."
        return Silence(minion, "offline", self.offline(minion), text)

    def lost(self, minion: str, began: float) -> Silence:
        """It had begun at epoch second `began` (0: it waited for a place) and is no longer connected."""
        text = f"It {_has_been(began)}, but the minion is no longer connected."
        return Silence(minion, "lost", self.offline(minion), text)

    def offline(self, minion: str) -> str:
        """Return since when it is away, as far as that is known."""
        if self._sessions.elsewhere(minion):
            return "At another master"
        heard = self._sessions.heard(minion)
        if heard is None:
            return "Offline, never seen"
        return f"Offline since {_when(self._now() - (self._clock.monotonic() - heard))}"

    def afterwards(self, minion: str, issued: float, began: float | None) -> str:
        """Return what is known of a target of a `now` job of epoch second `issued` that nobody has watched to its end.

        The master or the box may have been restarted meanwhile: what they had in memory of the job is gone with them.
        """
        label, session = self.state(minion, began), self._sessions.get(minion)
        if began is not None and self._sessions.present(minion):
            return label
        if began is not None:
            return f"{self.offline(minion)}: it {_has_been(began)}, whether it has ended is not known"
        if session is None or not self._sessions.present(minion):
            return f"{label}: {_NOT_KNOWN}"
        if session.since > issued:
            return f"Unknown: it is connected since {_when(session.since)}, later than the job; {_NOT_KNOWN}"
        return f"{label}: it is connected and has given no sign of the job"

    def state(self, minion: str, began: float | None) -> str:
        """Return the label of a minion that is at a job since epoch second `began`, or gave no sign (None)."""
        if began is not None:
            return f"Running since {_when(began)}" if began else "Received"
        return SENT if self._sessions.present(minion) else self.offline(minion)


def _has_been(began: float) -> str:
    return f"has been running the job since {_when(began)}" if began else "had the job waiting for its turn"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
