"""What the system knows of a file: type, owner, mode, size, times; and what we may do with it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from modules.context import Context
from modules.file.hashes import get_hash
from modules.file.modes import as_text
from modules.file.owners import group_name, user_name
from modules.file.place import absolute, explained, kind_of, status_of
from shoal.errors import ArgumentError
from shoal.functions.function import function

_ASKED: Final = {"f": os.F_OK, "r": os.R_OK, "w": os.W_OK, "x": os.X_OK}
_ST: Final = ("atime", "ctime", "gid", "mode", "mtime", "nlink", "size", "uid", "dev", "ino")
_DISK: Final = ("bavail", "bfree", "blocks", "bsize", "favail", "ffree", "files", "flag", "frsize", "namemax")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatsOptions:
    """What `file.stats` also tells."""

    hash_type: str | None = None
    follow_symlinks: bool = True


_DEFAULTS: Final = StatsOptions()


@function(replay="safe")
def stats(ctx: Context, path: str, options: StatsOptions = _DEFAULTS) -> dict[str, Any]:
    """Return type, mode, size, owner, times and inode of what is at `path`; with `hash_type` its check sum too.

    `target` is the path itself, or where it leads to if it is a link that is followed.

    CLI Example:

        shoal '*' file.stats /etc/passwd
        shoal '*' file.stats /etc/passwd hash_type=sha256
    """
    place = absolute(path)
    found = _facts(place, status_of(place, follow=options.follow_symlinks))
    found["target"] = os.path.realpath(place) if options.follow_symlinks else _target(place)
    if options.hash_type:
        found["sum"] = get_hash(ctx, path, options.hash_type)
    return found


@function(replay="safe")
def lstat(ctx: Context, path: str) -> dict[str, Any]:
    """Return what `file.stats` tells, of the link itself, and the system's `st_` fields; nothing if it is not there.

    `target` is what a link says.

    CLI Example:

        shoal '*' file.lstat /etc/mtab
    """
    place = absolute(path)
    if not os.path.lexists(place):
        return {}
    status = status_of(place, follow=False)
    fields = {f"st_{name}": getattr(status, f"st_{name}") for name in _ST}
    return fields | _facts(place, status) | {"target": _target(place)}


@function(replay="safe")
def statvfs(ctx: Context, path: str) -> dict[str, int]:
    """Return the blocks and inodes of the file system that `path` is on.

    CLI Example:

        shoal '*' file.statvfs /
    """
    place = absolute(path)
    with explained(place, "looked at"):
        found = os.statvfs(place)
    return {f"f_{name}": getattr(found, f"f_{name}") for name in _DISK}


@function(replay="safe")
def file_exists(ctx: Context, path: str) -> bool:
    """Say whether there is a regular file; a link counts for what it leads to.

    CLI Example:

        shoal '*' file.file_exists /etc/passwd
    """
    return os.path.isfile(absolute(path))  # noqa: PTH113  never raises


@function(replay="safe")
def directory_exists(ctx: Context, path: str) -> bool:
    """Say whether there is a folder; a link counts for what it leads to.

    CLI Example:

        shoal '*' file.directory_exists /etc
    """
    return os.path.isdir(absolute(path))  # noqa: PTH112  never raises


@function(replay="safe")
def path_exists_glob(ctx: Context, path: str) -> bool:
    """Say whether anything matches the glob, also a link that leads nowhere.

    CLI Example:

        shoal '*' file.path_exists_glob '/etc/pass*'
    """
    import glob

    return next(glob.iglob(str(absolute(path))), None) is not None  # noqa: PTH207  Path.glob wants a root


@function(replay="safe")
def access(ctx: Context, path: str, mode: Literal["f", "r", "w", "x"]) -> bool:
    """Say whether the minion may read (r), write (w) or run (x) it, or whether it is there (f). Follows links.

    CLI Example:

        shoal '*' file.access /etc/passwd r
    """
    if mode not in _ASKED:
        raise ArgumentError("mode must be f, r, w or x")
    return os.access(absolute(path), _ASKED[mode])


def _facts(place: Path, status: os.stat_result) -> dict[str, Any]:
    return {
        "inode": status.st_ino,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "user": user_name(status.st_uid),
        "group": group_name(status.st_gid),
        "atime": status.st_atime,
        "mtime": status.st_mtime,
        "ctime": status.st_ctime,
        "size": status.st_size,
        "mode": as_text(status.st_mode),
        "type": kind_of(status.st_mode),
    }


def _target(place: Path) -> str:
    try:
        return os.readlink(place)  # noqa: PTH115  Path would tidy the text
    except OSError:
        return str(place)
