"""Pillar of 1,000 boxes from 200 SLS files, 2 of which are different for each box: time and memory of the compiler."""

from __future__ import annotations

from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.child import Child
from tests.benchmarks.pillar_process import SLS

_BOXES: Final = 1000


def run(bench: Bench) -> None:
    """Compile for all boxes cold, with nothing changed, and with one file changed."""
    cold, warm, changed = [], [], []
    for _ in bench.rounds(3):
        child = Child("tests.benchmarks.pillar_process", {})
        try:
            cold.append(child.ask({"boxes": _BOXES}))
            warm.append(child.ask({"boxes": _BOXES}))
            changed.append(child.ask({"boxes": _BOXES, "change": True}))
        finally:
            child.close()
    for what, answers in (("cold", cold), ("nothing changed", warm), ("one file changed", changed)):
        done = answers[-1]["done"]
        note = f"{done['rendered']:,} renderings of {_BOXES * (SLS + 1):,}; {done['read']} files read"
        bench.add(
            f"pillar, {SLS} SLS, {_BOXES:,} boxes, {what}",
            [each["seconds"] for each in answers],
            "s",
            note=note,
        )
    bench.add(
        "  compiler's memory at its peak", [each["peak_mib"] - each["before_mib"] for each in changed], "MiB"
    )
