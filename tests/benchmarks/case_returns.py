"""How many returns a second a master takes for good, on two cores shared with whoever sends them.

1,000 connections, each authenticated by CURVE, each with a session. Every return goes the whole way: decrypted,
read within bounds, its sender checked against key, session, quota and the job's targets, stored in a committed
and synced transaction, acknowledged to its minion. Not in it: running jobs, and anybody who watches.
"""

from __future__ import annotations

from typing import Any, Final

from tests import postgres
from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.gauge import Stopwatch
from tests.benchmarks.orders import ask, run_request
from tests.benchmarks.seed import seed
from tests.benchmarks.swarm import MASTER
from tests.fleet import Fleet, short_folder

_MINIONS: Final = 1000
_JOBS: Final = 60


def run(bench: Bench) -> None:
    """Into SQLite."""
    _measure(bench, "SQLite, synchronous=FULL", "", 15_000)


def run_postgres(bench: Bench) -> None:
    """Into PostgreSQL, which runs on the same two cores."""
    binaries = postgres.find_binaries()
    assert binaries is not None, "no PostgreSQL server programs found"
    with postgres.run_server(binaries) as server, server.database() as url:
        _measure(bench, "PostgreSQL on the same machine, fsync=off", url, None)


def run_copied(bench: Bench) -> None:
    """Into SQLite, each of them copied to a file by a returner at the same time, on the same two cores."""
    with short_folder() as folder:
        copies = {"type": "jsonl", "path": str(folder / "copies.jsonl")}
        more = {"returners": {"file": copies}, "default_returners": ["file"]}
        _measure(bench, "SQLite+jsonl, synchronous=FULL and a returner", "", None, more)


def _measure(
    bench: Bench, what: str, url: str, budget: float | None, more: dict[str, Any] | None = None
) -> None:
    settings: dict[str, Any] = {**MASTER, "minion_messages_per_s": 1e6, **(more or {})}
    if url:
        settings["store_url"] = url
    with bench.swarm(_MINIONS) as fleet:
        fleet.configure_master(**settings)
        seed(url or fleet.store_url(), range(_MINIONS))
        fleet.start_master()
        assert fleet.master is not None
        join = str(fleet.runner("token.join_string"))
        feeder = Child("tests.benchmarks.feeder_process", {"join": join, "count": _MINIONS})
        try:
            feeder.read()
            fleet.wait_present()
            rates, costs = [], []
            for _ in bench.rounds(6):
                clock = Stopwatch((fleet.master.pid,))
                jids = [_job(fleet) for _ in range(_JOBS)]
                clock.start()
                seconds = feeder.ask({"jids": jids})["seconds"]
                clock.stop()
                rates.append(_MINIONS * _JOBS / seconds)
                costs.append(clock.cpu_s / (_MINIONS * _JOBS) * 1000)
        finally:
            feeder.close()
    note = f"{_MINIONS:,} minions x {_JOBS} jobs; {what}"
    bench.add(f"returns taken for good, sustained, {what.split(',')[0].split()[0]}", rates, "/s",
              budget=budget, more_is_better=True, note=note)  # fmt: skip
    bench.add("  master CPU for each", costs, "ms", budget=0.08 if budget else None)


def _job(fleet: Fleet) -> str:
    return str(ask(fleet, run_request("test.ping", **{"async": True}))["jid"])
