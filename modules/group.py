"""The box's groups: who is in them, making them and changing them.

`group.info` and `group.getent` read the name service; changes go through groupadd, groupmod, groupdel and
gpasswd and concern local groups.
"""

from __future__ import annotations

import grp
from typing import Any

from modules.context import Context
from modules.user.names import check_group_name, check_id, check_user_name
from modules.user.program import change
from modules.user.record import find as find_user
from modules.user.record import must_find as must_find_user
from shoal.errors import ModuleError
from shoal.functions.function import function


@function(replay="safe")
def info(ctx: Context, name: str) -> dict[str, Any]:
    """Return what is known of a group, an empty map if there is none.

    CLI Example:

        shoal '*' group.info root
    """
    found = _find(name)
    return _described(found) if found else {}


@function(replay="safe")
def getent(ctx: Context) -> list[dict[str, Any]]:
    """Return what is known of all groups.

    CLI Example:

        shoal '*' group.getent
    """
    return [_described(each) for each in grp.getgrall()]


def _is_added(
    ctx: Context, name: str, gid: int | None = None, system: bool = False, non_unique: bool = False
) -> bool | None:
    found = _find(name)
    if found is None:
        return False
    return True if gid in (None, found.gr_gid) else None


@function(replay="check", probe=_is_added)
def add(
    ctx: Context, name: str, gid: int | None = None, system: bool = False, non_unique: bool = False
) -> bool:
    """Add a group; with `non_unique` its number may be another group's as well.

    CLI Example:

        shoal '*' group.add staff2
        shoal '*' group.add collectors 950 system=true
    """
    check_group_name(name)
    if _find(name):
        raise ModuleError(f"there is a group {name} on this box already")
    words = [] if gid is None else ["--gid", check_id(gid, "gid")]
    words += ["--non-unique"] if gid is not None and non_unique else []
    change("groupadd", *words, *(["--system"] if system else []), "--", name)
    return True


def _is_deleted(ctx: Context, name: str, missing_ok: bool = False) -> bool:
    return _find(name) is None


@function(replay="check", probe=_is_deleted)
def delete(ctx: Context, name: str, missing_ok: bool = False) -> bool:
    """Delete a group; groupdel refuses when it is some user's primary one. `missing_ok`: it need not be there.

    CLI Example:

        shoal '*' group.delete staff2
    """
    if missing_ok and _find(name) is None:
        return True
    _must_find(name)
    change("groupdel", "--", name)
    return True


@function(replay="safe")
def restore(ctx: Context, name: str, gid: int, members: list[str] | None = None) -> bool:
    """Make a group what it was before it was deleted: its number and who was in it; say whether that is a change.

    Users who are gone by now are left out.

    CLI Example:

        shoal '*' group.restore root 0
    """
    fresh = _find(check_group_name(name)) is None
    if fresh:
        add(ctx, name, gid, non_unique=True)
    changed = fresh or _must_find(name).gr_gid != gid
    chgid(ctx, name, gid)
    wanted = [each for each in members or [] if find_user(each)]
    return _set_members(name, wanted) or changed


@function(replay="safe")
def chgid(ctx: Context, name: str, gid: int, non_unique: bool = False) -> bool:
    """Change a group's number; files keep the old one. With `non_unique` it may be another group's as well.

    CLI Example:

        shoal '*' group.chgid staff2 1600
    """
    if _must_find(name).gr_gid != gid:
        words = ["--gid", check_id(gid, "gid"), *(["--non-unique"] if non_unique else [])]
        change("groupmod", *words, "--", name)
    return True


@function(replay="safe")
def adduser(ctx: Context, name: str, username: str) -> bool:
    """Add a user to a group.

    CLI Example:

        shoal '*' group.adduser staff2 alice
    """
    check_user_name(username)
    if username not in _must_find(name).gr_mem:
        must_find_user(username)
        change("gpasswd", "--add", username, "--", name)
    return True


@function(replay="safe")
def deluser(ctx: Context, name: str, username: str) -> bool:
    """Take a user out of a group; nothing happens if it is not in there.

    CLI Example:

        shoal '*' group.deluser staff2 alice
    """
    check_user_name(username)
    if username in _must_find(name).gr_mem:
        change("gpasswd", "--delete", username, "--", name)
    return True


@function(replay="safe")
def members(ctx: Context, name: str, members_list: list[str]) -> bool:
    """Set who is in a group, in place of those who are; an empty list takes everybody out.

    CLI Example:

        shoal '*' group.members staff2 alice,bob
    """
    _set_members(name, members_list)
    return True


def _set_members(name: str, users: list[str]) -> bool:
    wanted = list(dict.fromkeys(check_user_name(each) for each in users))
    if set(wanted) == set(_must_find(name).gr_mem):
        return False
    for each in wanted:
        must_find_user(each)
    change("gpasswd", "--members", ",".join(wanted), "--", name)
    return True


def _find(name: str) -> grp.struct_group | None:
    try:
        return grp.getgrnam(name)
    except (KeyError, ValueError):
        return None


def _must_find(name: str) -> grp.struct_group:
    found = _find(check_group_name(name))
    if found is None:
        raise ModuleError(f"there is no group {name} on this box")
    return found


def _described(group: grp.struct_group) -> dict[str, Any]:
    return {
        "name": group.gr_name,
        "passwd": "x" if group.gr_passwd else "",  # some boxes keep a hash here
        "gid": group.gr_gid,
        "members": list(group.gr_mem),
    }
