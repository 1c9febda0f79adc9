"""What reads only: which processes there are and what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any, Final

from modules.context import Context
from modules.process.matching import matching
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_FIELDS: Final = (
    *("pid", "ppid", "name", "exe", "cmdline", "cwd", "username", "uids", "gids", "terminal", "status"),
    *("create_time", "cpu_times", "cpu_num", "cpu_affinity", "cpu_percent", "memory_info", "memory_percent"),
    *("nice", "ionice", "io_counters", "num_ctx_switches", "num_fds", "num_threads", "open_files"),
)
_MAX_INTERVAL_S: Final = 60.0
_MAX_FILES: Final = 10_000


@function(replay="safe", aliases=("ps.get_pid_list",))
def get_pid_list(ctx: Context) -> list[int]:
    """List the numbers of all processes.

    CLI Example:

        shoal '*' process.get_pid_list
    """
    import psutil  # 1.5 MB that only this module needs; the same below

    return list(psutil.pids())


@function(replay="safe", aliases=("ps.proc_info",))
def proc_info(ctx: Context, pid: int, attrs: list[str] | None = None) -> dict[str, Any]:
    """Return what is known of one process; with `attrs` only those fields, named as psutil does.

    The environment, which may hold passwords, memory maps and threads come only when `attrs` names them.

    CLI Example:

        shoal '*' process.proc_info 1
        shoal '*' process.proc_info 1 attrs=name,status
    """
    import psutil

    if pid < 0:
        raise ArgumentError(f"a process has a number from 0 on, not {pid}")
    try:
        found = psutil.Process(pid).as_dict(attrs=attrs or list(_FIELDS))
    except psutil.NoSuchProcess:
        raise ModuleError(f"there is no process {pid}") from None
    except ValueError as error:  # psutil does not know a field
        raise ArgumentError(f"no such field of a process: {error}") from None
    return {name: _plain(value) for name, value in found.items()}


@function(replay="safe", aliases=("ps.pgrep",))
def pgrep(
    ctx: Context, pattern: str, user: str = "", full: bool = False, pattern_is_regex: bool = False
) -> list[int]:
    """Return the numbers of the processes whose name has this text, or with `full` their command line.

    The process that asks is left out: its command line may have the text only because of this call.

    CLI Example:

        shoal '*' process.pgrep ssh user=root
        shoal '*' process.pgrep '^/usr/s?bin/' full=true pattern_is_regex=true
    """
    found = matching(pattern, user, full, pattern_is_regex)
    return [each.pid for each in found if each.pid != os.getpid()]


@function(replay="safe", aliases=("ps.top",))
def top(ctx: Context, num_processes: int = 5, interval: float = 3.0) -> list[dict[str, Any]]:
    """Return the processes that used the processor most while they were watched for `interval` seconds.

    CLI Example:

        shoal '*' process.top 3 interval=0.1
    """
    import psutil

    if not 0 < interval <= _MAX_INTERVAL_S:
        raise ArgumentError(f"interval must be more than 0 and at most {_MAX_INTERVAL_S:g} seconds")
    before = {process: _busy(process) for process in psutil.process_iter()}
    time.sleep(interval)
    used = {process: _busy(process) - busy for process, busy in before.items()}
    rows: list[dict[str, Any]] = []
    for process in sorted(used, key=lambda process: -used[process]):
        if len(rows) >= num_processes:
            break
        if row := _top_row(process, used[process] / interval):
            rows.append(row)
    return rows


@function(replay="safe", aliases=("ps.num_cpus",))
def num_cpus(ctx: Context) -> int:
    """Return how many processors the box has.

    CLI Example:

        shoal '*' process.num_cpus
    """
    return os.cpu_count() or 1


@function(replay="safe", aliases=("ps.boot_time",))
def boot_time(ctx: Context, time_format: str = "") -> int | str:
    """Return when the box was booted, in seconds since 1970 or as `time_format` (strftime, local time) wants it.

    CLI Example:

        shoal '*' process.boot_time
        shoal '*' process.boot_time time_format='%Y-%m-%d %H:%M'
    """
    import psutil

    seconds = int(psutil.boot_time())
    return time.strftime(time_format, time.localtime(seconds)) if time_format else seconds


@function(replay="safe", aliases=("ps.psaux",))
def psaux(ctx: Context, name: str) -> list[Any]:
    """Return the name, the processes whose command line has it, one line each, and how many they are.

    A line is user, number, processor and memory in percent, state and command, as of `ps aux`; the
    process that asks is left out.

    CLI Example:

        shoal '*' process.psaux python
    """
    lines = [_line(each) for each in matching(name, "", True) if each.pid != os.getpid()]
    found = [line for line in lines if line]
    return [name, found, f"{len(found)} occurrence(s)."]


@function(replay="safe", aliases=("ps.lsof",))
def lsof(ctx: Context, name: str) -> list[dict[str, Any]]:
    """List the open files of the processes whose name begins with this text, as /proc shows them.

    No lsof is needed. What may not be looked at is left out; more than ten thousand files are cut.

    CLI Example:

        shoal '*' process.lsof sshd
    """
    found: list[dict[str, Any]] = []
    for process in matching(name, "", False):
        if not process.info["name"].startswith(name):
            continue
        for fd, path in _open_files(process.pid):
            found.append({"pid": process.pid, "name": process.info["name"], "fd": fd, "path": path})
            if len(found) >= _MAX_FILES:
                return found
    return found


@function(replay="safe", aliases=("ps.status",))
def status(ctx: Context, status: str) -> list[dict[str, Any]]:
    """List the processes that are in a state: running, sleeping, disk-sleep, stopped, zombie, idle and so on.

    CLI Example:

        shoal '*' process.status zombie
    """
    import psutil

    states = {value for name, value in vars(psutil).items() if name.startswith("STATUS_")}
    if status not in states:
        raise ArgumentError(f"status must be one of {', '.join(sorted(states))}, not {status!r}")
    rows = (process.info for process in psutil.process_iter(["pid", "name", "status"]))
    return [{"pid": row["pid"], "name": row["name"]} for row in rows if row["status"] == status]


def _busy(process: Any) -> float:
    import psutil

    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _top_row(process: Any, share: float) -> dict[str, Any] | None:
    import psutil

    try:
        with process.oneshot():
            times, memory = process.cpu_times(), process.memory_info()
            return {
                "cmd": " ".join(process.cmdline()) or f"[{process.name()}]",
                "user": process.username(),
                "status": process.status(),
                "pid": process.pid,
                "create_time": process.create_time(),
                "cpu": {"user": times.user, "system": times.system, "percent": round(100 * share, 1)},
                "mem": {"rss": memory.rss, "vms": memory.vms},
            }
    except psutil.Error:  # gone in between, or not for us to see
        return None


def _line(process: Any) -> str:
    import psutil

    try:
        with process.oneshot():
            age = max(time.time() - process.create_time(), 0.01)
            share = f"{100 * _busy(process) / age:.1f} {process.memory_percent():.1f}"
            who = f"{process.info['username']} {process.pid} {share} {process.status()}"
    except psutil.Error:
        return ""
    return f"{who} {' '.join(process.info['cmdline'])}"


def _open_files(pid: int) -> Iterator[tuple[int, str]]:
    folder = f"/proc/{pid}/fd"
    try:
        numbers = sorted(int(name) for name in os.listdir(folder))  # noqa: PTH208  numbers, not paths
    except OSError:
        return
    for number in numbers:
        try:
            yield number, os.readlink(f"{folder}/{number}")  # noqa: PTH115  `pipe:[7]` is no path
        except OSError:  # closed in between
            continue


def _plain(value: Any) -> Any:
    """Return psutil's named tuples as maps, and lists of them, so that they can go over the wire."""
    if hasattr(value, "_asdict"):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    return str(value) if value is not None and not isinstance(value, (str, int, float, bool)) else value
