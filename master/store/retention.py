"""Retention: old jobs go with their returns and deliveries, a small batch at a time, so that no writer waits long.

A jid begins with its time, so "older than" is a range of the primary key. `cut` says once where the range
ends; `step` deletes a batch below it, to be called until it returns 0, with other work in between. A job
that has not expired stays, however old: a minion may still come for it. So does one with an open delivery.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, Connection, Select, delete, func, select, tuple_

from master.store.database import Database
from master.store.schema import DELIVERY_OPEN, deliveries, jobs, resolutions, returns
from shoal.clock import Clock
from shoal.ids import JidMaker

_ADVISORY_LOCK: Final = 0x53484F414D  # one master at a time cuts; another finds nothing to do meanwhile


class Retention:
    """Deletes from the jobs, returns and deliveries tables."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def cut(self, *, before: float = 0.0, keep_jobs: int = 0, keep_returns: int = 0) -> str:
        """Return the jid below which everything goes; "" if nothing does. Raises StoreError.

        `before` is epoch seconds; `keep_jobs` and `keep_returns` are how many of the newest stay (the job at
        the border stays whole). 0 means no such limit; the strictest limit counts.
        """
        cuts = [JidMaker().new(before)] if before else []
        with self._database.read() as connection:
            if keep_jobs:
                cuts.append(_nth(connection, select(jobs.c.jid), jobs.c.jid, keep_jobs))
            if keep_returns:
                cuts.append(_nth(connection, select(returns.c.jid), returns.c.jid, keep_returns))
        return max(cuts, default="")

    def step(self, cut: str, max_rows: int = 2000) -> int:
        """Delete up to `max_rows` rows of jobs below `cut`, their returns and deliveries first; return how many.

        Raises:
            StoreError: the database refused or is away.
        """
        open_ones = select(deliveries.c.jid).where(deliveries.c.jid < cut, DELIVERY_OPEN)
        waiting = (
            select(jobs.c.jid).where(jobs.c.jid < cut, jobs.c.expires > self._clock.time()).union(open_ones)
        )
        old_jobs = select(jobs.c.jid).where(jobs.c.jid < cut, jobs.c.jid.not_in(waiting)).limit(max_rows)
        with self._database.write() as connection:
            count = 0
            if not self._my_turn(connection):
                return 0
            for table in (returns, deliveries):
                if count < max_rows:
                    key = tuple_(table.c.jid, table.c.minion)
                    old_rows = (
                        select(table.c.jid, table.c.minion)
                        .where(table.c.jid < cut, table.c.jid.not_in(waiting))
                        .order_by(table.c.jid, table.c.minion)
                        .limit(max_rows - count)
                    )
                    count += connection.execute(delete(table).where(key.in_(old_rows))).rowcount
            if count < max_rows:  # none of these left: a job row goes last, or they would be orphans
                gone = select(old_jobs.subquery().c.jid)
                connection.execute(delete(resolutions).where(resolutions.c.jid.in_(gone)))
                count += connection.execute(delete(jobs).where(jobs.c.jid.in_(old_jobs))).rowcount
            return count

    def _my_turn(self, connection: Connection) -> bool:
        if self._database.is_sqlite:
            return True
        return bool(connection.execute(select(func.pg_try_advisory_xact_lock(_ADVISORY_LOCK))).scalar())


def _nth(connection: Connection, query: Select[Any], jid: Column[str], count: int) -> str:
    """Return the jid of the `count`-th newest row, or "" if there are fewer."""
    return connection.execute(query.order_by(jid.desc()).offset(count - 1).limit(1)).scalar() or ""
