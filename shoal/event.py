"""An event: something that happened, under a Salt-shaped tag (`shoal/job/<jid>/ret/<id>`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from shoal.wire import Fields

MAX_TAG: Final = 512
MAX_EVENT_BYTES: Final = 64 * 1024
PREFIX: Final = "shoal/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One happening. `time` is epoch seconds on the master."""

    tag: str
    time: float
    data: dict[str, Any] = field(default_factory=dict)

    def to_wire(self) -> dict[str, Any]:
        """Return the message body."""
        return {"tag": self.tag, "time": self.time, "data": self.data}

    @classmethod
    def from_wire(cls, value: object) -> Event:
        """Check everything. Raises WireError only."""
        fields = Fields(value, "event")
        made = cls(
            tag=fields.text("tag", MAX_TAG), time=fields.seconds("time"), data=fields.mapping("data", 10_000)
        )
        fields.done()
        return made


def job_new(jid: str) -> str:
    """Return the tag for a job that was published."""
    return f"shoal/job/{jid}/new"


def job_return(jid: str, minion: str) -> str:
    """Return the tag for one minion's answer."""
    return f"shoal/job/{jid}/ret/{minion}"


def job_start(jid: str, minion: str) -> str:
    """Return the tag for a minion that began a job."""
    return f"shoal/job/{jid}/start/{minion}"


def job_progress(jid: str, minion: str) -> str:
    """Return the tag for what a job says on one minion while it runs."""
    return f"shoal/job/{jid}/prog/{minion}"


def returner_event(name: str, what: str) -> str:
    """Return the tag for what happened with a returner: `away`, `back`, `dead` or `dropped`."""
    return f"shoal/returner/{name}/{what}"


def minion_start(minion: str) -> str:
    """Return the tag for a minion that connected."""
    return f"shoal/minion/{minion}/start"
