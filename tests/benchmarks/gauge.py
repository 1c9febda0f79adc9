"""What a process takes: processor time and memory, as the kernel counts them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_MIB = 1024 * 1024


def cpu_s(pids: Iterable[int]) -> float:
    """Return the processor seconds that these processes, all threads, have used; to the nanosecond."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)  # clock_getcpuclockid(3)


def reaped_s(pids: Iterable[int]) -> float:
    """Return the processor seconds of the children that these processes have waited for, in ticks of 10 ms."""
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(sum(map(int, _stat(pid)[13:15])) for pid in pids) / ticks


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB


def pss_mib(pid: int) -> float:
    """Return the resident memory of a process, with pages that others share counted in parts."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Pss in smaps_rollup")


def children(pid: int) -> list[int]:
    """Return the processes that `pid` has started and that still are its own."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may have spaces; the state is field 0."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def machine() -> dict[str, object]:
    """Return what a reader must know about this machine."""
    model = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "processors": f"{len(model)} x {model[0] if model else 'unknown'}",
        "kernel": os.uname().release,
        "load": [round(value, 2) for value in os.getloadavg()],
    }


@dataclass(slots=True)
class Stopwatch:
    """Wall and processor time between `start` and `stop` of some processes."""

    pids: tuple[int, ...] = ()
    wall_s: float = 0.0
    cpu_s: float = 0.0

    def start(self) -> Stopwatch:
        """Begin."""
        self.cpu_s = cpu_s(self.pids)
        self.wall_s = time.perf_counter()
        return self

    def stop(self) -> Stopwatch:
        """End: the fields hold the differences."""
        self.wall_s = time.perf_counter() - self.wall_s
        self.cpu_s = cpu_s(self.pids) - self.cpu_s
        return self
