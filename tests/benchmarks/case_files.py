"""Files from the master: one of 100 MiB to 1 and to 10 boxes, and 10,000 small ones to one box.

Every byte is encrypted by CURVE, checked against its digest when it comes and again when it is put in its place.
Budgets: three times what Salt 3008.3 does on such a machine (56 MiB/s to one, 125 MiB/s to ten in all).
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.gauge import Stopwatch
from tests.benchmarks.orders import order
from tests.fleet import Fleet

_MIB: Final = 100
_SMALL: Final = 10_000
_BUDGETS: Final = {1: 168.0, 10: 375.0}


def run(bench: Bench) -> None:
    """Grow one fleet and measure at each size."""
    with bench.fleet() as fleet:
        roots = fleet.master_root / "srv/salt"
        roots.mkdir(parents=True)
        fleet.start_master(minion_messages_per_s=1000)
        for size in (1, 10):
            _grow(fleet, size)
            _large(bench, fleet, roots, size)
        _small(bench, fleet, roots)


def _large(bench: Bench, fleet: Fleet, roots: Path, size: int) -> None:
    rates, master, boxes = [], [], []
    for number in bench.rounds(5):
        name = f"large-{size}-{number}"
        (roots / name).write_bytes(os.urandom(_MIB << 20))
        _fetch(fleet, "cp.hash_file", name)  # the digest is computed once for each file, not for each box
        assert fleet.master is not None
        clock = Stopwatch((fleet.master.pid,)).start()
        of_boxes = Stopwatch(tuple(box.pid for box in fleet.minions.values())).start()
        started = time.perf_counter()
        _fetch(fleet, "cp.cache_file", name)
        rates.append(size * _MIB / (time.perf_counter() - started))
        clock.stop()
        of_boxes.stop()
        master.append(clock.cpu_s / size)
        boxes.append(of_boxes.cpu_s / size)
        (roots / name).unlink()
        _empty_caches(fleet)
    note = "order given → the content is checked and in the box's cache; the sum of all boxes"
    bench.add(
        f"{_MIB} MiB to {size} real minions",
        rates,
        "MiB/s",
        budget=_BUDGETS[size],
        more_is_better=True,
        note=note,
    )
    bench.add("  master CPU for each", master, "s")
    bench.add("  daemon CPU of each box", boxes, "s")


def _small(bench: Bench, fleet: Fleet, roots: Path) -> None:
    for number in range(_SMALL):
        folder = roots / "small" / str(number % 100)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(number)).write_text(f"{number}\n" * 40)
    first = next(iter(fleet.minions))
    fresh, again = [], []
    for number in bench.rounds(3):
        # Set aside, not deleted: ext4 makes new files slowly for some seconds after thousands were deleted.
        cache = fleet.minion_root(first) / "var/cache/shoal/minion/files"
        if cache.exists():
            cache.rename(cache.with_name(f"files-{number}"))
        for times, name in ((fresh, "fresh"), (again, "again")):
            target = fleet.folder / f"out-{number}-{name}"
            started = time.perf_counter()
            _fetch(fleet, "cp.get_dir", "small", str(target), minion=first)
            times.append(time.perf_counter() - started)
    bench.add(
        f"{_SMALL:,} small files by get_dir",
        fresh,
        "s",
        budget=5.0,
        note="order given → all in place, synced",
    )
    bench.add("  again, from the box's cache", again, "s")


def _fetch(fleet: Fleet, fun: str, name: str, *words: str, minion: str = "*") -> None:
    order(fleet, fun, target=minion, args=[f"shoal://{name}", *words], timeout_s=120.0)


def _empty_caches(fleet: Fleet) -> None:
    for minion in fleet.minions:
        shutil.rmtree(fleet.minion_root(minion) / "var/cache/shoal/minion/files", ignore_errors=True)


def _grow(fleet: Fleet, size: int) -> None:
    token = fleet.token(uses=size)
    fresh = [f"edge-{number:03d}" for number in range(len(fleet.minions), size)]
    for minion in fresh:
        fleet.configure_minion(minion, log_level="warning")
        fleet.join_string(minion, token)
    for minion in fresh:
        fleet.start_minion(minion)
    fleet.wait_up(*fresh, timeout_s=120)
