"""How full the mounted file systems are, as `df` tells it: numbers are text, as in Salt."""

from __future__ import annotations

import os

from modules.context import Context
from modules.mount.mountinfo import Mounted, all_mounted
from shoal.errors import ModuleError
from shoal.functions.function import function


@function(replay="safe")
def usage(ctx: Context) -> dict[str, dict[str, str]]:
    """Return size, use and room of each file system in KiB, by mount point.

    A file system that is mounted several times is told once. A dead network server makes it wait.

    CLI Example:

        shoal '*' disk.usage
    """
    return {each.name: _blocks(each, stat) for each, stat in _file_systems() if stat.f_blocks}


@function(replay="safe")
def inodeusage(ctx: Context) -> dict[str, dict[str, str]]:
    """Return number, use and room of the inodes of each file system, by mount point.

    CLI Example:

        shoal '*' disk.inodeusage
    """
    return {each.name: _inodes(each, stat) for each, stat in _file_systems() if stat.f_files}


@function(replay="safe")
def percent(ctx: Context, args: str = "") -> dict[str, str] | str:
    """Return how full each file system is, e.g. `54%`; with a mount point only that one.

    CLI Example:

        shoal '*' disk.percent
        shoal '*' disk.percent /
    """
    found = {name: each["capacity"] for name, each in usage(ctx).items()}
    if not args:
        return found
    if args in found:
        return found[args]
    if not os.path.ismount(args):
        raise ModuleError(f"{args} is not a mount point")
    return share(*_used_and_room(os.statvfs(args)))


def share(used: int, room: int) -> str:
    """Return the used part in whole per cent, rounded up as `df` does."""
    return f"{-(-used * 100 // (used + room))}%" if used + room else "0%"


def _used_and_room(stat: os.statvfs_result) -> tuple[int, int]:
    return stat.f_blocks - stat.f_bfree, stat.f_bavail


def _file_systems() -> list[tuple[Mounted, os.statvfs_result]]:
    """Return each file system with its shortest mount point, of those that may be looked at."""
    first: dict[str, Mounted] = {}
    top = {each.name: each for each in all_mounted()}  # what is mounted over something hides it
    for each in top.values():
        old = first.get(each.number)
        if old is None or len(each.name) < len(old.name):
            first[each.number] = each
    found: list[tuple[Mounted, os.statvfs_result]] = []
    for each in top.values():
        if first[each.number] is not each or each.fstype == "autofs":
            continue
        try:
            found.append((each, os.statvfs(each.name)))
        except OSError:  # a stale mount, or one we may not look at
            continue
    return found


def _blocks(each: Mounted, stat: os.statvfs_result) -> dict[str, str]:
    used, room = _used_and_room(stat)
    unit = stat.f_frsize or stat.f_bsize
    return {
        "filesystem": each.device,
        "1K-blocks": str(stat.f_blocks * unit // 1024),
        "used": str(used * unit // 1024),
        "available": str(room * unit // 1024),
        "capacity": share(used, room),
    }


def _inodes(each: Mounted, stat: os.statvfs_result) -> dict[str, str]:
    used = stat.f_files - stat.f_ffree
    return {
        "filesystem": each.device,
        "inodes": str(stat.f_files),
        "used": str(used),
        "free": str(stat.f_ffree),
        "use": share(used, stat.f_ffree),
    }
