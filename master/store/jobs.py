"""Jobs: what was asked, by whom, of which minions. Written before a job is published, never changed after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from master.store.cells import pack_ids, pack_value, unpack_ids, unpack_value
from master.store.database import Database
from master.store.delivery_rows import insert_queued, supersede_older
from master.store.job_filter import JobFilter
from master.store.schema import jobs
from shoal.errors import JidTakenError

_PAGE = 200
_IN_CALL = (
    "args",
    "kwargs",
    "from_text",
    "no_parse",
    "timeout_s",
    "returners",
    "approvals",
    "channel",
    "stream",
)
_LATER = {"channel": "", "stream": False}  # what rows of schema 0001 do not have
_TUPLES = ("args", "no_parse", "returners", "approvals")
_PLAIN = tuple(c for c in jobs.c if c.name not in ("call", "metadata", "targets", "target_count"))
_LISTED = (*_PLAIN, jobs.c.call, jobs.c.metadata, jobs.c.target_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _JobFields:
    """What a stored job and a listed one have in common. Times are epoch seconds."""

    jid: str
    fun: str
    user: str
    target_kind: str
    target: str  # the expression, as the operator wrote it
    delimiter: str = ":"
    issued: float
    expires: float
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    from_text: bool = False
    no_parse: tuple[str, ...] = ()
    mode: str = "now"
    timeout_s: float = 0.0
    returners: tuple[str, ...] = ()
    approvals: tuple[bytes, ...] = ()
    channel: str = ""  # of a desired job: only its newest counts
    stream: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""  # the jid of the batch or orchestration this job is a part of


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord(_JobFields):
    """A job with the ids it was sent to, in the order they were resolved."""

    targets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedJob(_JobFields):
    """A job in a list: how many minions, not which (a list of 10,000-minion jobs would be megabytes)."""

    target_count: int


class Jobs:
    """The jobs table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: JobRecord) -> None:
        """Store a new job. Raises JidTakenError when another one has its jid, StoreError."""
        with self._database.write() as connection:
            try:
                insert_jobs(connection, [record])
            except IntegrityError:
                raise JidTakenError("there is a job with this jid already") from None

    def get(self, jid: str) -> JobRecord | None:
        """Return the job, or None. Raises StoreError."""
        with self._database.read() as connection:
            row = connection.execute(select(*_LISTED, jobs.c.targets).where(jobs.c.jid == jid)).first()
        if row is None:
            return None
        return JobRecord(**_common(row), targets=unpack_ids(row.targets, f"job {jid}"))

    def targets(self, jid: str) -> tuple[str, ...]:
        """Return the ids the job was sent to; empty if the job is not known. Raises StoreError."""
        with self._database.read() as connection:
            return targets_of(connection, jid)

    def find(self, wanted: JobFilter) -> tuple[ListedJob, ...]:
        """Return the newest jobs that fit, newest first, at most `wanted.limit`. Raises StoreError."""
        found: list[ListedJob] = []
        with self._database.read() as connection:
            for row in _newest_first(connection, wanted):
                if len(found) == wanted.limit:
                    break
                metadata = unpack_value(row.metadata, f"job {row.jid}")
                if wanted.fits(row.fun, row.target, metadata, partial(_ids, row)):
                    found.append(ListedJob(**_common(row), target_count=row.target_count))
        return tuple(found)

    def last_run(self, wanted: JobFilter) -> ListedJob | None:
        """Return the newest job that fits `wanted`, whatever its limit, or None. Raises StoreError."""
        found = self.find(wanted.with_limit(1))
        return found[0] if found else None


def insert_jobs(connection: Connection, records: Sequence[JobRecord]) -> None:
    """Insert `records` in the caller's transaction, with a delivery per target for those that are kept.

    A desired job ends the older ones of its channel that have not begun.
    """
    if records:
        connection.execute(insert(jobs), [_values(record) for record in records])
    for record in records:
        if record.channel:
            supersede_older(connection, record.channel, record.targets, record.jid, record.issued)
        if record.mode != "now":
            insert_queued(
                connection,
                record.jid,
                record.targets,
                channel=record.channel,
                expires=record.expires,
                at=record.issued,
            )


def targets_of(connection: Connection, jid: str) -> tuple[str, ...]:
    """Return the ids of the job's minions; empty if the job is not known."""
    cell = connection.execute(select(jobs.c.targets).where(jobs.c.jid == jid)).scalar()
    return () if cell is None else unpack_ids(cell, f"job {jid}")


def _newest_first(connection: Connection, wanted: JobFilter) -> Iterator[Any]:
    columns = (*_LISTED, jobs.c.targets) if wanted.search_target else _LISTED
    query = select(*columns).where(*wanted.conditions()).order_by(jobs.c.jid.desc()).limit(_PAGE)
    page = connection.execute(query).all()
    while page:
        yield from page
        if len(page) < _PAGE:
            return
        page = connection.execute(query.where(jobs.c.jid < page[-1].jid)).all()


def _ids(row: Any) -> tuple[str, ...]:
    return unpack_ids(row.targets, f"job {row.jid}")


def _values(record: JobRecord) -> dict[str, Any]:
    values: dict[str, Any] = {column.name: getattr(record, column.name) for column in _PLAIN}
    values["target_count"] = len(record.targets)
    values["call"] = pack_value({name: getattr(record, name) for name in _IN_CALL})
    values["metadata"] = pack_value(record.metadata)
    values["targets"] = pack_ids(record.targets)
    return values


def _common(row: Any) -> dict[str, Any]:
    what = f"job {row.jid}"
    call = _LATER | unpack_value(row.call, what)
    values = {column.name: getattr(row, column.name) for column in _PLAIN}
    values |= {name: tuple(call[name]) if name in _TUPLES else call[name] for name in _IN_CALL}
    values["metadata"] = unpack_value(row.metadata, what)
    return values
