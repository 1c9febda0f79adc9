"""Removes files, links and trees."""

from __future__ import annotations

import os

from modules.context import Context
from modules.file.mounts import must_hold_no_mount
from modules.file.place import absolute, explained
from shoal.errors import ArgumentError
from shoal.functions.function import function


@function(replay="safe")
def remove(ctx: Context, path: str) -> bool:
    """Remove a file, a link or a folder with all that is in it; False if there is nothing.

    Links are removed, not followed. The root folder is refused, and so is a folder in or below which something is
    mounted: Salt would remove what is in the mounted file system.

    CLI Example:

        shoal '*' file.remove /srv/app-old
    """
    place = absolute(path)
    if place.name in ("", ".."):
        raise ArgumentError("the root folder is not removed, nor a path that ends in ..")
    if not os.path.lexists(place):
        return False
    with explained(place, "removed"):
        if place.is_dir() and not place.is_symlink():
            must_hold_no_mount(place)
            import shutil  # it brings bz2 and lzma, which the waiting executor does without

            shutil.rmtree(place)  # by descriptors: a link put in its way meanwhile is not followed
        else:
            place.unlink()
    return True
