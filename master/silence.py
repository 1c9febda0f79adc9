"""Why a target has not answered, in words for people."""

from __future__ import annotations

import time

from master.runs import Silence
from master.sessions import Sessions
from shoal.clock import Clock
from shoal.job import Job


class SilenceWords:
    """Finds the words, from what the sessions know of a minion."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def absent(self, minion: str) -> Silence:
        """It was not there when a `now` job was published."""
        session = self._sessions.get(minion)
        text = "It was not connected when the job was published."
        if session is not None:
            ago = self._clock.monotonic() - session.heard
            text = f"It was not connected when the job was published; last heard of {ago:.0f} s ago."
        return Silence(minion, "not_connected", text)

    def queued(self, minion: str, job: Job) -> Silence:
        """It is not there, and the job waits for it."""
        return Silence(
            minion, "queued", f"It is not connected. The job waits for it until {_when(job.expires)}."
        )

    def unsure(self, minion: str, job: Job) -> Silence:
        """It was sent a queued job and has not acknowledged it."""
        text = f"It was sent the job and has not said so. It is sent again until {_when(job.expires)}."
        return Silence(minion, "sent", text)

    def no_sign(self, minion: str, timeout_s: float) -> Silence:
        """It gave no sign of a `now` job."""
        if self._sessions.present(minion):
            text = f"It is connected and got the job, but gave no sign within {timeout_s:g} s."
            return Silence(minion, "no_response", text)
        return Silence(minion, "not_connected", "It lost its connection before it gave a sign.")

    def lost(self, minion: str, began: float) -> Silence:
        """It had begun at epoch second `began` (0: it waited for a place) and is no longer connected."""
        since = time.strftime("%H:%M:%S", time.localtime(began))
        text = f"It has been running the job since {since}" if began else "The job waited there for its turn"
        return Silence(minion, "lost", f"{text}, but the minion is no longer connected.")


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
