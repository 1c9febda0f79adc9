"""From publishing to the function, and what a job costs a box. One real minion.

Published is when the master says so (`shoal/job/…/new` goes out just before the frame). Inline functions start
when their return says; of forked ones a synced module tells the time in the child.
"""

from __future__ import annotations

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.gauge import children, cpu_s, reaped_s
from tests.benchmarks.orders import listening, order, returns
from tests.fleet import Fleet, until
from tests.synced import serve

_MODULE = '''
"""Tells the time."""

import time

from modules.context import Context
from shoal.functions.function import function


@function
def now(ctx: Context) -> float:
    """Return the time at which this runs.

    CLI Example:

        shoal '*' bench.now
    """
    return time.time()
'''


def run(bench: Bench) -> None:
    """Measure both ways of running a function."""
    with bench.fleet() as fleet:
        fleet.start_master()
        fleet.configure_minion("edge-1")
        serve(fleet.master_root / "srv/salt", "_modules/bench.py", _MODULE)
        fleet.join_string("edge-1", fleet.token())
        fleet.start_minion("edge-1")
        fleet.wait_up("edge-1")
        fleet.shoal("edge-1", "saltutil.sync_modules", check=True)
        order(fleet, "bench.now")
        _latency(bench, fleet)
        _cost(bench, fleet)


def _latency(bench: Bench, fleet: Fleet) -> None:
    forked, inline = [], []
    with listening(fleet, "shoal/job/*/new") as events:
        for _ in bench.rounds(100):
            (answer,) = returns(fleet, "bench.now")
            forked.append((answer["ret"] - next(events)["time"]) * 1000)
            (answer,) = returns(fleet, "test.ping")
            inline.append((answer["started"] - next(events)["time"]) * 1000)
    bench.add("publish → function starts, forked", forked, "ms", budget=10)
    bench.add("publish → function starts, inline", inline, "ms", budget=3)


def _cost(bench: Bench, fleet: Fleet) -> None:
    daemon = fleet.minions["edge-1"].pid
    for fun, what, budget in (("bench.now", "forked", 4.0), ("test.ping", "inline", 0.5)):
        count = 60 if bench.quick else 150
        samples = []
        for _ in bench.rounds(5):
            executors = until("the executor", lambda: children(daemon))
            before = cpu_s([daemon, *executors]) + reaped_s(executors)
            for _ in range(count):
                order(fleet, fun)
            samples.append((cpu_s([daemon, *executors]) + reaped_s(executors) - before) / count * 1000)
        note = f"{count} jobs one after the other; daemon, executor and, if forked, child"
        bench.add(f"minion CPU per job, {what}", samples, "ms", budget=budget, note=note)
    bare = [_bare_fork() for _ in bench.rounds(5)]
    bench.add(
        "  floor: fork, exit and wait, nothing else", bare, "ms", note="a process as large as the executor"
    )


def _bare_fork() -> float:
    child = Child("tests.benchmarks.fork_process", {"count": 200})
    try:
        return float(child.read()["ms"])
    finally:
        child.close()
