"""The box's users: who is there, making them and changing them.

`user.info` and its like read the name service, so they know users of LDAP too. Changes go through useradd,
usermod and userdel and concern local users. What fails is a failed job, not a `False`.
"""

from __future__ import annotations

import pwd
from typing import Any

from modules.context import Context
from modules.user import record
from shoal.functions.function import function


@function(replay="safe")
def info(ctx: Context, name: str) -> dict[str, Any]:
    """Return what is known of a user, an empty map if there is none.

    CLI Example:

        shoal '*' user.info root
    """
    found = record.find(name)
    return record.described(found) if found else {}


@function(replay="safe")
def list_users(ctx: Context) -> list[str]:
    """List the names of all users.

    CLI Example:

        shoal '*' user.list_users
    """
    return sorted({each.pw_name for each in pwd.getpwall()})


@function(replay="safe")
def list_groups(ctx: Context, name: str) -> list[str]:
    """List the groups that a user is in, the primary one too.

    CLI Example:

        shoal '*' user.list_groups root
    """
    return record.groups_of(record.must_find(name))


@function(replay="safe")
def getent(ctx: Context) -> list[dict[str, Any]]:
    """Return what is known of all users.

    CLI Example:

        shoal '*' user.getent
    """
    return [record.described(each) for each in pwd.getpwall()]


@function(replay="safe")
def primary_group(ctx: Context, name: str) -> str:
    """Return the name of a user's primary group, its number if it has no name.

    CLI Example:

        shoal '*' user.primary_group root
    """
    gid = record.must_find(name).pw_gid
    return record.group_name(gid) or str(gid)
