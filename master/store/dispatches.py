"""What waits for a returner, and what one has given up: the names of returns, whose values are in their own table.

1. A return's rows are written in the transaction that stores the return, so neither is there without the other.
2. The queue of a returner is ordered by job and minion, oldest job first.
3. Of several masters on one database, one at a time serves a returner: who has its turn.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, delete, func, select, tuple_

from master.store.bulk import BulkInsert
from master.store.cells import plain_text, unpack_value
from master.store.database import Database
from master.store.returns import Key
from master.store.schema import dead_letters, dispatches, jobs, returns
from returners.contract import Batch, ReturnCopy
from shoal.clock import Clock

_ADVISORY: Final = 0x53484F41 << 32  # and a checksum of the returner's name
_STEP: Final = 5000  # rows deleted in one transaction
_INSERT: Final = BulkInsert(dispatches, "ON CONFLICT (returner, jid, minion) DO NOTHING")
_BURY: Final = BulkInsert(
    dead_letters,
    "ON CONFLICT (returner, jid, minion) DO UPDATE SET died_at = excluded.died_at, reason = excluded.reason",
)
_COPIED: Final = (
    "jid", "minion", "fun", "outcome", "retcode", "success", "started", "duration_s", "stored_at", "packed",
)  # fmt: skip
_TIMES: Final = {dispatches: dispatches.c.queued_at, dead_letters: dead_letters.c.died_at}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """How much waits for a returner; `oldest` is when the first of it was queued (epoch seconds), 0 if nothing is."""

    queued: int
    oldest: float
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A return that a returner has given up."""

    jid: str
    minion: str
    died_at: float
    reason: str


class Dispatches:
    """The tables `dispatches` and `dead_letters`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def turn(self, returner: str) -> Iterator[bool]:
        """Give the right to serve `returner`; False if another master has it now. Raises StoreError."""
        if self._database.is_sqlite:
            yield True
            return
        key = _ADVISORY | zlib.crc32(returner.encode())
        with self._database.read() as connection:
            yield bool(connection.execute(select(func.pg_try_advisory_xact_lock(key))).scalar())

    def next_batch(self, returner: str, *, max_rows: int, max_bytes: int, arguments: bool) -> Batch:
        """Return the first of what waits, at least one if anything does. Raises StoreError."""
        with self._database.read() as connection:
            sizes = _waiting(select(func.length(returns.c.packed)), returner, max_rows)
            count = _fitting(connection.execute(sizes).scalars(), max_bytes)
            if not count:
                return ()
            columns = [returns.c[name] for name in _COPIED]
            call = [jobs.c.call] if arguments else []
            query = _waiting(select(*columns, jobs.c.user, *call), returner, count, with_job=True)
            return tuple(_copy(row, arguments) for row in connection.execute(query))

    def done(self, returner: str, keys: Collection[Key]) -> None:
        """Forget what was delivered. Raises StoreError."""
        with self._database.write() as connection:
            _forget(connection, dispatches, returner, keys)

    def bury(self, returner: str, keys: Collection[Key], reason: str) -> None:
        """Make dead letters of what waits. Raises StoreError."""
        now, said = self._clock.time(), plain_text(reason)
        with self._database.write() as connection:
            _BURY.run(connection, [(returner, jid, minion, now, said) for jid, minion in keys])
            _forget(connection, dispatches, returner, keys)

    def replay(self, returner: str) -> int:
        """Queue all dead letters of `returner` again; return how many. Raises StoreError."""
        key = (dead_letters.c.jid, dead_letters.c.minion)
        query = select(*key).where(dead_letters.c.returner == returner).order_by(*key)
        now, count = self._clock.time(), 0
        while True:
            with self._database.write() as connection:
                keys = [(row.jid, row.minion) for row in connection.execute(query.limit(_STEP))]
                _INSERT.run(connection, [(returner, jid, minion, now) for jid, minion in keys])
                _forget(connection, dead_letters, returner, keys)
            count += len(keys)
            if len(keys) < _STEP:
                return count

    def trim(self, returner: str, *, before: float, max_rows: int) -> int:
        """Drop what has waited, or been dead, since before epoch second `before`, and the oldest above `max_rows`.

        Returns how many were dropped. Raises StoreError.
        """
        return sum(self._trim(table, returner, before, max_rows) for table in (dispatches, dead_letters))

    def state(self, returner: str) -> QueueState:
        """Count what waits and what is dead. Raises StoreError."""
        with self._database.read() as connection:
            queued, oldest = _counted(connection, dispatches, returner)
            dead, _ = _counted(connection, dead_letters, returner)
        return QueueState(queued=queued, oldest=oldest, dead=dead)

    def dead(self, returner: str, limit: int) -> Sequence[DeadLetter]:
        """Return the newest dead letters, the newest first. Raises StoreError."""
        table = dead_letters
        query = select(table.c.jid, table.c.minion, table.c.died_at, table.c.reason)
        query = query.where(table.c.returner == returner).order_by(table.c.died_at.desc(), table.c.jid.desc())
        with self._database.read() as connection:
            return [DeadLetter(**row._mapping) for row in connection.execute(query.limit(limit))]

    def returners(self) -> set[str]:
        """Return the names for which something waits or is dead. Raises StoreError."""
        with self._database.read() as connection:
            return {
                name
                for table in (dispatches, dead_letters)
                for name in connection.execute(select(table.c.returner).distinct()).scalars()
            }

    def _trim(self, table: Table, returner: str, before: float, max_rows: int) -> int:
        with self._database.read() as connection:
            count, oldest = _counted(connection, table, returner)
        dropped = 0
        if count and oldest < before:
            with self._database.write() as connection:
                old = and_(table.c.returner == returner, _TIMES[table] < before)
                dropped = connection.execute(delete(table).where(old)).rowcount
        while (surplus := count - dropped - max_rows) > 0:
            gone = self._drop_first(table, returner, min(surplus, _STEP))
            if not gone:
                break
            dropped += gone
        return dropped

    def _drop_first(self, table: Table, returner: str, count: int) -> int:
        key = (table.c.jid, table.c.minion)
        first = select(*key).where(table.c.returner == returner).order_by(*key)
        with self._database.write() as connection:
            last = connection.execute(first.offset(count - 1).limit(1)).first()
            if last is None:
                return 0
            up_to = and_(table.c.returner == returner, table.c.jid <= last.jid, tuple_(*key) <= tuple_(*last))
            return connection.execute(delete(table).where(up_to)).rowcount


def insert_dispatches(
    connection: Connection, wanted: Mapping[Key, Sequence[str]], new: Collection[Key], queued_at: float
) -> None:
    """Queue those of `wanted`, returns and who is to get them, that are `new`, in the caller's transaction."""
    rows = [(name, *key, queued_at) for key, names in wanted.items() if key in new for name in names]
    _INSERT.run(connection, rows)


def _waiting(query: Any, returner: str, limit: int, *, with_job: bool = False) -> Any:
    same = and_(returns.c.jid == dispatches.c.jid, returns.c.minion == dispatches.c.minion)
    tables = dispatches.join(returns, same)
    if with_job:  # it may come later than a return: a job goes out although the store is away
        tables = tables.outerjoin(jobs, jobs.c.jid == dispatches.c.jid)
    ordered = query.select_from(tables).order_by(dispatches.c.jid, dispatches.c.minion)
    return ordered.where(dispatches.c.returner == returner).limit(limit)


def _fitting(sizes: Any, max_bytes: int) -> int:
    count = total = 0
    for size in sizes:
        total += size
        if count and total > max_bytes:
            break
        count += 1
    return count


def _copy(row: Any, arguments: bool) -> ReturnCopy:
    values = {name: getattr(row, name) for name in _COPIED}
    if arguments:
        call = {} if row.call is None else unpack_value(row.call, f"job {row.jid}")
        values |= {"args": tuple(call.get("args", ())), "kwargs": call.get("kwargs", {})}
    return ReturnCopy(**values, user=row.user or "")


def _forget(connection: Connection, table: Table, returner: str, keys: Collection[Key]) -> None:
    """Delete these rows, the first of the returner's or nearly: by a list of keys alone SQLite reads all."""
    if not keys:
        return
    key, last = (table.c.jid, table.c.minion), max(keys)
    up_to = and_(table.c.returner == returner, table.c.jid <= last[0], tuple_(*key) <= tuple_(*last))
    connection.execute(delete(table).where(up_to, tuple_(*key).in_(list(keys))))


def _counted(connection: Connection, table: Table, returner: str) -> tuple[int, float]:
    query = select(func.count(), func.min(_TIMES[table])).where(table.c.returner == returner)
    count, oldest = connection.execute(query).one()
    return count, oldest or 0.0
