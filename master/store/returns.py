"""Returns: one row for each minion's answer to a job; the first answer stays, a repeated one is ignored.

Saving is the master's hottest path: its budget is 20 µs a row. Values stay packed; nobody decodes them here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, select

from master.store.bulk import BulkInsert
from master.store.cells import MAX_INTEGER, plain_text
from master.store.database import Database
from master.store.jobs import targets_of
from master.store.schema import jobs, returns
from shoal.clock import Clock
from shoal.errors import StoreError
from shoal.returns import Return

Key = tuple[str, str]  # (jid, minion)

_INSERT: Final = BulkInsert(returns, "ON CONFLICT (jid, minion) DO NOTHING")
_FIELDS: Final = (
    "jid", "minion", "fun", "outcome", "retcode", "started", "duration_s", "trimmed", "out", "packed",
)  # fmt: skip
_COLUMNS: Final = tuple(returns.c[name] for name in _FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    """How far a job is. `targets` is 0 if the job itself is not known (any more)."""

    jid: str
    targets: int
    returned: int
    failed: int  # returned without success
    outcomes: Mapping[str, int]
    last_stored_at: float  # epoch seconds; 0.0 before the first return


class Returns:
    """The returns table."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def save(self, batch: Sequence[Return]) -> set[Key]:
        """Store those of `batch` that are not stored yet; return their (jid, minion). Raises StoreError."""
        if not batch:
            return set()
        with self._database.write() as connection:
            return insert_returns(connection, batch, self._clock.time())

    def get(self, jid: str, minion: str) -> Return | None:
        """Return one minion's answer, or None. Raises StoreError."""
        query = select(*_COLUMNS).where(returns.c.jid == jid, returns.c.minion == minion)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _record(row)

    def for_job(self, jid: str, *, after: str = "", limit: int = 10_000) -> tuple[Return, ...]:
        """Return up to `limit` answers to the job, by minion id; `after` is the last id of the page before.

        Raises:
            StoreError: the database refused or is away.
        """
        query = select(*_COLUMNS).where(returns.c.jid == jid, returns.c.minion > after)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(returns.c.minion).limit(limit)).all()
        return tuple(_record(row) for row in rows)

    def summary(self, jid: str) -> JobSummary:
        """Count the job's answers by outcome. Raises StoreError."""
        counted = (returns.c.outcome, returns.c.success)
        query = select(*counted, func.count(), func.max(returns.c.stored_at)).group_by(*counted)
        with self._database.read() as connection:
            rows = connection.execute(query.where(returns.c.jid == jid)).all()
            targets = connection.execute(select(jobs.c.target_count).where(jobs.c.jid == jid)).scalar()
        outcomes: dict[str, int] = {}
        for outcome, _, count, _ in rows:
            outcomes[outcome] = outcomes.get(outcome, 0) + count
        return JobSummary(
            jid=jid,
            targets=targets or 0,
            returned=sum(outcomes.values()),
            failed=sum(count for _, success, count, _ in rows if not success),
            outcomes=outcomes,
            last_stored_at=max((last for _, _, _, last in rows), default=0.0),
        )

    def missing(self, jid: str) -> tuple[str, ...]:
        """Return the job's ids that have not answered, in the job's order. Raises StoreError."""
        with self._database.read() as connection:
            targets = targets_of(connection, jid)
            answered = set(connection.execute(select(returns.c.minion).where(returns.c.jid == jid)).scalars())
        return tuple(minion for minion in targets if minion not in answered)


def insert_returns(connection: Connection, batch: Sequence[Return], stored_at: float) -> set[Key]:
    """Insert the new ones of `batch` in the caller's transaction; return their (jid, minion)."""
    rows = [_values(item, stored_at) for item in batch]
    if connection.dialect.name != "sqlite":
        return {(jid, minion) for jid, minion in _INSERT.run_returning(connection, rows, "jid, minion")}
    newest = connection.exec_driver_sql("SELECT max(rowid) FROM returns").scalar() or 0
    if _INSERT.run(connection, rows) == len(rows):
        return {(item.jid, item.minion) for item in batch}
    # Some were repeated. One row with all new keys, for the reason given in bulk.py; a jid has 20 digits.
    sql = "SELECT group_concat(jid || minion, char(10)) FROM returns WHERE rowid > ?"
    keys = connection.exec_driver_sql(sql, (newest,)).scalar() or ""
    return {(key[:20], key[20:]) for key in keys.split("\n") if key}


def _values(item: Return, stored_at: float) -> tuple[Any, ...]:
    if not item.minion:
        raise StoreError(f"a return of job {item.jid} names no minion; the receiver must fill it in")
    return (
        item.jid,
        item.minion,
        item.fun,
        item.outcome,
        item.retcode,
        item.success,
        float(item.started),
        float(item.duration_s),
        min(item.trimmed, MAX_INTEGER),
        plain_text(item.out),
        stored_at,
        item.packed,
    )


def _record(row: Any) -> Return:
    return Return(**dict(zip(_FIELDS, row, strict=True)))
