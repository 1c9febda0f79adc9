"""The master's outbox: one row per job and minion, kept until the minion has returned or never will.

Rows of `queue` and `desired` jobs are added with the job (`insert_jobs`); a `now` job gets rows at its end
only, for those who stayed silent. Which state may follow which is said in `delivery_state`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import bindparam, select, text

from master.store.database import Database
from master.store.delivery_rows import DeliveryChange, drop_minion, mark_rows
from master.store.delivery_state import (
    CANCELLED,
    CANCELLING,
    EXPIRED,
    OPEN_STATES,
    OUTCOME_UNKNOWN,
    QUEUED,
    RECEIVED,
    RUNNING,
    SENT,
)
from master.store.schema import DELIVERY_OPEN, deliveries
from shoal.clock import Clock

_FIELDS: Final = (
    "jid", "minion", "state", "channel", "expires", "updated_at", "attempts", "next_try", "reason",
)  # fmt: skip
_SELECT: Final = select(*(deliveries.c[name] for name in _FIELDS))
# One statement for many minions: when a fleet comes back, thousands ask together, and a statement of its own costs
# more than what it finds. SQLite has no LATERAL.
_OLDEST: Final = (
    "FROM deliveries AS w WHERE w.minion = asked.value AND w.is_open AND w.expires > :now AND w.state IN :states"
    " ORDER BY w.jid LIMIT :limit"
)
_COLUMNS: Final = ", ".join(f"d.{name}" for name in _FIELDS)
_WAITING_SQLITE: Final = text(
    f"SELECT {_COLUMNS} FROM json_each(:minions) AS asked CROSS JOIN deliveries AS d"  # noqa: S608 - our own names
    f" ON d.minion = asked.value AND d.is_open WHERE d.jid IN (SELECT w.jid {_OLDEST}) ORDER BY d.minion, d.jid"
).bindparams(bindparam("states", expanding=True))
_WAITING_POSTGRES: Final = text(
    f"SELECT {_COLUMNS} FROM unnest(CAST(:minions AS text[])) AS asked(value)"  # noqa: S608 - our own names
    f" CROSS JOIN LATERAL (SELECT w.* {_OLDEST}) AS d ORDER BY d.minion, d.jid"
).bindparams(bindparam("states", expanding=True))
_LOST: Final = "it began, and the minion was not heard of again"
_EXPIRY: Final = {
    CANCELLING: "cancelled; the minion was not heard of before the job expired",
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
    """What a cancel did: `cancelled` were never sent; of `asked` the minions must be, they may be running.

    `asked` has the deliveries as they were before.
    """

    cancelled: tuple[Delivery, ...]
    asked: tuple[Delivery, ...]


class Deliveries:
    """The deliveries table. Every method raises StoreError when the database refuses or is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def waiting_for(
        self, minions: Sequence[str], now: float, limit: int = 100, states: Sequence[str] = OPEN_STATES
    ) -> dict[str, list[Delivery]]:
        """Return open deliveries (in `states`) that have not expired: up to `limit` of each minion, oldest first."""
        is_sqlite = self._database.is_sqlite
        asked: Any = json.dumps(list(minions)) if is_sqlite else list(minions)
        values = {"minions": asked, "now": now, "limit": limit, "states": list(states)}
        found: dict[str, list[Delivery]] = {}
        with self._database.read() as connection:
            for row in connection.execute(_WAITING_SQLITE if is_sqlite else _WAITING_POSTGRES, values):
                found.setdefault(row.minion, []).append(_record(row))
        return found

    def for_job(self, jid: str, *, after: str = "", limit: int = 10_000) -> tuple[Delivery, ...]:
        """Return up to `limit` deliveries of the job by minion id; `after` is the last id of the page before."""
        query = _SELECT.where(deliveries.c.jid == jid, deliveries.c.minion > after)
        return self._read(query.order_by(deliveries.c.minion).limit(limit))

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

    def expire(self, now: float, lost_before: float = 0.0, limit: int = 2_000) -> tuple[Delivery, ...]:
        """End up to `limit` deliveries of each kind that nobody will hear of any more; return them, ended.

        Of jobs that expired before they began; and of jobs that began and had expired at `lost_before`, epoch seconds.
        """
        due = (DELIVERY_OPEN, deliveries.c.expires <= now, deliveries.c.state != RUNNING)
        lost = (DELIVERY_OPEN, deliveries.c.expires <= lost_before, deliveries.c.state == RUNNING)
        oldest_first = _SELECT.order_by(deliveries.c.expires).limit(limit)
        expired = self._end(oldest_first.where(*due), EXPIRED, now, "")
        return expired + self._end(oldest_first.where(*lost), OUTCOME_UNKNOWN, now, _LOST)

    def cancel(self, jid: str, minion: str | None = None, *, sure: bool = True) -> Cancelled:
        """Cancel the job's deliveries (or one minion's) that were never sent; make others `cancelling`.

        Not `sure`: a master that is gone may have sent what is still said to be queued.
        """
        mine = _SELECT.where(deliveries.c.jid == jid, DELIVERY_OPEN)
        if minion is not None:
            mine = mine.where(deliveries.c.minion == minion)
        at = self._clock.time()
        with self._database.write() as connection:
            found = [_record(row) for row in connection.execute(mine.with_for_update())]
            queued = [each for each in found if each.state == QUEUED and sure]
            mark_rows(connection, _steps(queued, CANCELLED, at, "cancelled before it was sent"))
            mark_rows(connection, _steps(found, CANCELLING, at, "cancelled; the minion is asked"))
        return Cancelled(cancelled=tuple(queued), asked=tuple(each for each in found if each not in queued))

    def drop_minion(self, minion: str, reason: str) -> int:
        """Make the minion's open deliveries undeliverable; return how many. Deleting its key does so too."""
        with self._database.write() as connection:
            return drop_minion(connection, minion, reason, self._clock.time())

    def _end(self, query: Any, state: str, at: float, reason: str) -> tuple[Delivery, ...]:
        with self._database.write() as connection:
            # What another master is at just now is left for the next time: then neither holds up the other.
            found = [_record(row) for row in connection.execute(query.with_for_update(skip_locked=True))]
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


def _steps(rows: Iterable[Delivery], state: str, at: float, reason: str) -> Iterator[DeliveryChange]:
    return (
        DeliveryChange(jid=each.jid, minion=each.minion, state=state, at=at, reason=reason) for each in rows
    )
