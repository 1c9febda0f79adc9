"""`user.absent`."""

from __future__ import annotations

import grp
from dataclasses import asdict
from pathlib import Path

from modules.context import Context
from modules.shadow import entry
from modules.shadow.restoring import packed
from modules.user import account, record, restoring
from states.declare import state
from states.plan import Done, Plan, Step, call, unchanged


@state
def absent(ctx: Context, name: str, purge: bool = False, force: bool = False) -> Plan:
    """Let there be no such user; `purge` takes the home folder and mail too, `force` one who is logged in.

    The account can be brought back with its number, groups and password; a home that was purged cannot.

    Example:

        alice:
          user.absent:
            - purge: true
    """
    found = record.find(name)
    if found is None:
        return unchanged(f"User {name} is not present")
    do = call(account.delete, name=name, remove=purge, force=force)
    if purge and Path(found.pw_dir).exists():
        step = Step(do=do, final=f"what is in {found.pw_dir} is deleted with the user")
    else:
        groups = {each: grp.getgrnam(each).gr_gid for each in record.groups_of(found)}
        shadow = entry.find(name)
        kept = packed(shadow) if shadow else ""
        back = call(
            restoring.restore, name=name, **asdict(restoring.Account.of(found)), groups=groups, kept=kept
        )
        step = Step(do=do, undo=back)
    own = _own_group(name, found.pw_gid)
    return Plan(
        steps=(step,),
        changes={**({f"{name} group": "removed"} if own else {}), name: "removed"},
        would=f"User {name} set for removal",
        judge=lambda answers: _judged(name, own),
    )


def _own_group(name: str, gid: int) -> bool:
    """Say whether the user has a group of its own, which userdel takes along."""
    try:
        group = grp.getgrnam(name)
    except KeyError:
        return False
    return group.gr_gid == gid and not set(group.gr_mem) - {name}


def _judged(name: str, own: bool) -> Done:
    gone = own and name not in {each.gr_name for each in grp.getgrall()}
    changes = {**({f"{name} group": "removed"} if gone else {}), name: "removed"}
    return Done(comment=f"Removed user {name}", changes=changes)
