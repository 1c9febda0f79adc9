"""The floor below the swarm's figures: a ping of 1,000 over the same sockets with nothing of Shoal's around them.

Compare within one run: what this takes is the machine's and libzmq's part, the rest is ours.
"""

from __future__ import annotations

from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.fleet import short_folder

_MINIONS: Final = 1000
_PROCESSES: Final = 2


def run(bench: Bench) -> None:
    """Measure the bare prototype."""
    with short_folder() as folder:
        master = Child("tests.benchmarks.floor_process",
                       {"role": "master", "count": _MINIONS, "folder": str(folder)})  # fmt: skip
        place = master.read()
        share = {"role": "minions", "count": _MINIONS // _PROCESSES, **place}
        minions = [Child("tests.benchmarks.floor_process", share) for _ in range(_PROCESSES)]
        try:
            for child in minions:
                child.read()
            master.ask({"do": "wait"})
            answers = [master.ask({"do": "ping"}) for _ in bench.rounds(21)]
        finally:
            for child in (*minions, master):
                child.close()
    note = "bare prototype of these sockets: CURVE, ZAP, msgpack, SQLite; no signatures, sessions, or anything else"
    bench.add("floor: ping 1,000, all stored", [answer["seconds"] for answer in answers], "s", note=note)
    cost = [answer["cpu_s"] / _MINIONS * 1000 for answer in answers]
    bench.add("  floor: master CPU for each", cost, "ms")
