"""Whether one kind of message keeps out the others: a probe's hello, heartbeat and return while a crowd floods.

1,000 connections. All but one send one kind: returns as fast as they are answered, hellos four a second each (a key
has five), grains ten; for their pillar of 20 KiB all ask at once, every two seconds. The last asks now for this, now
for that, and notes how long each answer takes; where nobody floods it is the same probe alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.orders import ask, run_request
from tests.benchmarks.seed import seed
from tests.benchmarks.swarm import MASTER

_MINIONS: Final = 1000
_SECONDS: Final = 15.0
_CROWDS: Final = ("nothing", "hello", "return", "facts", "pillar")
_PROBES: Final = ("hello", "heartbeat", "return")


def run(bench: Bench) -> None:
    """Measure each crowd."""
    settings: dict[str, Any] = {**MASTER, "minion_messages_per_s": 1e6, "minion_bytes_per_s": 10**12}
    with bench.swarm(_MINIONS) as fleet:
        fleet.configure_master(**settings)
        seed(fleet.store_url(), range(_MINIONS))
        _write_pillar(fleet.master_root / "srv/pillar")
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
                if crowd == "pillar":
                    note += f", {found['answered'] / _SECONDS:,.0f} answered"
                for probe in _PROBES:
                    bench.add(
                        f"{probe} → answer, the crowd sends {crowd}", found["waits"][probe], "ms",
                        note=note if probe == "hello" else "",
                    )  # fmt: skip
        finally:
            feeder.close()


def _write_pillar(root: Path) -> None:
    """Write a pillar of 20 KiB, the same for all boxes but for their ids."""
    root.mkdir(parents=True)
    (root / "top.sls").write_text("base:\n  '*': [common, own]\n")
    lines = [
        f"key_{number}: {{name: value-{number}, role: {{{{ grains.os }}}}, size: {number}}}"
        for number in range(400)
    ]
    (root / "common.sls").write_text("\n".join(lines))
    (root / "own.sls").write_text("own: {{ id }}\n")
