"""Who is meant: targets resolved among 10,000 known minions of 100 grains each, in a master of its own."""

from __future__ import annotations

import time
from typing import Final

from tests.benchmarks.bench import BIG, Bench
from tests.benchmarks.gauge import rss_mib
from tests.benchmarks.orders import ask
from tests.benchmarks.seed import seed

_TARGETS: Final = (
    ("glob", "*"),
    ("glob", "edge-0*5"),
    ("list", "edge-00001,edge-00500,edge-09999"),
    ("grain", "cpuarch:aarch64"),
    ("grain_pcre", "role:cam.*"),
    ("tag", "site:paris"),
    ("ipcidr", "10.0.4.0/22"),
    ("compound", "G@cpuarch:aarch64 and T@site:paris and not edge-0001*"),
)


def run(bench: Bench) -> None:
    """Ask a master for the ids of each target, through its control socket."""
    with bench.swarm(BIG) as fleet:
        fleet.configure_master()
        seed(fleet.store_url(), range(BIG))
        started = time.perf_counter()
        master = fleet.start_master()
        bench.add(f"master start with {BIG:,} known minions", [time.perf_counter() - started], "s")
        bench.add(f"master RSS, {BIG:,} known, none connected", [rss_mib(master.pid)], "MiB")
        for kind, expr in _TARGETS:
            samples = []
            found = 0
            for _ in bench.rounds(9):
                begun = time.perf_counter()
                aim = {"kind": kind, "expr": expr, "delimiter": ":"}
                found = len(ask(fleet, {"op": "preview", "target": aim})["ids"])
                samples.append((time.perf_counter() - begun) * 1000)
            assert found, expr
            bench.add(f"resolve {kind} {expr!r}: {found:,} of {BIG:,}", samples, "ms")
