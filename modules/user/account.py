"""Making, deleting and renaming users."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.user import record
from modules.user.gecos import Gecos
from modules.user.names import check_group, check_group_name, check_id, check_user_name
from modules.user.path import check_path
from modules.user.program import change, start
from shoal.errors import ModuleError
from shoal.functions.function import function

_HOME_NOT_REMOVED: Final = 12  # userdel: the account is gone, its home or mail is not


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """What a new user is to have; "" and None leave it to the box's defaults."""

    home: str = ""
    shell: str = ""
    unique: bool = True  # False: the uid may be another user's as well
    system: bool = False
    fullname: str = ""
    roomnumber: str | int = ""
    workphone: str | int = ""
    homephone: str | int = ""
    other: str = ""
    createhome: bool = True
    nologinit: bool = False  # leave lastlog and faillog alone: for very high uids
    usergroup: bool | None = None  # make a group of the user's own


_DEFAULTS: Final = AddOptions()


def _is_added(
    ctx: Context,
    name: str,
    uid: int | None = None,
    gid: int | str | None = None,
    groups: list[str] | None = None,
    options: AddOptions = _DEFAULTS,
) -> bool | None:
    found = record.find(name)
    if found is None:
        return False
    wanted = (
        uid in (None, found.pw_uid),
        options.home in ("", found.pw_dir),
        options.shell in ("", found.pw_shell),
        not options.createhome or Path(found.pw_dir).is_dir(),
    )
    return True if all(wanted) and set(groups or ()) <= set(record.groups_of(found)) else None


@function(replay="check", probe=_is_added)
def add(
    ctx: Context,
    name: str,
    uid: int | None = None,
    gid: int | str | None = None,
    groups: list[str] | None = None,
    options: AddOptions = _DEFAULTS,
) -> bool:
    """Add a user, with a home folder unless `createhome` is false.

    A group of the user's own name in `groups` becomes the primary one if `gid` is not given.

    CLI Example:

        shoal '*' user.add alice
        shoal '*' user.add alice 1500 users wheel,audio shell=/bin/bash fullname='Alice A.'
        shoal '*' user.add collector system=true createhome=false home=/var/lib/collector
    """
    check_user_name(name)
    if record.find(name):
        raise ModuleError(f"there is a user {name} on this box already")
    change("useradd", *_words(name, uid, gid, groups or [], options), "--", name)
    return True


def _is_deleted(
    ctx: Context, name: str, remove: bool = False, force: bool = False, missing_ok: bool = False
) -> bool | None:
    if record.find(name):
        return False
    return None if remove else True  # whether all of a home is gone cannot be seen from here


@function(replay="check", probe=_is_deleted)
def delete(
    ctx: Context, name: str, remove: bool = False, force: bool = False, missing_ok: bool = False
) -> bool:
    """Delete a user; `remove` takes the home folder and mail too, `force` does so while the user is logged in.

    `missing_ok`: there need not be one.

    CLI Example:

        shoal '*' user.delete alice
        shoal '*' user.delete alice remove=true force=true
    """
    check_user_name(name)
    if missing_ok and record.find(name) is None:
        return True
    account = record.must_find(name)
    flags = [flag for flag, wanted in (("--remove", remove), ("--force", force)) if wanted]
    done = start("userdel", *flags, "--", name)
    home_is_gone = remove and not Path(account.pw_dir).exists()
    if not (done.retcode == _HOME_NOT_REMOVED and home_is_gone):  # an old userdel misses a mailbox loudly
        done.must_succeed()
    return True


def _is_renamed(ctx: Context, name: str, new_name: str) -> bool | None:
    old, new = record.find(name), record.find(new_name)
    if (old is None) == (new is None):
        return None
    return new is not None


@function(replay="check", probe=_is_renamed)
def rename(ctx: Context, name: str, new_name: str) -> bool:
    """Give a user another name; the home folder and the user's own group keep theirs.

    CLI Example:

        shoal '*' user.rename alice alicia
    """
    check_user_name(name)
    check_user_name(new_name)
    record.must_find(name)
    if record.find(new_name):
        raise ModuleError(f"there is a user {new_name} on this box already")
    change("usermod", "--login", new_name, "--", name)
    return True


def _words(
    name: str, uid: int | None, gid: int | str | None, groups: list[str], options: AddOptions
) -> list[str]:
    """Return useradd's options."""
    words: list[str] = []
    if uid is not None:
        words += ["--uid", check_id(uid, "uid"), *([] if options.unique else ["--non-unique"])]
    words += _group_words(name, gid, groups, options.usergroup)
    if options.shell:
        words += ["--shell", check_path(options.shell)]
    if options.home:
        words += ["--home-dir", check_path(options.home)]
    words.append("--create-home" if options.createhome else "--no-create-home")
    if options.system:
        words.append("--system")
    if options.nologinit:
        words.append("--no-log-init")
    if comment := _comment(options):
        words += ["--comment", comment]
    return words


def _group_words(name: str, gid: int | str | None, groups: list[str], usergroup: bool | None) -> list[str]:
    words: list[str] = []
    others = [check_group_name(each) for each in groups]
    if gid is not None:
        words += ["--gid", check_group(gid)]
    elif name in others and not usergroup:
        words += ["--gid", name]
        others.remove(name)
    elif usergroup is not None:
        words.append("--user-group" if usergroup else "--no-user-group")
    if others:
        words += ["--groups", ",".join(others)]
    return words


def _comment(options: AddOptions) -> str:
    return Gecos(
        fullname=options.fullname,
        roomnumber=str(options.roomnumber),
        workphone=str(options.workphone),
        homephone=str(options.homephone),
        other=options.other,
    ).text()
