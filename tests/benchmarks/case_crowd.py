"""Whether one kind of message keeps out the others: a probe's hello, heartbeat and return while a crowd floods.

1,000 connections. All but one send one kind: returns as fast as they are answered, hellos four a second each (a key
has five), grains ten. The last asks now for this, now for that, and notes how long each answer takes; where nobody
floods it is the same probe alone.
"""

from __future__ import annotations

from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.orders import ask, run_request
from tests.benchmarks.seed import seed
from tests.benchmarks.swarm import MASTER

_MINIONS: Final = 1000
_SECONDS: Final = 15.0
_CROWDS: Final = ("nothing", "hello", "return", "facts")
_PROBES: Final = ("hello", "heartbeat", "return")


def run(bench: Bench) -> None:
    """Measure each crowd."""
    settings: dict[str, Any] = {**MASTER, "minion_messages_per_s": 1e6, "minion_bytes_per_s": 10**12}
    with bench.swarm(_MINIONS) as fleet:
        fleet.configure_master(**settings)
        seed(fleet.store_url(), range(_MINIONS))
        fleet.start_master()
        join = str(fleet.runner("token.join_string"))
        feeder = Child("tests.benchmarks.feeder_process", {"join": join, "count": _MINIONS})
        try:
            feeder.read()
            for crowd in _CROWDS:
                jids = [
                    str(ask(fleet, run_request("test.ping", **{"async": True}))["jid"]) for _ in range(400)
                ]
                found = feeder.ask({"crowd": crowd, "jids": jids, "seconds": _SECONDS})
                note = f"{found['sent'] / _SECONDS:,.0f} a second by 999 others"
                for probe in _PROBES:
                    bench.add(
                        f"{probe} → answer, the crowd sends {crowd}", found["waits"][probe], "ms",
                        note=note if probe == "hello" else "",
                    )  # fmt: skip
        finally:
            feeder.close()
