"""The corridor: the one place where bytes become a job that this box may run.

`JobTrust.judge` reads top to bottom in this order (design, section 2); the first check that fails ends it:
 1. size                 WireError     over the bound of a sealed job
 2. decode               WireError     not a sealed frame
 3. version, purpose     TrustError    `unknown version`, `wrong purpose`
 4. certificate          TrustError    `unknown signer`, `wrong fleet`, `certificate revoked`,
                                       `certificate early`, `certificate expired`
 5. signature            TrustError    `bad signature`
    the body is a job    WireError     only what a master has signed is parsed
 6. fleet                TrustError    `wrong fleet`
 7. addressed to me      TrustError    `wrong minion`
 8. time                 TrustError    `expired`, `bad lifetime` (over 31 days), `issued in the future`
 9. not seen before      TrustError    `replayed` (also a `now` job from before this process's first session)
10. the box's policy     TrustError    `not allowed`
The words are stable: they name counters. From 6 on the job is authentic and the error, a `JobRefusedError`,
has it, so that the master can be told. Counting and logging are the caller's. A refused job is not
remembered.

No IO, no clock: `now` is epoch seconds from the FloorClock. After a restart the set of seen jobs is empty:
earlier `now` jobs are refused by `start_session`, all others by `remember` (the inbox's tombstones).
"""

from __future__ import annotations

from typing import Final

from shoal.errors import TrustError
from shoal.job import EVERYONE, MAX_JOB_BYTES, Job
from shoal.policy import Policy
from shoal.wire import decode

from .anchor import TrustAnchor
from .envelope import open_sealed
from .purpose import JOB
from .seen import MAX_SEEN, SeenJobs

MAX_LIFETIME_S: Final = 31 * 86400.0
EARLY: Final = "issued in the future"
MAX_EARLY_S: Final = 300.0  # how far a master's clock may be ahead of ours


class JobRefusedError(TrustError):
    """A master of this fleet did sign `job`, but this box must not run it (again)."""

    def __init__(self, reason: str, job: Job, detail: str = "") -> None:
        self.job = job
        super().__init__(reason, f"job {job.jid} {detail}".rstrip())


class JobTrust:
    """Judges jobs for one minion."""

    def __init__(
        self, anchor: TrustAnchor, minion_id: str, policy: Policy | None = None, max_seen: int = MAX_SEEN
    ) -> None:
        self.anchor: Final = anchor
        self.policy: Final = policy or Policy()
        self._minion_id = minion_id
        self._seen = SeenJobs(max_seen)
        self._session_started: float | None = None

    def start_session(self, master_time: float) -> None:
        """Note the time in the first welcome of this process; later welcomes change nothing."""
        if self._session_started is None:
            self._session_started = master_time

    def remember(self, jid: str, expires: float, now: float) -> None:
        """Count `jid` as seen until it expires: a job taken before this process began."""
        self._seen.add(jid, expires, now)

    def knows(self, jid: str) -> bool:
        """True when `jid` was taken, or must not be any more."""
        return jid in self._seen

    def forget(self, jid: str) -> None:
        """Take a job that was not kept as not seen: the master sends it again."""
        self._seen.discard(jid)

    def judge(self, frame: bytes, now: float) -> Job:
        """Return the job in `frame` if this box may run it, and remember it.

        Raises:
            WireError: malformed or too large.
            TrustError: must not be believed; `reason` is in the table above.
            JobRefusedError: authentic, but must not be run.
        """
        body, _certificate = open_sealed(frame, JOB, self.anchor, now, MAX_JOB_BYTES)
        job = Job.from_wire(decode(body, MAX_JOB_BYTES))
        if job.fleet != self.anchor.fleet:
            raise JobRefusedError("wrong fleet", job, f"is for fleet {job.fleet}")
        if job.to not in (EVERYONE, self._minion_id):
            raise JobRefusedError("wrong minion", job, f"is for {job.to}")
        self._check_time(job, now)
        self._check_new(job)
        if refusal := self.policy.refusal(job.fun):
            raise JobRefusedError("not allowed", job, refusal)
        self._seen.add(job.jid, job.expires, now)
        return job

    def _check_time(self, job: Job, now: float) -> None:
        if now >= job.expires:
            raise JobRefusedError("expired", job, f"{now - job.expires:.0f} s ago")
        if not 0 < job.expires - job.issued <= MAX_LIFETIME_S:
            raise JobRefusedError("bad lifetime", job, f"of {job.expires - job.issued:.0f} s")
        if job.issued > now + MAX_EARLY_S:
            raise JobRefusedError(EARLY, job, f"{job.issued - now:.0f} s ahead")

    def _check_new(self, job: Job) -> None:
        if job.jid in self._seen:
            raise JobRefusedError("replayed", job, "was taken before")
        started = self._session_started
        if job.mode == "now" and (started is None or job.issued < started):
            raise JobRefusedError("replayed", job, "is from before this session")
