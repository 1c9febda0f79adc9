"""Lists, restores and deletes the old contents that edits kept; `backup_store.py` says where they are."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modules.atomic_file import replace_by
from modules.context import Context
from modules.file.backup_store import Backup, backups_of, keep
from modules.file.content import open_regular, pour, snapshot
from modules.file.place import absolute, explained, resolve, shown
from modules.held_folder import entered
from shoal.errors import ModuleError
from shoal.functions.function import function


@function(replay="safe")
def list_backups(ctx: Context, path: str, limit: int = 0) -> dict[str, dict[str, Any]]:
    """Return the kept contents of a file, 0 being the newest: when they were kept, size and location.

    At most 50 of a file are kept, 64 MiB together. The name at the end of a location may be used in place of the
    number, which changes with each new backup.

    CLI Example:

        shoal '*' file.list_backups /etc/motd
    """
    found = _backups(ctx, absolute(path))[: limit if limit > 0 else None]
    return {
        str(number): {
            "Backup Time": f"{each.taken:%a %b %d %Y %H:%M:%S.%f} UTC",
            "Size": each.size,
            "Location": str(each.path),
        }
        for number, each in enumerate(found)
    }


@function
def restore_backup(ctx: Context, path: str, backup_id: str) -> dict[str, Any]:
    """Give a file a kept content, by its number or name in `file.list_backups`; the one now is kept first.

    Owner and mode stay; a file that is not there any more gets those that it had.

    CLI Example:

        shoal '*' file.restore_backup /etc/motd 0
    """
    place = absolute(path)
    chosen = _chosen(ctx, place, backup_id)
    with explained(place, "restored"), entered(place) as (folder, target):
        source = open_regular(chosen.path)  # keeping one more may delete the oldest, which this may be
        try:
            there = _keep_now(ctx, folder, target)
            replace_by(folder, target, lambda out: pour(source, out), like=-1 if there else source)
        finally:
            os.close(source)
    return {"result": True, "comment": f"Successfully restored {chosen.path} to {shown(place)}"}


@function(aliases=("file.remove_backup",))
def delete_backup(ctx: Context, path: str, backup_id: str) -> dict[str, Any]:
    """Delete a kept content, by its number or name in `file.list_backups`.

    CLI Example:

        shoal '*' file.delete_backup /etc/motd 0
    """
    chosen = _chosen(ctx, absolute(path), backup_id)
    with explained(chosen.path, "deleted"):
        chosen.path.unlink()
    return {"result": True, "comment": f"Successfully removed {chosen.path}"}


def _backups(ctx: Context, place: Path) -> list[Backup]:
    with explained(place, "looked up among the backups"):
        return backups_of(ctx, resolve(place))


def _chosen(ctx: Context, place: Path, backup_id: str) -> Backup:
    found = _backups(ctx, place)
    for number, each in enumerate(found):
        if backup_id in (str(number), each.path.name):
            return each
    raise ModuleError(
        f"{shown(place)} has no backup {shown(backup_id)}; it has {len(found)}, see file.list_backups"
    )


def _keep_now(ctx: Context, folder: int, target: Path) -> bool:
    try:
        data = snapshot(target, folder).data
    except FileNotFoundError:
        return False
    keep(ctx, folder, target, data, True)
    return True
