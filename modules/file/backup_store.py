"""Old contents of files, kept under the minion's cache folder.

    CACHE/file_backup/HASH OF THE PATH/path                        which file it is
    CACHE/file_backup/HASH OF THE PATH/20260917T101112.123456Z     one old content, with its owner and mode

The folders are 0700: an old content is as secret as the file was. The newest of a file are kept, as many
as `MAX_KEPT` and `MAX_KEPT_BYTES` allow.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from modules.atomic_file import put
from modules.context import Context
from modules.held_folder import entered
from shoal.errors import ArgumentError
from shoal.paths import Paths

FOLDER: Final = "file_backup"
MAX_KEPT: Final = 50  # of one file
MAX_KEPT_BYTES: Final = 64 * 1024 * 1024  # of one file, the newest apart
_STAMP: Final = "%Y%m%dT%H%M%S.%fZ"
_NAME: Final = re.compile(r"\d{8}T\d{6}\.\d{6}Z", re.ASCII)
_SUFFIX: Final = re.compile(r"[.~][A-Za-z0-9._~-]{0,30}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Backup:
    """One old content."""

    path: Path
    taken: datetime
    size: int


def keep(ctx: Context, folder: int, target: Path, data: bytes, where: bool | str) -> None:
    """Keep `data`, the content of `target`, whose folder is open.

    `where`: True or `minion` = in the store; a suffix such as `.bak` = beside the file. Raises ArgumentError, OSError.
    """
    status = os.stat(target.name, dir_fd=folder, follow_symlinks=False)
    if where in (True, "minion"):
        _store(ctx, target, data, status)
    elif isinstance(where, str) and _SUFFIX.fullmatch(where) and where not in (".", ".."):
        put(folder, target.with_name(target.name + where), data, mode=stat.S_IMODE(status.st_mode) & 0o777)
    else:
        raise ArgumentError("backup must be true, false, minion, or a suffix such as .bak")


def backups_of(ctx: Context, target: Path) -> list[Backup]:
    """Return the old contents of `target`, newest first. Raises OSError."""
    home = _home(ctx, target)
    try:
        names = sorted((each for each in os.listdir(home) if _NAME.fullmatch(each)), reverse=True)  # noqa: PTH208
    except FileNotFoundError:
        return []
    return [Backup(home / each, _time(each), (home / each).stat().st_size) for each in names]


def _store(ctx: Context, target: Path, data: bytes, status: os.stat_result) -> None:
    home = _home(ctx, target)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.parent.chmod(0o700)  # `parents` makes it with the umask's mode
    with entered(home / "path") as (folder, note):
        if not (home / "path").exists():
            put(folder, note, os.fsencode(target) + b"\n", mode=0o600)
        kept = backups_of(ctx, target)
        name = _free_name(kept)
        put(folder, home / name, data, mode=stat.S_IMODE(status.st_mode) & 0o777)
        if os.geteuid() == 0:
            os.chown(name, status.st_uid, status.st_gid, dir_fd=folder, follow_symlinks=False)
        for each in _too_many(kept, len(data)):
            each.path.unlink(missing_ok=True)


def _too_many(kept: list[Backup], size: int) -> list[Backup]:
    """Return those of `kept`, newest first, for which there is no room beside a new one of `size` bytes."""
    for number, each in enumerate(kept, start=1):
        size += each.size
        if number >= MAX_KEPT or size > MAX_KEPT_BYTES:
            return kept[number - 1 :]
    return []


def _free_name(kept: list[Backup]) -> str:
    """Return the name for now; never one that sorts before the newest, should the clock have gone back."""
    name = datetime.now(timezone.utc).strftime(_STAMP)
    if kept and name <= kept[0].path.name:
        name = (kept[0].taken + timedelta(microseconds=1)).strftime(_STAMP)
    return name


def _home(ctx: Context, target: Path) -> Path:
    told = ctx.settings.get("cachedir")
    cache = Path(str(told)) if told else Paths.for_minion().cache_dir
    import hashlib  # with OpenSSL, 4 MiB: not in the waiting executor

    return cache / FOLDER / hashlib.sha256(os.fsencode(target)).hexdigest()[:32]


def _time(name: str) -> datetime:
    return datetime.strptime(name, _STAMP).replace(tzinfo=timezone.utc)
