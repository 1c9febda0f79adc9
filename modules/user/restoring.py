"""The way back of the deletion of a user: the account as it was. What was in its home is nobody's to bring back."""

from __future__ import annotations

import pwd
from dataclasses import dataclass

from modules import group as user_groups
from modules.context import Context
from modules.shadow import restoring
from modules.user import record
from modules.user.account import AddOptions, add
from modules.user.change import chgroups
from modules.user.program import change
from shoal.errors import ModuleError
from shoal.functions.function import function


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A user as /etc/passwd had it."""

    uid: int
    gid: int
    home: str
    shell: str
    gecos: str = ""

    @classmethod
    def of(cls, found: pwd.struct_passwd) -> Account:
        """Return an account as it is now."""
        return cls(
            uid=found.pw_uid,
            gid=found.pw_gid,
            home=found.pw_dir,
            shell=found.pw_shell,
            gecos=found.pw_gecos,
        )


@function(replay="safe")
def restore(ctx: Context, name: str, account: Account, groups: dict[str, int], kept: str = "") -> bool:
    """Make a user that was deleted what it was, in its groups, which are given with their numbers.

    `kept` is its entry in /etc/shadow, packed. Groups that are gone are made again. A user of that name with another
    number is somebody else's by now, and an error.

    CLI Example:

        shoal '*' user.restore root uid=0 gid=0 home=/root shell=/bin/bash gecos=root groups='{root: 0}'
    """
    found = record.find(name)
    if found and found.pw_uid != account.uid:
        raise ModuleError(f"user {name} has the number {found.pw_uid} by now, not {account.uid}")
    for each, gid in groups.items():
        if not user_groups.info(ctx, each):
            user_groups.add(ctx, each, gid, non_unique=True)
    if found is None:
        options = AddOptions(
            home=account.home, shell=account.shell, unique=False, createhome=False, nologinit=True
        )
        add(ctx, name, account.uid, account.gid, None, options)
        change("usermod", "--comment", account.gecos, "--", name)
    primary = record.group_name(account.gid)
    chgroups(ctx, name, [each for each in groups if each != primary])
    if kept:
        restoring.restore(ctx, name, kept)
    return found is None
