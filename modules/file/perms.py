"""`file.set_perms`: owners and modes of many things in one call, each in the order that leaves both right."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from modules.context import Context
from modules.file.modes import as_bits
from modules.file.owners import gid_of, uid_of
from modules.file.place import absolute, explained
from modules.held_folder import entered_below, held
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_KNOWN = frozenset({"mode", "user", "group", "link"})


@function(replay="safe")
def set_perms(ctx: Context, perms: dict[str, dict[str, Any]]) -> bool:
    """Set mode, user and group of files and folders, given by their paths; what is not given stays.

    Links are followed; with `link: true` it is the link itself that gets the owner.

    CLI Example:

        shoal '*' file.set_perms '{/srv/app: {user: root, group: root, mode: "0755"}}'
    """
    for path, wanted in perms.items():
        if strange := wanted.keys() - _KNOWN:
            raise ArgumentError(f"{sorted(strange)[0]!r} is none of mode, user, group and link")
        mode = str(wanted.get("mode", ""))
        owner = owner_ids(str(wanted.get("user", "")), str(wanted.get("group", "")))
        _set(absolute(path), as_bits(mode) if mode else -1, owner, link=bool(wanted.get("link")))
    return True


def owner_ids(user: str, group: str) -> tuple[int, int]:
    """Return the numbers of user and group, -1 for "". Raises ModuleError in Salt's words."""
    try:
        uid = uid_of(user)
    except ModuleError:
        raise ModuleError(f"User {user} is not available ") from None
    try:
        return uid, gid_of(group)
    except ModuleError:
        raise ModuleError(f"Group {group} is not available") from None


def _set(place: Path, bits: int, owner: tuple[int, int], *, link: bool) -> None:
    with explained(place, "given its owner and mode"):
        if link:
            with entered_below(place.parent, locked=False) as folder:
                os.chown(place.name, *owner, dir_fd=folder, follow_symlinks=False)
            return
        with held(place) as thing:
            if owner != (-1, -1):
                os.chown(thing, *owner)
            if bits >= 0:  # last: a new owner takes the set-user-id bit away
                thing.chmod(bits)
