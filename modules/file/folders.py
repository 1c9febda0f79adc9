"""Makes, lists and removes folders."""

from __future__ import annotations

import os
from pathlib import Path

from modules.context import Context
from modules.file.atomic import umask
from modules.file.modes import as_bits
from modules.file.owners import gid_of, uid_of
from modules.file.place import absolute, explained, shown
from shoal.errors import ModuleError
from shoal.functions.function import function


@function(replay="safe")
def mkdir(ctx: Context, dir_path: str, user: str = "", group: str = "", mode: str = "") -> bool:
    """Make a folder and those above it that are missing; one that is there stays as it is.

    CLI Example:

        shoal '*' file.mkdir /srv/app/data user=root mode=0750
    """
    make_folders(absolute(dir_path), user, group, mode)
    return True


@function(replay="safe")
def makedirs(ctx: Context, path: str, user: str = "", group: str = "", mode: str = "") -> list[str]:
    """Make the folder that `path` lies in, and return which were made; with a slash at the end `path` itself.

    CLI Example:

        shoal '*' file.makedirs /srv/app/data/
    """
    place = absolute(path)
    made = make_folders(place if path.endswith("/") else place.parent, user, group, mode)
    return [str(each) for each in made]


@function(replay="safe")
def makedirs_perms(ctx: Context, name: str, user: str = "", group: str = "", mode: str = "0755") -> list[str]:
    """Make a folder and those above it, set owner and mode also if it was there, and return which were made.

    CLI Example:

        shoal '*' file.makedirs_perms /srv/app/data mode=0750
    """
    place = absolute(name)
    made = make_folders(place, user, group, mode)
    if place not in made:
        _dress(place, uid_of(user), gid_of(group), as_bits(mode))
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


def make_folders(place: Path, user: str = "", group: str = "", mode: str = "") -> list[Path]:
    """Make a folder and those above it; return which. Each gets the owner and mode. Raises ModuleError."""
    uid, gid = uid_of(user), gid_of(group)
    bits = as_bits(mode) if mode else 0o777 & ~umask()
    made = []
    for each in reversed((place, *place.parents)):
        try:
            each.mkdir(0o700)
        except FileExistsError:
            if not os.path.isdir(each):  # noqa: PTH112  never raises
                raise ModuleError(f"{shown(each)} is there and is not a folder") from None
            continue
        except OSError as error:
            if os.path.isdir(each):  # noqa: PTH112  e.g. a read-only file system says so before it says that it is there
                continue
            with explained(each, "made"):
                raise error
        _dress(each, uid, gid, bits)
        made.append(each)
    return made


def _dress(place: Path, uid: int, gid: int, bits: int) -> None:
    with explained(place, "given its owner and mode"):
        os.chown(place, uid, gid)
        place.chmod(bits)
