"""An idle minion: memory of daemon and executor, and what it takes of a core."""

from __future__ import annotations

import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.gauge import children, cpu_s, pss_mib, rss_mib
from tests.benchmarks.orders import order
from tests.fleet import until

_MINIONS = 3  # as many samples


def run(bench: Bench) -> None:
    """Measure minions that have answered a ping and then have nothing to do."""
    idle_s = 15.0 if bench.quick else 45.0
    with bench.fleet() as fleet:
        fleet.start_master()
        for number in range(_MINIONS):
            fleet.join(f"edge-{number}")
        order(fleet)
        daemons = [process.pid for process in fleet.minions.values()]
        pairs = [(pid, until("the executor", lambda pid=pid: children(pid))[0]) for pid in daemons]  # type: ignore[misc]
        time.sleep(3)  # for what comes after the first job
        before = [cpu_s(pair) for pair in pairs]
        started = time.perf_counter()
        time.sleep(idle_s)
        wall = time.perf_counter() - started
        shares = [(cpu_s(pair) - cpu) / wall * 100 for pair, cpu in zip(pairs, before, strict=True)]
        bench.add(
            "minion idle, PSS, daemon + executor",
            [sum(map(pss_mib, pair)) for pair in pairs],
            "MiB",
            budget=32,
        )
        bench.add("minion idle, PSS, daemon", [pss_mib(daemon) for daemon, _ in pairs], "MiB")
        bench.add("minion idle, PSS, executor", [pss_mib(executor) for _, executor in pairs], "MiB")
        bench.add("minion idle, RSS, daemon", [rss_mib(daemon) for daemon, _ in pairs], "MiB", budget=30)
        bench.add("minion idle, RSS, executor", [rss_mib(executor) for _, executor in pairs], "MiB")
        note = (
            f"over {idle_s:g} s, {_MINIONS} minions on one machine, which share pages; heartbeat every 15 s"
        )
        bench.add("minion idle, of a core", shares, "%", budget=0.2, note=note)
