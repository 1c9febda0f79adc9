"""What people found out about jobs whose outcome is unknown: the return stays as it came, this stands beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, insert, literal, select, union

from master.store.cells import plain_text
from master.store.database import Database
from master.store.delivery_state import OUTCOME_UNKNOWN
from master.store.schema import RETURN_UNKNOWN, deliveries, resolutions, returns
from shoal.clock import Clock
from shoal.errors import StoreError

VERDICTS: Final = ("done", "failed", "not_run")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """How it was with one job on one minion, as a person says; time in epoch seconds."""

    jid: str
    minion: str
    verdict: str  # one of VERDICTS
    comment: str
    resolved_by: str
    resolved_at: float


class Resolutions:
    """The resolutions table. Every method raises StoreError when the database refuses or is away."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def open(self, limit: int = 1000) -> tuple[tuple[str, str], ...]:
        """Return (jid, minion) of the newest unknown outcomes that nobody has resolved, newest first."""
        unknown = union(
            select(returns.c.jid, returns.c.minion).where(RETURN_UNKNOWN),
            select(deliveries.c.jid, deliveries.c.minion).where(deliveries.c.state == OUTCOME_UNKNOWN),
        ).subquery()
        same = and_(resolutions.c.jid == unknown.c.jid, resolutions.c.minion == unknown.c.minion)
        query = select(unknown.c.jid, unknown.c.minion).outerjoin_from(unknown, resolutions, same)
        query = query.where(resolutions.c.jid.is_(None)).order_by(unknown.c.jid.desc(), unknown.c.minion)
        with self._database.read() as connection:
            return tuple((row.jid, row.minion) for row in connection.execute(query.limit(limit)))

    def for_job(self, jid: str) -> dict[str, Resolution]:
        """Return what was found out about a job, by minion."""
        with self._database.read() as connection:
            rows = connection.execute(select(resolutions).where(resolutions.c.jid == jid)).all()
        return {row.minion: Resolution(**row._asdict()) for row in rows}

    def add(self, jid: str, minion: str, verdict: str, comment: str, user: str) -> Resolution:
        """Keep what was found out, once and for all.

        Raises:
            StoreError: the outcome is known, or was resolved before.
        """
        made = Resolution(
            jid=jid,
            minion=minion,
            verdict=verdict,
            comment=plain_text(comment),
            resolved_by=user,
            resolved_at=self._clock.time(),
        )
        with self._database.write() as connection:
            known = connection.execute(
                select(resolutions).where(resolutions.c.jid == jid, resolutions.c.minion == minion)
            ).first()
            if known is not None:
                raise StoreError(
                    f"job {jid} on {minion} was resolved as {known.verdict} by {known.resolved_by}"
                )
            if not connection.execute(_is_unknown(jid, minion)).first():
                raise StoreError(
                    f"the outcome of job {jid} on {minion} is not unknown: there is nothing to resolve"
                )
            connection.execute(insert(resolutions).values({name: getattr(made, name) for name in _FIELDS}))
        return made


_FIELDS: Final = ("jid", "minion", "verdict", "comment", "resolved_by", "resolved_at")


def _is_unknown(jid: str, minion: str) -> Any:
    of_return = (returns.c.jid == jid, returns.c.minion == minion, RETURN_UNKNOWN)
    of_delivery = (
        deliveries.c.jid == jid,
        deliveries.c.minion == minion,
        deliveries.c.state == OUTCOME_UNKNOWN,
    )
    one = select(literal(1))
    return union(one.select_from(returns).where(*of_return), one.select_from(deliveries).where(*of_delivery))
