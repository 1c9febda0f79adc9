"""Makes, lists and removes folders."""

from __future__ import annotations

import os
from pathlib import Path

from modules.atomic_file import umask
from modules.context import Context
from modules.file.modes import as_bits
from modules.file.perms import owner_ids
from modules.file.place import absolute, explained, shown
from modules.held_folder import held, make_folders
from shoal.errors import ModuleError
from shoal.functions.function import function


@function(replay="safe")
def mkdir(ctx: Context, dir_path: str, user: str = "", group: str = "", mode: str = "") -> bool:
    """Make a folder and those above it that are missing; one that is there stays as it is.

    CLI Example:

        shoal '*' file.mkdir /srv/app/data user=root mode=0750
    """
    _made(absolute(dir_path), user, group, mode)
    return True


@function(replay="safe")
def makedirs(ctx: Context, path: str, user: str = "", group: str = "", mode: str = "") -> list[str]:
    """Make the folder that `path` lies in, and return which were made; with a slash at the end `path` itself.

    CLI Example:

        shoal '*' file.makedirs /srv/app/data/
    """
    place = absolute(path)
    made = _made(place if path.endswith("/") else place.parent, user, group, mode)
    return [str(each) for each in made]


@function(replay="safe")
def makedirs_perms(ctx: Context, name: str, user: str = "", group: str = "", mode: str = "0755") -> list[str]:
    """Make a folder and those above it, set owner and mode also if it was there, and return which were made.

    CLI Example:

        shoal '*' file.makedirs_perms /srv/app/data mode=0750
    """
    place = absolute(name)
    made = _made(place, user, group, mode)
    if not made:
        with explained(place, "given its owner and mode"), held(place) as thing:
            os.chown(thing, *owner_ids(user, group))
            thing.chmod(as_bits(mode))
    return [str(each) for each in made]


@function(replay="safe")
def readdir(ctx: Context, path: str) -> list[str]:
    """List the names in a folder, with `.` and `..`.

    CLI Example:

        shoal '*' file.readdir /etc
    """
    place = absolute(path)
    with explained(place, "listed"):
        return [".", "..", *sorted(each.name for each in os.scandir(place))]


@function(replay="safe")
def rmdir(ctx: Context, path: str) -> bool:
    """Remove an empty folder; False if there is none.

    CLI Example:

        shoal '*' file.rmdir /srv/app/data
    """
    place = absolute(path)
    if not os.path.lexists(place):
        return False
    with explained(place, "removed"):
        place.rmdir()
    return True


def _made(place: Path, user: str, group: str, mode: str) -> list[Path]:
    """Make a folder and those above it; return which. Each gets the owner and mode. Raises ModuleError."""
    uid, gid = owner_ids(user, group)
    bits = as_bits(mode) if mode else 0o777 & ~umask()

    def dress(fd: int) -> None:
        os.fchown(fd, uid, gid)
        os.fchmod(fd, bits)

    with explained(place, "made"):
        try:
            return make_folders(place, dress)
        except NotADirectoryError:
            raise ModuleError(
                f"{shown(place)} cannot be made: something on the way is not a folder"
            ) from None
