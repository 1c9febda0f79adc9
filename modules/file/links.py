"""Symbolic and hard links. Nothing here follows the link that it is asked for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from modules.atomic_file import put_link
from modules.context import Context
from modules.file.place import absolute, explained, kind_of, shown, status_of
from modules.held_folder import entered_below
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@function(replay="safe")
def symlink(ctx: Context, src: str, path: str, force: bool = False, atomic: bool = False) -> bool:
    """Make `path` a symbolic link to `src`, which need not be there and may be relative to the link.

    A link to another place is replaced with `force`, a file too; a folder never is. `atomic` means `force`, and
    that there is a link at every moment.

    CLI Example:

        shoal '*' file.symlink /opt/app-2.0 /opt/app atomic=true
    """
    if not src or "\0" in src:
        raise ArgumentError("src must be the path that the link is to lead to")
    place = absolute(path)
    _must_have_folder(place, "symlink")
    with explained(place, "made a link"):
        if place.is_symlink() and os.readlink(place) == src:  # noqa: PTH115  Path would tidy the text
            return True
        if not os.path.lexists(place) and not atomic:
            place.symlink_to(src)
            return True
        if os.path.lexists(place):
            _must_give_way(place, forced=force or atomic)
        with entered_below(place.parent) as folder:
            put_link(folder, place.name, src)
    return True


@function(replay="safe")
def link(ctx: Context, src: str, path: str) -> bool:
    """Make `path` a hard link to the file `src`; a symbolic link at `src` is linked itself.

    CLI Example:

        shoal '*' file.link /srv/data/a /srv/data/b
    """
    source, place = absolute(src), absolute(path)
    _must_have_folder(place, "hard link")
    with explained(place, "made a hard link"):
        if os.path.lexists(place) and os.path.samestat(source.lstat(), place.lstat()):
            return True
        os.link(source, place, follow_symlinks=False)
    return True


@function(replay="safe")
def readlink(ctx: Context, path: str, canonicalize: bool = False) -> str:
    """Return what a symbolic link says; with `canonicalize` the place where it ends.

    CLI Example:

        shoal '*' file.readlink /proc/self/exe
    """
    place = absolute(path)
    if not stat.S_ISLNK(status_of(place, follow=False).st_mode):
        raise ModuleError(f"{shown(place)} is not a symbolic link")
    with explained(place, "read as a link"):
        return os.path.realpath(place) if canonicalize else os.readlink(place)  # noqa: PTH115


@function(replay="safe")
def is_link(ctx: Context, path: str) -> bool:
    """Say whether there is a symbolic link, also one that leads nowhere.

    CLI Example:

        shoal '*' file.is_link /etc/mtab
    """
    return absolute(path).is_symlink()


@function(replay="safe")
def is_hardlink(ctx: Context, path: str) -> bool:
    """Say whether there is a regular file with more than one name.

    CLI Example:

        shoal '*' file.is_hardlink /etc/hostname
    """
    try:
        found = absolute(path).lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink > 1


def _must_give_way(place: Path, *, forced: bool) -> None:
    kind = kind_of(place.lstat().st_mode)
    if kind not in ("link", "file"):
        raise ModuleError(f"{shown(place)} is there and of type {kind}; remove it first")
    if not forced:
        raise ModuleError(f"{shown(place)} is there already, as a {kind}; force=true replaces it")


def _must_have_folder(place: Path, word: str) -> None:
    if not place.parent.is_dir():
        raise ModuleError(f"Directory {shown(place.parent)} for {word} is not present")
