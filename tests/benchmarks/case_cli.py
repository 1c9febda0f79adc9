"""The programs that operators wait for: start-up alone, and a whole `shoal '*' test.ping` with one minion."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.benchmarks.bench import Bench
from tests.benchmarks.orders import order
from tests.fleet import Fleet


def run(bench: Bench) -> None:
    """Measure whole processes, from fork to exit."""
    with bench.fleet() as fleet:
        fleet.start_master()
        fleet.join("edge-1")
        python = [_seconds(fleet, sys.executable, "-c", "pass") for _ in bench.rounds(30)]
        bench.add(
            "python -c pass, whole process", python, "s", note="what nothing in Python can be faster than"
        )
        bench.add("shoal --version", [_seconds(fleet, "shoal", "--version") for _ in bench.rounds(30)], "s")
        pings = [_seconds(fleet, "shoal", "*", "test.ping") for _ in bench.rounds(40)]
        bench.add("shoal '*' test.ping, 1 minion", pings, "s", budget=0.12)
        asked = []
        for _ in bench.rounds(60):
            started = time.perf_counter()
            order(fleet)
            asked.append((time.perf_counter() - started) * 1000)
        bench.add("the same through the control socket", asked, "ms")


def _seconds(fleet: Fleet, *argv: str) -> float:
    started = time.perf_counter()
    if argv[0] == sys.executable:
        subprocess.run(argv, check=True)
    else:
        fleet.program(*argv)
    return time.perf_counter() - started
