"""What it costs that history is cut while returns come in: the same stream of returns, with and without a cut.

The store begins with returns that are older than they are kept. The master's housekeeping finds them half a minute
after its start and deletes them batch by batch; rounds before that are the measure for the rounds meanwhile.
"""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import insert, select

from master.store.database import Database
from master.store.jobs import JobRecord
from master.store.schema import deliveries, returns
from master.store.store import Store, open_store
from shoal.clock import SystemClock
from shoal.ids import JidMaker
from shoal.wire import encode
from tests import postgres
from tests.benchmarks.bench import Bench
from tests.benchmarks.boxes import box_id
from tests.benchmarks.child import Child
from tests.benchmarks.orders import ask, run_request
from tests.benchmarks.seed import seed
from tests.benchmarks.swarm import MASTER
from tests.fleet import Fleet

_MINIONS: Final = 1000
_OLD_JOBS: Final = 400  # each with a return of every minion, and a delivery that has ended
_JOBS: Final = 15  # in a round
_WEEK_S: Final = 7 * 86400.0
_PATIENCE_S: Final = 300.0


def run(bench: Bench) -> None:
    """Of SQLite."""
    _measure(bench, "SQLite", "")


def run_postgres(bench: Bench) -> None:
    """Of PostgreSQL, which runs on the same two cores."""
    binaries = postgres.find_binaries()
    assert binaries is not None, "no PostgreSQL server programs found"
    with postgres.run_server(binaries) as server, server.database() as url:
        _measure(bench, "PostgreSQL", url)


def _measure(bench: Bench, what: str, url: str) -> None:
    settings: dict[str, Any] = {**MASTER, "minion_messages_per_s": 1e6, **({"store_url": url} if url else {})}
    with bench.swarm(_MINIONS) as fleet:
        fleet.configure_master(**settings)
        seed(url or fleet.store_url(), range(_MINIONS))
        with open_store(url or fleet.store_url(), SystemClock()) as store:
            newest_old = _age(store, _OLD_JOBS // 4 if bench.quick else _OLD_JOBS)
            fleet.start_master()
            join = str(fleet.runner("token.join_string"))
            feeder = Child("tests.benchmarks.feeder_process", {"join": join, "count": _MINIONS})
            try:
                feeder.read()
                before, during, seconds = _rounds(fleet, feeder, store.database, newest_old)
            finally:
                feeder.close()
    rows = 2 * _MINIONS * (_OLD_JOBS // 4 if bench.quick else _OLD_JOBS)
    bench.add(f"returns/s without a cut, {what}", before[0], "/s", more_is_better=True)
    bench.add(
        "  while history is cut", during[0], "/s", more_is_better=True,
        note=f"{rows:,} old rows went in {seconds:.0f} s",
    )  # fmt: skip
    bench.add("  order stored and given, without", before[1], "ms")
    bench.add("  while history is cut", during[1], "ms")


Samples = tuple[list[float], list[float]]  # returns a second, milliseconds for an order


def _rounds(
    fleet: Fleet, feeder: Child, database: Database, newest_old: str
) -> tuple[Samples, Samples, float]:
    """Measure until nothing old is left; return what was before the first row went, and what was meanwhile."""
    before: Samples = ([], [])
    during: Samples = ([], [])
    oldest, began = _oldest(database), 0.0
    end = time.monotonic() + _PATIENCE_S
    while (found := _oldest(database)) <= newest_old:
        assert time.monotonic() < end, "history is not cut"
        if found != oldest and not began:
            began = time.monotonic()
        jids, waits = [], []
        for _ in range(_JOBS):
            started = time.perf_counter()
            jids.append(str(ask(fleet, run_request("test.ping", **{"async": True}))["jid"]))
            waits.append((time.perf_counter() - started) * 1000)
        rate = _MINIONS * _JOBS / feeder.ask({"jids": jids})["seconds"]
        if bool(began) == (_oldest(database) != oldest):  # else the cut began in the middle of it
            samples = during if began else before
            samples[0].append(rate)
            samples[1].extend(waits)
    return before, during, time.monotonic() - began


def _oldest(database: Database) -> str:
    with database.read() as connection:
        return str(connection.execute(select(returns.c.jid).order_by(returns.c.jid).limit(1)).scalar())


def _age(store: Store, count: int) -> str:
    """Store `count` jobs of last week with all that belongs to them; return the newest of their jids."""
    make, week_ago = JidMaker(), time.time() - _WEEK_S - 3600
    jids = [make.new(week_ago + number) for number in range(count)]
    boxes = [box_id(number) for number in range(_MINIONS)]
    for at, jid in enumerate(jids):
        issued = week_ago + at
        record = JobRecord(
            jid=jid, fun="test.ping", user="root", target_kind="glob", target="*", issued=issued,
            expires=issued + 60, targets=tuple(boxes),
        )  # fmt: skip
        store.jobs.add(record)
        with store.database.write() as connection:
            connection.execute(insert(returns), [_return(jid, box, issued) for box in boxes])
            connection.execute(insert(deliveries), [_delivery(jid, box, issued) for box in boxes])
    return jids[-1]


def _return(jid: str, minion: str, at: float) -> dict[str, Any]:
    return {
        "jid": jid, "minion": minion, "fun": "test.ping", "outcome": "done", "retcode": 0, "success": True,
        "started": at, "duration_s": 0.0, "trimmed": 0, "out": "", "stored_at": at, "packed": encode(True),
    }  # fmt: skip


def _delivery(jid: str, minion: str, at: float) -> dict[str, Any]:
    return {
        "jid": jid, "minion": minion, "state": "returned", "is_open": False, "channel": "", "expires": at,
        "updated_at": at, "attempts": 1, "next_try": 0.0, "reason": "",
    }  # fmt: skip
