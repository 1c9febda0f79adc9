"""A minion that has used every module once: what of its memory it keeps.

Of each module one function that reads is called; where every function needs arguments, one is called without them,
which loads the module and refuses the call. Then the documentation of all modules is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from modules.registry import Registry
from shoal.functions.function import Function
from tests.benchmarks.bench import Bench
from tests.benchmarks.gauge import children, pss_mib
from tests.benchmarks.orders import order
from tests.fleet import until

_SETTLE_S = 5.0


def run(bench: Bench) -> None:
    """Measure a minion before and after."""
    with bench.fleet() as fleet:
        fleet.start_master()
        fleet.join("edge-0")
        order(fleet)
        daemon = fleet.minions["edge-0"].pid
        executor = until("the executor", lambda: children(daemon))[0]
        time.sleep(_SETTLE_S)
        before = [pss_mib(daemon), pss_mib(executor)]
        functions = list(_one_of_each())
        for name in [*functions, "sys.doc"]:
            fleet.shoal("*", name, "--out=quiet", timeout_s=120)
        time.sleep(_SETTLE_S)
        after = [pss_mib(daemon), pss_mib(executor)]
    note = f"{len(functions)} modules, one function of each, then sys.doc"
    bench.add("minion, PSS before, daemon + executor", [sum(before)], "MiB")
    bench.add("minion that has used every module, PSS", [sum(after)], "MiB", budget=32, note=note)
    bench.add("the same, daemon", [after[0]], "MiB")
    bench.add("the same, executor", [after[1]], "MiB")


def _one_of_each() -> Iterator[str]:
    registry = Registry()
    for module in registry.modules():
        found = [registry.get(name) for name in registry.names_in(module)]
        yield min(found, key=_harm).name


def _harm(function: Function) -> tuple[int, str]:
    """Return how much a call without arguments may do: those that are safe, then those that refuse it."""
    needs = any(each.required for each in function.signature.keywords.values())
    if function.replay == "safe" and not needs:
        return 0, function.name
    return (1 if needs else 2), function.name
