"""Which processes no pattern may reach: init, the minion's, this job and those that started it.

Only `process.kill_pid` with the exact number and `force` signals them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

MINION_NAMES: Final = frozenset({"shoal-executor", "shoal-minion"})
MINION_MODULES: Final = ("minion.executor", "minion.cli.minion")


def guarded() -> dict[int, str]:
    """Return the processes that no pattern may reach, and what each of them is."""
    import psutil

    everybody = psutil.process_iter(["name", "cmdline"])
    found = {each.pid: "the minion's" for each in everybody if _is_minion(each)}
    found |= dict.fromkeys(_ancestors(), "this job or what started it")
    return found | {1: "the init process"}


def _is_minion(process: Any) -> bool:
    """Say whether it is the daemon, the executor or one of its jobs; a restarted daemon is nobody's parent here."""
    words = process.info["cmdline"] or [""]
    if process.info["name"] in MINION_NAMES or Path(words[0]).name in MINION_NAMES:
        return True
    if not Path(words[0]).name.startswith("python"):
        return False
    script = next(
        (word for word in words[1:] if not word.startswith("-")), ""
    )  # or what `-m` names, or `-c` runs
    return any(module in script for module in MINION_MODULES) or Path(script).name in MINION_NAMES


def _ancestors() -> set[int]:
    import psutil

    own = psutil.Process()
    return {own.pid, *(parent.pid for parent in own.parents())}
