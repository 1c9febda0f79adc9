"""The master's outbox: one row per job and minion, kept until the minion has returned or never will.

Rows of `queue` and `desired` jobs are added with the job (`insert_jobs`); a `now` job gets rows at its end
only, for those who stayed silent. Which state may follow which is said in `delivery_state`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import func, select

from master.store.database import Database
from master.store.delivery_rows import DeliveryChange, drop_minion, insert_silences, mark_rows
from master.store.delivery_state import (
    CANCELLED,
    EXPIRED,
    OPEN_STATES,
    QUEUED,
    RECEIVED,
    RUNNING,
    SENT,
    SUPERSEDED,
)
from master.store.schema import DELIVERY_OPEN, deliveries
from shoal.clock import Clock

_FIELDS: Final = (
    "jid", "minion", "state", "channel", "expires", "updated_at", "attempts", "next_try", "reason",
)  # fmt: skip
_SELECT: Final = select(*(deliveries.c[name] for name in _FIELDS))
_ASKED: Final = 500  # ids in one IN (…)
_EXPIRY: Final = {
    QUEUED: "not connected before the job expired",
    SENT: "sent, but not acknowledged before the job expired",
    RECEIVED: "received, but not begun before the job expired",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far one job is with one minion. Times are epoch seconds."""

    jid: str
    minion: str
    state: str
    channel: str = ""  # of a desired job: only the newest of a channel counts
    expires: float
    updated_at: float
    attempts: int = 0
    next_try: float = 0.0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What a cancel did: `cancelled` were never sent; `with_the_box` must be asked, they may be running."""

    cancelled: tuple[Delivery, ...]
    with_the_box: tuple[Delivery, ...]


class Deliveries:
    """The deliveries table. Every method raises StoreError when the database refuses or is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def waiting_for(
        self, minion: str, now: float, limit: int = 100, states: Collection[str] = OPEN_STATES
    ) -> tuple[Delivery, ...]:
        """Return the minion's open deliveries (in `states`) that have not expired, oldest job first."""
        mine = (deliveries.c.minion == minion, DELIVERY_OPEN, deliveries.c.expires > now)
        among = deliveries.c.state.in_(states)
        return self._read(_SELECT.where(*mine, among).order_by(deliveries.c.jid).limit(limit))

    def for_job(self, jid: str, *, after: str = "", limit: int = 10_000) -> tuple[Delivery, ...]:
        """Return up to `limit` deliveries of the job by minion id; `after` is the last id of the page before."""
        query = _SELECT.where(deliveries.c.jid == jid, deliveries.c.minion > after)
        return self._read(query.order_by(deliveries.c.minion).limit(limit))

    def counts(self, jid: str) -> dict[str, int]:
        """Return how many of the job's deliveries are in each state that has any."""
        query = select(deliveries.c.state, func.count()).where(deliveries.c.jid == jid)
        with self._database.read() as connection:
            return {row.state: row[1] for row in connection.execute(query.group_by(deliveries.c.state))}

    def open_jobs(self) -> dict[str, dict[str, str]]:
        """Return the jobs with open deliveries, oldest first: jid to minion to state, of open ones only."""
        query = select(deliveries.c.jid, deliveries.c.minion, deliveries.c.state).where(DELIVERY_OPEN)
        with self._database.read() as connection:
            rows = sorted(map(tuple, connection.execute(query)))
        found: dict[str, dict[str, str]] = {}
        for jid, minion, state in rows:
            found.setdefault(jid, {})[minion] = state
        return found

    def mark(self, changes: Iterable[DeliveryChange]) -> int:
        """Take those steps of `changes` that the states allow; return how many."""
        with self._database.write() as connection:
            return mark_rows(connection, changes)

    def finish(self, jid: str, silences: Iterable[tuple[str, str, str]]) -> None:
        """Add the silences of a `now` job: (minion, final state, reason)."""
        at = self._clock.time()
        rows = [DeliveryChange(jid=jid, minion=m, state=s, at=at, reason=r) for m, s, r in silences]
        with self._database.write() as connection:
            insert_silences(connection, rows)

    def expire(self, now: float, limit: int = 2_000) -> tuple[Delivery, ...]:
        """End up to `limit` deliveries whose job expired before it began; return them, ended."""
        due = (DELIVERY_OPEN, deliveries.c.expires <= now, deliveries.c.state != RUNNING)
        query = _SELECT.where(*due).order_by(deliveries.c.expires).limit(limit)
        return self._end(query, EXPIRED, now, "")

    def supersede(self, channel: str, minions: Sequence[str], by_jid: str) -> tuple[Delivery, ...]:
        """End these minions' older deliveries in `channel` that have not begun; return them, ended."""
        ended: list[Delivery] = []
        older = (deliveries.c.jid < by_jid, deliveries.c.channel == channel, deliveries.c.state != RUNNING)
        for start in range(0, len(minions), _ASKED):
            mine = deliveries.c.minion.in_(minions[start : start + _ASKED])
            query = _SELECT.where(DELIVERY_OPEN, mine, *older)
            ended += self._end(query, SUPERSEDED, self._clock.time(), f"superseded by job {by_jid}")
        return tuple(ended)

    def cancel(self, jid: str, minion: str | None = None) -> Cancelled:
        """End the job's deliveries (or one minion's) that were never sent; tell which were."""
        of_job = _SELECT.where(deliveries.c.jid == jid, DELIVERY_OPEN)
        if minion is not None:
            of_job = of_job.where(deliveries.c.minion == minion)
        never_sent = of_job.where(deliveries.c.state == QUEUED)
        # First the end, then the look: what was sent between the two is still seen.
        cancelled = self._end(never_sent, CANCELLED, self._clock.time(), "cancelled before it was sent")
        return Cancelled(cancelled=cancelled, with_the_box=self._read(of_job))

    def drop_minion(self, minion: str, reason: str) -> int:
        """Make the minion's open deliveries undeliverable; return how many. Deleting its key does so too."""
        with self._database.write() as connection:
            return drop_minion(connection, minion, reason, self._clock.time())

    def _end(self, query: Any, state: str, at: float, reason: str) -> tuple[Delivery, ...]:
        with self._database.write() as connection:
            found = [_record(row) for row in connection.execute(query.with_for_update())]
            ended = tuple(
                replace(each, state=state, updated_at=at, next_try=0.0, reason=reason or _EXPIRY[each.state])
                for each in found
            )
            mark_rows(
                connection,
                (
                    DeliveryChange(jid=e.jid, minion=e.minion, state=state, at=at, reason=e.reason)
                    for e in ended
                ),
            )
        return ended

    def _read(self, query: Any) -> tuple[Delivery, ...]:
        with self._database.read() as connection:
            return tuple(_record(row) for row in connection.execute(query))


def _record(row: Any) -> Delivery:
    return Delivery(**dict(zip(_FIELDS, row, strict=True)))
