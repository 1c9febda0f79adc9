"""Users and groups of files, by name or number."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

from modules.context import Context
from modules.file.place import absolute, explained, shown, status_of
from modules.held_folder import entered_below, held
from shoal.errors import ModuleError
from shoal.functions.function import function

_MAX_ID = 2**32 - 2


@function(replay="safe")
def chown(ctx: Context, path: str, user: str, group: str = "") -> bool:
    """Give a file or folder to a user and a group; what is empty stays. Follows links.

    The kernel takes the set-user-id bits of a program that changes hands. What is not there is an error: Salt
    returns its text as if all were well.

    CLI Example:

        shoal '*' file.chown /etc/motd root root
    """
    return _give(path, user, group, follow=True)


@function(replay="safe")
def lchown(ctx: Context, path: str, user: str, group: str = "") -> bool:
    """Give a file, folder or the link itself to a user and a group; what is empty stays.

    CLI Example:

        shoal '*' file.lchown /etc/motd root root
    """
    return _give(path, user, group, follow=False)


@function(replay="safe")
def chgrp(ctx: Context, path: str, group: str) -> bool:
    """Give a file or folder to a group. Follows links.

    CLI Example:

        shoal '*' file.chgrp /etc/motd root
    """
    return _give(path, "", group, follow=True)


@function(replay="safe")
def get_user(ctx: Context, path: str, follow_symlinks: bool = True) -> str:
    """Return the name of the user whom a file belongs to, the number if it has no name.

    CLI Example:

        shoal '*' file.get_user /etc/passwd
    """
    return user_name(get_uid(ctx, path, follow_symlinks))


@function(replay="safe")
def get_uid(ctx: Context, path: str, follow_symlinks: bool = True) -> int:
    """Return the number of the user whom a file belongs to.

    CLI Example:

        shoal '*' file.get_uid /etc/passwd
    """
    return status_of(absolute(path), follow=follow_symlinks).st_uid


@function(replay="safe")
def get_group(ctx: Context, path: str, follow_symlinks: bool = True) -> str:
    """Return the name of the group that a file belongs to, the number if it has no name.

    CLI Example:

        shoal '*' file.get_group /etc/passwd
    """
    return group_name(get_gid(ctx, path, follow_symlinks))


@function(replay="safe")
def get_gid(ctx: Context, path: str, follow_symlinks: bool = True) -> int:
    """Return the number of the group that a file belongs to.

    CLI Example:

        shoal '*' file.get_gid /etc/passwd
    """
    return status_of(absolute(path), follow=follow_symlinks).st_gid


def user_name(uid: int) -> str:
    """Return the name of a user, or its number as text."""
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return str(uid)


def group_name(gid: int) -> str:
    """Return the name of a group, or its number as text."""
    try:
        return grp.getgrgid(gid).gr_name
    except (KeyError, OverflowError):
        return str(gid)


def uid_of(user: str) -> int:
    """Return the number of a user given by name or number; -1 for "". Raises ModuleError."""
    if not user:
        return -1
    try:
        return pwd.getpwnam(user).pw_uid
    except (KeyError, ValueError):
        return _number(user, "user")


def gid_of(group: str) -> int:
    """Return the number of a group given by name or number; -1 for "". Raises ModuleError."""
    if not group:
        return -1
    try:
        return grp.getgrnam(group).gr_gid
    except (KeyError, ValueError):
        return _number(group, "group")


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= _MAX_ID):
        raise ModuleError(f"there is no {what} {shown(text)} on this box")
    return int(text)


def _give(path: str, user: str, group: str, *, follow: bool) -> bool:
    place: Path = absolute(path)
    uid, gid = uid_of(user), gid_of(group)
    with explained(place, "given to another owner"):
        if follow:
            with held(place) as thing:
                os.chown(thing, uid, gid)
        else:
            with entered_below(place.parent, locked=False) as folder:
                os.chown(place.name, uid, gid, dir_fd=folder, follow_symlinks=False)
    return True
