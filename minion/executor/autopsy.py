"""Says in one line of what a job's process died that left no result."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from minion.executor.child import EXIT_NO_PIPE, EXIT_OUT_OF_MEMORY, EXIT_TERMINATED
from minion.executor.settings import ExecutorSettings
from shoal.clock import Clock

_MIB: Final = 1024 * 1024
_VMSTAT: Final = Path("/proc/vmstat")
_OLD_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Death:
    """A reaped process: its wait status, peak resident memory and CPU time."""

    status: int
    peak_kib: int = 0
    cpu_s: float = 0.0
    out_of_memory: bool = False  # the kernel has lately killed somebody for that


class OomWatch:
    """Tells whether the kernel has lately killed somebody because memory ran out."""

    def __init__(self, clock: Clock, path: Path = _VMSTAT) -> None:
        self._clock = clock
        self._path = path
        self._count = self._read()
        self._at = clock.monotonic()

    def look(self) -> None:
        """Take the count if the last one is old; called whenever a job starts, so it must cost nothing."""
        if self._clock.monotonic() - self._at > _OLD_S:
            self.killed()

    def killed(self) -> bool:
        """Return True if the count rose since it was last taken."""
        before, self._count = self._count, self._read()
        self._at = self._clock.monotonic()
        return self._count > before

    def _read(self) -> int:
        try:
            text = self._path.read_text()
        except OSError:
            return 0
        _, found, rest = text.partition("\noom_kill ")
        return int(rest.partition("\n")[0]) if found else 0


def explain(death: Death, settings: ExecutorSettings) -> tuple[str, str]:
    """Return outcome and text for a process that died without a result and without anybody here wanting it."""
    if os.WIFSIGNALED(death.status):
        return "killed", _by_signal(os.WTERMSIG(death.status), death, settings)
    code = os.WEXITSTATUS(death.status)
    if code == EXIT_OUT_OF_MEMORY:
        return "killed", f"The job ran out of memory{_memory_limit(settings)}."
    if code == EXIT_TERMINATED:
        return "killed", "The job's process was sent SIGTERM."
    if code == EXIT_NO_PIPE:
        return "failed", "The function ended, but it closed the descriptor its result was to go through."
    return "failed", f"The function ended its process with exit status {code} instead of returning."


def _by_signal(number: int, death: Death, settings: ExecutorSettings) -> str:
    name = signal_name(number)
    if number == signal.SIGXCPU or (number == signal.SIGKILL and 0 < settings.cpu_max_s <= death.cpu_s):
        return f"The job's process used more than the limit of {settings.cpu_max_s} s of CPU time ({name})."
    used = f"it had used up to {max(1, death.peak_kib // 1024)} MiB of memory"
    if number == signal.SIGKILL and death.out_of_memory:
        return (
            f"The job's process was killed by SIGKILL, most likely because the box ran out of memory; {used}."
        )
    if number == signal.SIGKILL:
        return f"The job's process was killed by SIGKILL from outside; {used}."
    return f"The job's process was killed by {name}; {used}{_memory_limit(settings)}."


def _memory_limit(settings: ExecutorSettings) -> str:
    limit = settings.memory_max_bytes
    return f" (memory limit {limit // _MIB} MiB)" if limit else ""


def signal_name(number: int) -> str:
    """Return `SIGTERM` for 15."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
