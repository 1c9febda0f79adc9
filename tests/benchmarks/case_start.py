"""From `shoal-minion` being started to its first ping being answered."""

from __future__ import annotations

import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.orders import ask, run_request
from tests.fleet import Fleet


def run(bench: Bench) -> None:
    """Start a known minion again and again; ask it until it answers."""
    with bench.fleet() as fleet:
        fleet.start_master()
        fleet.join("edge-1")
        samples = [_start(fleet) for _ in bench.rounds(15)]
        note = "asked again at once while the master says that it is not connected"
        bench.add("minion start → first ping answered", samples, "s", budget=0.35, note=note)


def _start(fleet: Fleet) -> float:
    fleet.minions["edge-1"].stop()
    started = time.perf_counter()
    fleet.start_minion("edge-1")
    while not ask(fleet, run_request("test.ping"))["returned"]:
        time.sleep(0.002)
    return time.perf_counter() - started
