"""How the box is doing: processor, memory, disks, network, processes. Reads only; psutil loads when needed.

Names are Salt's, with the short ones (`status.cpu`, `status.disk`) beside them. Sizes are bytes, times are
seconds, shares are percent.
"""

from __future__ import annotations

import os
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, Literal

from modules.context import Context
from shoal.errors import ModuleError
from shoal.functions.function import function

_SAMPLE_S: Final = 0.1  # how long the processor is watched for its load in percent


@function(replay="safe", aliases=("status.cpustats",))
def cpu(ctx: Context) -> dict[str, Any]:
    """Return how busy the processor is, watched for a tenth of a second, and where its time went since boot.

    CLI Example:

        shoal '*' status.cpu
    """
    import psutil  # 1.5 MB that only this module needs; the same below

    cores = psutil.cpu_percent(interval=_SAMPLE_S, percpu=True)
    frequency = psutil.cpu_freq()
    return {
        "count": len(cores),
        "percent": round(sum(cores) / len(cores), 1) if cores else 0.0,
        "percent_per_core": cores,
        "frequency_mhz": round(frequency.current, 1) if frequency else None,
        "times": psutil.cpu_times()._asdict(),
    }


@function(replay="safe")
def cpuinfo(ctx: Context) -> dict[str, Any]:
    """Return what the kernel says of the processor, as in /proc/cpuinfo.

    CLI Example:

        shoal '*' status.cpuinfo
    """
    found: dict[str, Any] = {}
    for line in _read("/proc/cpuinfo").splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if colon and name:
            found[name] = value.split() if name in ("flags", "Features") else value
    return found


@function(replay="safe", aliases=("status.meminfo",))
def memory(ctx: Context) -> dict[str, Any]:
    """Return how much memory and swap there is and how much of it is used.

    CLI Example:

        shoal '*' status.memory
    """
    import psutil

    return {**psutil.virtual_memory()._asdict(), "swap": psutil.swap_memory()._asdict()}


@function(replay="safe", aliases=("status.diskusage",))
def disk(ctx: Context, /, *places: str) -> dict[str, dict[str, Any]]:
    """Return size and use of the mounted file systems: all, or those whose mount point or type is named.

    CLI Example:

        shoal '*' status.disk
        shoal '*' status.disk / ext4 '/media/*'
    """
    import psutil

    found: dict[str, dict[str, Any]] = {}
    for part in psutil.disk_partitions(all=bool(places)):
        if places and not any(fnmatchcase(part.mountpoint, each) or part.fstype == each for each in places):
            continue
        try:
            usage = psutil.disk_usage(part.mountpoint)
        except OSError:  # a stale mount, or one we may not look at
            continue
        found[part.mountpoint] = {
            "device": part.device,
            "fstype": part.fstype,
            "total": usage.total,
            "used": usage.used,
            "available": usage.free,
            "percent": usage.percent,
        }
    return found


@function(replay="safe")
def diskstats(ctx: Context) -> dict[str, dict[str, int]]:
    """Return how much was read from and written to each block device since boot.

    CLI Example:

        shoal '*' status.diskstats
    """
    import psutil

    return {name: io._asdict() for name, io in (psutil.disk_io_counters(perdisk=True) or {}).items()}


@function(replay="safe", aliases=("status.netdev",))
def network(ctx: Context) -> dict[str, dict[str, Any]]:
    """Return traffic, errors, speed and state of each network interface.

    CLI Example:

        shoal '*' status.network
    """
    import psutil

    states = psutil.net_if_stats()
    found: dict[str, dict[str, Any]] = {}
    for name, io in psutil.net_io_counters(pernic=True).items():
        found[name] = {
            "rx_bytes": io.bytes_recv,
            "rx_packets": io.packets_recv,
            "rx_errs": io.errin,
            "rx_drop": io.dropin,
            "tx_bytes": io.bytes_sent,
            "tx_packets": io.packets_sent,
            "tx_errs": io.errout,
            "tx_drop": io.dropout,
        }
        if state := states.get(name):
            found[name] |= {"up": state.isup, "speed_mbit": state.speed, "mtu": state.mtu}
    return found


@function(inline=True, replay="safe", aliases=("status.load",))
def loadavg(ctx: Context) -> dict[str, float]:
    """Return the load averages.

    CLI Example:

        shoal '*' status.loadavg
    """
    return dict(zip(("1-min", "5-min", "15-min"), os.getloadavg(), strict=True))


@function(replay="safe", aliases=("status.procs",))
def processes(
    ctx: Context, sort: Literal["pid", "cpu_time", "memory"] = "pid", limit: int = 0
) -> dict[str, dict[str, Any]]:
    """Return the processes by pid; with `limit` only the first ones in the order of `sort`.

    CLI Example:

        shoal '*' status.processes
        shoal '*' status.processes sort=memory limit=10
    """
    import psutil

    names = ["username", "status", "memory_info", "cpu_times", "cmdline", "name", "create_time"]
    rows = [(process.pid, _process(process.info)) for process in psutil.process_iter(names)]
    if sort != "pid":
        rows.sort(key=lambda row: -row[1][sort])
    return {str(pid): row for pid, row in (rows[:limit] if limit > 0 else rows)}


@function(replay="safe")
def pid(ctx: Context, sig: str) -> str:
    """Return the pids of the processes whose command line contains this text, one a line.

    CLI Example:

        shoal '*' status.pid python
    """
    found = processes(ctx)
    own = str(os.getpid())
    return "\n".join(number for number, row in found.items() if number != own and sig in row["cmd"])


@function(inline=True, replay="safe")
def uptime(ctx: Context) -> dict[str, Any]:
    """Return how long the box has been up, since when, and its load averages.

    CLI Example:

        shoal '*' status.uptime
    """
    seconds = int(float(_read("/proc/uptime").split()[0]))
    since = int(time.time()) - seconds
    hours, minutes = divmod(seconds // 60 % 1440, 60)
    return {
        "seconds": seconds,
        "days": seconds // 86400,
        "time": f"{hours}:{minutes:02d}",
        "since_t": since,
        "since_iso": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since)),
        "load": loadavg(ctx),
    }


@function(replay="safe")
def temperature(ctx: Context) -> dict[str, list[dict[str, Any]]]:
    """Return the sensors' temperatures in degrees Celsius, by chip; nothing if the box has none.

    CLI Example:

        shoal '*' status.temperature
    """
    import psutil

    return {
        chip: [{"label": each.label, "current": each.current, "critical": each.critical} for each in sensors]
        for chip, sensors in psutil.sensors_temperatures().items()
    }


@function(replay="safe", aliases=("status.users",))
def w(ctx: Context) -> list[dict[str, Any]]:
    """List who is logged in.

    CLI Example:

        shoal '*' status.w
    """
    import psutil

    return [
        {"user": each.name, "tty": each.terminal, "from": each.host, "login_t": int(each.started)}
        for each in psutil.users()
    ]


@function(inline=True, replay="safe")
def nproc(ctx: Context) -> int:
    """Return how many processors a job may use.

    CLI Example:

        shoal '*' status.nproc
    """
    return len(os.sched_getaffinity(0))


@function(inline=True, replay="safe")
def version(ctx: Context) -> str:
    """Return the version of the kernel, as in /proc/version.

    CLI Example:

        shoal '*' status.version
    """
    return _read("/proc/version").strip()


@function(replay="safe", aliases=("status.all_status",))
def all_(ctx: Context) -> dict[str, Any]:
    """Return processor, load, memory, disks, network, temperature and uptime in one answer.

    CLI Example:

        shoal '*' status.all
    """
    return {
        "cpu": cpu(ctx),
        "load": loadavg(ctx),
        "memory": memory(ctx),
        "disk": disk(ctx),
        "network": network(ctx),
        "temperature": temperature(ctx),
        "uptime": uptime(ctx),
    }


def _process(info: dict[str, Any]) -> dict[str, Any]:
    """Return one row of the process list; a process of which we may not know something has an empty field."""
    times, used = info["cpu_times"], info["memory_info"]
    return {
        "user": info["username"] or "",
        "status": info["status"] or "",
        "memory": used.rss if used else 0,
        "cpu_time": round(times.user + times.system, 2) if times else 0.0,
        "started": int(info["create_time"] or 0),
        "cmd": " ".join(info["cmdline"] or ()).strip() or f"[{info['name'] or ''}]",
    }


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8", "replace")
    except OSError as error:
        raise ModuleError(f"{path} cannot be read: {error.strerror}") from None
