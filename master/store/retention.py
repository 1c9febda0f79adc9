"""Retention: old jobs go with their returns and deliveries, a small batch at a time, so that no writer waits long.

A jid begins with its time, so "older than" is a range of the primary key. `cut` says once where the range
ends; `step` deletes a batch below it, to be called until it returns 0, with other work in between. A job
that has not expired stays, however old: a minion may still come for it. So does one with an open delivery, or with
a return that a returner has not got yet; how long those wait is bounded by the returner's own options.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, CompoundSelect, Connection, Select, Table, and_, delete, func, select, tuple_

from master.store.database import Database
from master.store.schema import (
    DELIVERY_OPEN,
    dead_letters,
    deliveries,
    dispatches,
    jobs,
    resolutions,
    returns,
)
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
        open_ones = select(deliveries.c.jid).where(DELIVERY_OPEN)  # all of them: that has an index
        waiting = (
            select(jobs.c.jid)
            .where(jobs.c.jid < cut, jobs.c.expires > self._clock.time())
            .union(
                open_ones,
                *(select(each.c.jid).where(each.c.jid < cut) for each in (dispatches, dead_letters)),
            )
        )
        old_jobs = select(jobs.c.jid).where(jobs.c.jid < cut, jobs.c.jid.not_in(waiting)).limit(max_rows)
        with self._database.write() as connection:
            count = 0
            if not self._my_turn(connection):
                return 0
            for table in (returns, deliveries):
                if count < max_rows:
                    count += _delete_first(connection, table, cut, waiting, max_rows - count)
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


def _delete_first(
    connection: Connection, table: Table, cut: str, waiting: CompoundSelect[str], max_rows: int
) -> int:
    """Delete the first rows of jobs below `cut` that are not `waiting`, by primary key; return how many.

    By one range, up to the last of them: for a list of keys, or two bounds, SQLite looks at all that is old.
    """
    key, gone = (table.c.jid, table.c.minion), table.c.jid.not_in(waiting)
    first = select(*key).where(table.c.jid < cut, gone).order_by(*key)
    last = connection.execute(first.offset(max_rows - 1).limit(1)).first()
    if last is None:
        return connection.execute(delete(table).where(table.c.jid < cut, gone)).rowcount
    up_to = and_(table.c.jid <= last.jid, tuple_(*key) <= tuple_(*last))
    return connection.execute(delete(table).where(up_to, gone)).rowcount
