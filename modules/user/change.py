"""Changing one thing about a user. What is as wanted already is left alone, so all of it may be done twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from modules.context import Context
from modules.user import record
from modules.user.gecos import Gecos
from modules.user.names import check_group, check_group_name, check_id, check_user_name
from modules.user.path import check_path
from modules.user.program import change
from shoal.functions.function import function


@function(replay="safe")
def chuid(ctx: Context, name: str, uid: int) -> bool:
    """Change a user's number; usermod gives the files of the home folder to it, none elsewhere.

    CLI Example:

        shoal '*' user.chuid alice 1500
    """
    if record.must_find(check_user_name(name)).pw_uid != uid:
        change("usermod", "--uid", check_id(uid, "uid"), "--", name)
    return True


@function(replay="safe")
def chgid(ctx: Context, name: str, gid: int | str) -> bool:
    """Change a user's primary group, given by number or name.

    CLI Example:

        shoal '*' user.chgid alice users
    """
    account = record.must_find(check_user_name(name))
    if gid not in (account.pw_gid, record.group_name(account.pw_gid)):
        change("usermod", "--gid", check_group(gid), "--", name)
    return True


@function(replay="safe")
def chshell(ctx: Context, name: str, shell: str) -> bool:
    """Change a user's login shell.

    CLI Example:

        shoal '*' user.chshell alice /bin/sh
    """
    if record.must_find(check_user_name(name)).pw_shell != shell:
        change("usermod", "--shell", check_path(shell), "--", name)
    return True


@function(replay="safe")
def chhome(ctx: Context, name: str, home: str, persist: bool = False) -> bool:
    """Change where a user's home folder is; `persist` moves the folder there.

    A folder that has been moved already is not missed: only the entry is changed then.

    CLI Example:

        shoal '*' user.chhome alice /srv/alice persist=true
    """
    account = record.must_find(check_user_name(name))
    if account.pw_dir != home:
        move = ["--move-home"] if persist and Path(account.pw_dir).is_dir() else []
        change("usermod", "--home", check_path(home), *move, "--", name)
    return True


@function(replay="safe")
def chgroups(ctx: Context, name: str, groups: list[str], append: bool = False) -> bool:
    """Set the groups a user is in beside the primary one; `append` keeps those it is in already.

    CLI Example:

        shoal '*' user.chgroups alice wheel,audio
        shoal '*' user.chgroups alice docker append=true
    """
    account = record.must_find(check_user_name(name))
    wanted = {check_group_name(each) for each in groups}
    primary = record.group_name(account.pw_gid)
    present = set(record.groups_of(account)) - {primary}
    if append and wanted - {primary} <= present:
        return True
    if append or wanted - {primary} != present:
        change("usermod", *(["--append"] if append else []), "--groups", ",".join(sorted(wanted)), "--", name)
    return True


@function(replay="safe")
def chfullname(ctx: Context, name: str, fullname: str) -> bool:
    """Change a user's full name.

    CLI Example:

        shoal '*' user.chfullname alice 'Alice A.'
    """
    return _chgecos(name, fullname=fullname)


@function(replay="safe")
def chroomnumber(ctx: Context, name: str, roomnumber: str | int) -> bool:
    """Change a user's room.

    CLI Example:

        shoal '*' user.chroomnumber alice 123
    """
    return _chgecos(name, roomnumber=str(roomnumber))


@function(replay="safe")
def chworkphone(ctx: Context, name: str, workphone: str | int) -> bool:
    """Change a user's phone number at work.

    CLI Example:

        shoal '*' user.chworkphone alice '555 1234'
    """
    return _chgecos(name, workphone=str(workphone))


@function(replay="safe")
def chhomephone(ctx: Context, name: str, homephone: str | int) -> bool:
    """Change a user's phone number at home.

    CLI Example:

        shoal '*' user.chhomephone alice '555 4321'
    """
    return _chgecos(name, homephone=str(homephone))


@function(replay="safe")
def chother(ctx: Context, name: str, other: str) -> bool:
    """Change the last field of a user's comment.

    CLI Example:

        shoal '*' user.chother alice 'on loan'
    """
    return _chgecos(name, other=other)


def _chgecos(name: str, **changed: str) -> bool:
    before = Gecos.read(record.must_find(check_user_name(name)).pw_gecos)
    after = replace(before, **changed)
    if after != before:
        change("usermod", "--comment", after.text(), "--", name)
    return True
