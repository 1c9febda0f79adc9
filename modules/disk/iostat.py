"""How busy the disks are, from two readings of /proc/diskstats (kernel: Documentation/admin-guide/iostats)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from modules.context import Context
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

DISKSTATS: Final = "/proc/diskstats"
_MAX_S: Final = 3600.0
_FIELDS: Final = (
    "reads",
    "reads_merged",
    "sectors_read",
    "read_ms",
    "writes",
    "writes_merged",
    "sectors_written",
    "write_ms",
    "in_flight",
    "io_ms",
    "weighted_ms",
)
Counters = Mapping[str, int]
_pause: Callable[[float], None] = time.sleep


@function(replay="safe")
def iostat(
    ctx: Context, interval: float = 1.0, count: int = 5, disks: list[str] | None = None
) -> dict[str, dict[str, float]]:
    """Watch the disks for `count` times `interval` seconds and return their rates; idle loop devices are left out.

    The names are iostat's. Salt needs the program iostat; this reads the kernel's counters.

    CLI Example:

        shoal '*' disk.iostat interval=0.1 count=1
        shoal '*' disk.iostat interval=0.1 count=1 disks=sda,sdb
    """
    length = interval * count
    if not 0 < length <= _MAX_S:
        raise ArgumentError(f"interval times count must be more than 0 and at most {_MAX_S:g} seconds")
    before, start = _read(), time.monotonic()
    _pause(length)
    after, seconds = _read(), time.monotonic() - start
    wanted = {name.removeprefix("/dev/") for name in disks or ()}
    return {
        name: rates(before[name], now, max(seconds, 1e-6))
        for name, now in after.items()
        if name in before and (name in wanted if wanted else any(now.values()))
    }


def parse_diskstats(text: str) -> dict[str, dict[str, int]]:
    """Return the counters of each block device since boot, by its kernel name."""
    found: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 3 + len(_FIELDS):
            found[words[2]] = dict(zip(_FIELDS, map(int, words[3:]), strict=False))
    return found


def rates(before: Counters, after: Counters, seconds: float) -> dict[str, float]:
    """Return what happened between two readings, per second; a counter that was reset counts as still."""
    did = {name: max(0, after[name] - before[name]) for name in _FIELDS}
    values = {
        "rrqm/s": did["reads_merged"] / seconds,
        "wrqm/s": did["writes_merged"] / seconds,
        "r/s": did["reads"] / seconds,
        "w/s": did["writes"] / seconds,
        "rkB/s": did["sectors_read"] / 2 / seconds,
        "wkB/s": did["sectors_written"] / 2 / seconds,
        "avgqu-sz": did["weighted_ms"] / 1000 / seconds,
        "r_await": did["read_ms"] / did["reads"] if did["reads"] else 0.0,
        "w_await": did["write_ms"] / did["writes"] if did["writes"] else 0.0,
        "%util": min(100.0, did["io_ms"] / 10 / seconds),
    }
    return {name: round(value, 2) for name, value in values.items()}


def _read() -> dict[str, dict[str, int]]:
    try:
        return parse_diskstats(Path(DISKSTATS).read_text("ascii", "replace"))
    except OSError as error:
        raise ModuleError(f"{DISKSTATS} cannot be read: {error.strerror}") from None
