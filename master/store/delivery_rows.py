"""Writes to the deliveries table inside a caller's transaction, many rows in one statement (see bulk.py)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text, update

from master.store.bulk import BulkInsert
from master.store.cells import plain_text
from master.store.delivery_state import (
    BEFORE,
    FINAL_STATES,
    OPEN_STATES,
    QUEUED,
    RETURNED,
    SENT,
    SUPERSEDED,
    UNDELIVERABLE,
)
from master.store.schema import DELIVERY_OPEN, deliveries
from shoal.errors import StoreError

_CHUNK: Final = 2_000  # rows of one UPDATE: its text stays below a MiB
_ASKED: Final = 500  # ids in one IN (…)
_ORDER: Final = OPEN_STATES + FINAL_STATES  # a batch's steps are taken in this order, a return last
_INSERT: Final = BulkInsert(deliveries, "ON CONFLICT (jid, minion) DO NOTHING")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryChange:
    """One step of one delivery. `at` and `next_try` are epoch seconds."""

    jid: str
    minion: str
    state: str
    at: float
    reason: str = ""
    next_try: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxBatch:
    """What a group commit brings for the deliveries table.

    `outboxed` are the jobs that have delivery rows, silences too: their returns move these rows.
    `silences` are rows to be added, in final states, for targets of a `now` job that did not return.
    """

    marks: Sequence[DeliveryChange] = ()
    silences: Sequence[DeliveryChange] = ()
    outboxed: Collection[str] = ()


def insert_queued(
    connection: Connection, jid: str, minions: Iterable[str], *, channel: str, expires: float, at: float
) -> None:
    """Add one queued delivery per minion."""
    rows = [(jid, minion, QUEUED, True, channel, float(expires), at, 0, 0.0, "") for minion in minions]
    _INSERT.run(connection, rows)


def insert_silences(connection: Connection, silences: Sequence[DeliveryChange]) -> None:
    """Add final rows; a minion whose return is stored by now counts as returned.

    Raises:
        StoreError: a state that is not final.
    """
    for each in silences:
        if each.state not in FINAL_STATES:
            raise StoreError(
                f"job {each.jid}, minion {each.minion}: {each.state!r} is not the end of a delivery"
            )
    rows = [(s.jid, s.minion, s.state, False, "", s.at, s.at, 0, 0.0, plain_text(s.reason)) for s in silences]
    _INSERT.run(connection, rows)
    for jid in sorted({silence.jid for silence in silences}):
        connection.execute(_ANSWERED, {"jid": jid})


def mark_rows(connection: Connection, changes: Iterable[DeliveryChange]) -> int:
    """Take those steps of `changes` that the states allow; return how many."""
    steps: dict[str, dict[tuple[str, str], DeliveryChange]] = {}
    for change in changes:
        steps.setdefault(change.state, {})[change.jid, change.minion] = change
    unknown = steps.keys() - BEFORE.keys()
    if unknown:
        raise StoreError(f"a delivery has no state {min(unknown)!r}")
    count = 0
    for state in sorted(steps, key=_ORDER.index):
        rows = [steps[state][key] for key in sorted(steps[state])]
        for start in range(0, len(rows), _CHUNK):
            count += _update(connection, state, rows[start : start + _CHUNK])
    return count


def mark_returned(connection: Connection, keys: Iterable[tuple[str, str]], at: float) -> int:
    """Note that these (jid, minion) have returned; return how many rows that moved."""
    return mark_rows(
        connection, (DeliveryChange(jid=jid, minion=m, state=RETURNED, at=at) for jid, m in keys)
    )


def supersede_older(
    connection: Connection, channel: str, minions: Sequence[str], by_jid: str, at: float
) -> int:
    """End these minions' older deliveries in `channel` that have not begun; return how many."""
    values = {
        "state": SUPERSEDED, "is_open": False, "reason": f"superseded by job {by_jid}", "updated_at": at,
    }  # fmt: skip
    older = (
        DELIVERY_OPEN,
        deliveries.c.channel == channel,
        deliveries.c.jid < by_jid,
        deliveries.c.state.in_(BEFORE[SUPERSEDED]),
    )
    ended = 0
    for start in range(0, len(minions), _ASKED):
        mine = deliveries.c.minion.in_(minions[start : start + _ASKED])
        ended += connection.execute(update(deliveries).where(mine, *older).values(values)).rowcount
    return ended


def drop_minion(connection: Connection, minion: str, reason: str, at: float) -> int:
    """Make all open deliveries of the minion undeliverable; return how many."""
    values = {"state": UNDELIVERABLE, "is_open": False, "reason": plain_text(reason), "updated_at": at}
    query = update(deliveries).where(deliveries.c.minion == minion, DELIVERY_OPEN)
    return connection.execute(query.values(values)).rowcount


def _quoted(states: Iterable[str]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_ANSWERED: Final = text(
    "UPDATE deliveries SET state = 'returned', reason = '' WHERE jid = :jid AND EXISTS"
    " (SELECT 1 FROM returns WHERE returns.jid = deliveries.jid AND returns.minion = deliveries.minion)"
    " AND state IN ('expired', 'undeliverable', 'outcome_unknown', 'superseded')"  # INFERRED_STATES
)
_ROWS_SQLITE: Final = (
    "(SELECT value ->> 0 AS jid, value ->> 1 AS minion, value ->> 2 AS at, value ->> 3 AS reason,"
    " value ->> 4 AS next_try FROM json_each(?))"
)
_ROWS_POSTGRES: Final = "unnest(%b::text[], %b::text[], %b::float8[], %b::text[], %b::float8[])"


def _sql(state: str, rows: str) -> str:
    attempts = "attempts + 1" if state == SENT else "attempts"
    is_open = "true" if state in OPEN_STATES else "false"
    return (
        f"UPDATE deliveries SET state = '{state}', is_open = {is_open}, attempts = {attempts},"  # noqa: S608 - our own names
        f" updated_at = v.at, reason = v.reason, next_try = v.next_try"
        f" FROM {rows} AS v(jid, minion, at, reason, next_try)"
        f" WHERE deliveries.jid = v.jid AND deliveries.minion = v.minion"
        f" AND deliveries.state IN ({_quoted(BEFORE[state])})"
    )


_POSTGRES: Final = {state: _sql(state, _ROWS_POSTGRES) for state in BEFORE if BEFORE[state]}
_SQLITE: Final = {
    state: _sql(state, _ROWS_SQLITE).replace("AS v(jid, minion, at, reason, next_try)", "AS v")
    for state in _POSTGRES
}


def _update(connection: Connection, state: str, changes: Sequence[DeliveryChange]) -> int:
    if not BEFORE[state]:
        return 0
    rows: list[tuple[Any, ...]] = [
        (c.jid, c.minion, float(c.at), plain_text(c.reason), float(c.next_try)) for c in changes
    ]
    if connection.dialect.name == "sqlite":
        return connection.exec_driver_sql(_SQLITE[state], (json.dumps(rows),)).rowcount
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return connection.exec_driver_sql(_POSTGRES[state], columns).rowcount
