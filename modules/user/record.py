"""What the box knows of an account, from whatever its name service knows (files, LDAP, …)."""

from __future__ import annotations

import grp
import os
import pwd
from typing import Any, Final

from modules.user.gecos import Gecos
from shoal.errors import ModuleError

_NO_HASH: Final = frozenset({"", "x", "*", "!", "!!", "*LK*", "*NP*"})


def find(name: str) -> pwd.struct_passwd | None:
    """Return the account `name`, or None."""
    try:
        return pwd.getpwnam(name)
    except (KeyError, ValueError):
        return None


def must_find(name: str) -> pwd.struct_passwd:
    """Return the account `name`. Raises ModuleError when there is none."""
    found = find(name)
    if found is None:
        raise ModuleError(f"there is no user {name[:64]!r} on this box")
    return found


def groups_of(account: pwd.struct_passwd) -> list[str]:
    """Return the names of the account's groups, sorted; a group that has no name is left out."""
    names = set()
    for gid in os.getgrouplist(account.pw_name, account.pw_gid):
        if found := group_name(gid):
            names.add(found)
    return sorted(names)


def group_name(gid: int) -> str:
    """Return the name of group `gid`, "" when it has none."""
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return ""


def described(account: pwd.struct_passwd) -> dict[str, Any]:
    """Return the account as `user.info` does. A hash that lies in /etc/passwd itself is masked."""
    return {
        "name": account.pw_name,
        "uid": account.pw_uid,
        "gid": account.pw_gid,
        "groups": groups_of(account),
        "home": account.pw_dir,
        "passwd": account.pw_passwd if account.pw_passwd in _NO_HASH else "********",
        "shell": account.pw_shell,
        **Gecos.read(account.pw_gecos).fields(),
    }
