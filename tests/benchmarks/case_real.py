"""Pings of 1, 10, 50 and 100 real minions, each two processes, through the command line."""

from __future__ import annotations

import json
import time
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.gauge import pss_mib
from tests.benchmarks.orders import order
from tests.fleet import Fleet

_BUDGETS: Final = {1: 0.12, 50: 0.25, 100: 0.45}
_SIZES: Final = (1, 10, 50, 100)


def run(bench: Bench) -> None:
    """Add minions to one fleet and measure at each size."""
    with bench.fleet() as fleet:
        fleet.start_master()
        for size in _SIZES[:3] if bench.quick else _SIZES:
            _grow(fleet, size)
            order(fleet)
            whole, asked = [], []
            for _ in bench.rounds(15):
                started = time.perf_counter()
                done = fleet.shoal("*", "test.ping", "--static", "--out=json")
                whole.append(time.perf_counter() - started)
                assert len(json.loads(done.stdout)) == size, done
                started = time.perf_counter()
                order(fleet)
                asked.append(time.perf_counter() - started)
            bench.add(f"shoal '*' test.ping, {size} real minions", whole, "s", budget=_BUDGETS.get(size))
            bench.add("  the same through the control socket", asked, "s")
        assert fleet.master is not None
        bench.add(f"master PSS with {len(fleet.minions)} real minions", [pss_mib(fleet.master.pid)], "MiB")


def _grow(fleet: Fleet, size: int) -> None:
    token = fleet.token(uses=size)
    fresh = [f"edge-{number:03d}" for number in range(len(fleet.minions), size)]
    for minion in fresh:
        fleet.configure_minion(minion, log_level="warning")
        fleet.join_string(minion, token)
    for minion in fresh:
        fleet.start_minion(minion)
    fleet.wait_up(*fresh, timeout_s=120)
