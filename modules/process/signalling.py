"""`process.kill_pid` and `process.pkill`.

A process is known by its number and its start, so a number that was given to somebody else in between is left alone.
"""

from __future__ import annotations

import signal as signals

from modules.context import Context
from modules.process.guard import guarded
from modules.process.matching import matching
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@function(aliases=("ps.kill_pid",))
def kill_pid(ctx: Context, pid: int, signal: int | str = 15, force: bool = False) -> bool:
    """Send a signal, TERM unless another is named, to one process; False if there is none of that number.

    Process 1 and those of the minion and of this job get it only with `force`.

    CLI Example:

        shoal '*' process.kill_pid 2000
        shoal '*' process.kill_pid 2000 signal=HUP
    """
    import psutil

    number = signal_number(signal)
    if pid < 1:  # 0 and below are whole groups, or everybody
        raise ArgumentError(f"a process has a number from 1 on, not {pid}")
    if not force and (why := guarded().get(pid)):
        raise ModuleError(f"process {pid} is {why}; say force=true if that is meant")
    try:
        psutil.Process(pid).send_signal(number)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        raise ModuleError(f"the minion may not signal process {pid}") from None
    return True


@function(aliases=("ps.pkill",))
def pkill(
    ctx: Context,
    pattern: str,
    user: str = "",
    signal: int | str = 15,
    full: bool = False,
) -> dict[str, list[int]]:
    """Send a signal, TERM unless another is named, to the processes that `process.pgrep` finds with this text.

    Returns who was `killed`, who was `spared` because it is process 1 or the minion's, and who could not be
    signalled (`failed`).

    CLI Example:

        shoal '*' process.pkill myserver
        shoal '*' process.pkill 'server --port 80' full=true signal=HUP
    """
    import psutil

    number = signal_number(signal)
    result: dict[str, list[int]] = {"killed": [], "spared": [], "failed": []}
    keep = guarded()
    for process in matching(pattern, user, full):
        if process.pid in keep:
            result["spared"].append(process.pid)
            continue
        try:
            process.send_signal(number)
            result["killed"].append(process.pid)
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            result["failed"].append(process.pid)
    return result


def signal_number(signal: int | str) -> int:
    """Return the number of `15`, `TERM` or `SIGTERM`. Raises ArgumentError."""
    text = str(signal).upper()
    try:
        if text.isdigit():
            return int(signals.Signals(int(text)))
        return int(signals.Signals[text if text.startswith("SIG") else f"SIG{text}"])
    except (KeyError, ValueError):
        raise ArgumentError(f"{signal!r} is no signal; name one as 15, TERM or SIGTERM") from None
