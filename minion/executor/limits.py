"""What the kernel enforces on a job: memory, CPU time, open files, priority; and who adopts its strays.

Called in the job's child, before the function. A limit never goes over what the process was given; one that
cannot be set is logged and the job runs.
"""

from __future__ import annotations

import ctypes
import logging
import os
import resource
from pathlib import Path
from typing import Final

from minion.executor.settings import ExecutorSettings

log = logging.getLogger(__name__)

_PR_SET_NAME: Final = 15
_PR_SET_CHILD_SUBREAPER: Final = 36
_CPU_MARGIN_S: Final = 5  # between SIGXCPU and SIGKILL
_OOM_SCORE: Final = Path("/proc/self/oom_score_adj")
_libc = ctypes.CDLL(None)


def apply(settings: ExecutorSettings) -> None:
    """Put this process and all it will start under the job limits of `settings`."""
    _limit(resource.RLIMIT_CORE, 0, 0)
    _lose_protection()
    if settings.memory_max_bytes:
        # DATA, not AS: it counts what the job writes to, not the libraries and maps it only reads.
        _limit(resource.RLIMIT_DATA, settings.memory_max_bytes, settings.memory_max_bytes)
    if settings.cpu_max_s:
        _limit(resource.RLIMIT_CPU, settings.cpu_max_s, settings.cpu_max_s + _CPU_MARGIN_S)
    if settings.open_files_max:
        _limit(resource.RLIMIT_NOFILE, settings.open_files_max, settings.open_files_max)
    if settings.nice:
        try:
            os.nice(settings.nice)
        except OSError as error:
            log.warning("cannot set nice: %s", error, extra={"action": "job_limit_failed"})


def _lose_protection() -> None:
    """Leave the daemon's shelter from the kernel's search for memory (OOMScoreAdjust of its unit)."""
    try:
        if _OOM_SCORE.read_bytes().startswith(b"-"):
            _OOM_SCORE.write_bytes(b"0")
    except OSError as error:
        log.warning("cannot set %s: %s", _OOM_SCORE, error, extra={"action": "job_limit_failed"})


def adopt_strays() -> None:
    """Become the parent of processes below this one whose own parent ends, so that none gets lost."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def name_process(name: str) -> None:
    """Let `ps` and `top` show `name` (at most 15 characters) for this process."""
    _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def give_back_memory() -> None:
    """Return what start-up has used and freed to the kernel; half a MiB, where the C library can."""
    if hasattr(_libc, "malloc_trim"):
        _libc.malloc_trim(0)


def _limit(which: int, soft: int, hard: int) -> None:
    try:
        _, top = resource.getrlimit(which)
        if top != resource.RLIM_INFINITY:
            soft, hard = min(soft, top), min(hard, top)
        resource.setrlimit(which, (soft, hard))
    except (OSError, ValueError) as error:
        log.warning("cannot set a limit: %s", error, extra={"action": "job_limit_failed"})
