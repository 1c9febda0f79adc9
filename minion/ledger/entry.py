"""What the ledger says of a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from shoal.job import Job

State = Literal["accepted", "started"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A job that was taken and has no return yet."""

    job: Job
    state: State
    started_at: float | None  # epoch seconds, of the first time; None until it has begun
    runs: int = 0  # how often it has begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer to a job: `fresh` is to be run, `known` was taken before, `superseded` came after a newer one."""

    verdict: Literal["fresh", "known", "superseded"]
    superseded: tuple[
        str, ...
    ] = ()  # older jobs of the channel, which have ended by this and must not be run
