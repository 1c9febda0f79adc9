"""`user.present`."""

from __future__ import annotations

import grp
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.shadow import entry
from modules.user import account as accounts
from modules.user import record
from states.declare import state
from states.plan import Call, Done, Plan, Step, call, failed, unchanged
from states.user import account, password
from states.user.difference import REDACTED, Difference
from states.user.wanted import Wanted

_DEFAULTS: Final = Wanted()
_NEEDED: Final = "The following user attributes are set to be changed:\n"
_REFUSED: Final = "Encountered error checking for needed changes. Additional info follows:\n\n"


@state
def present(ctx: Context, name: str, wanted: Wanted = _DEFAULTS) -> Plan:
    """Let there be a user who has what is asked for; what is not asked for stays, or is the box's default.

    `password` is a hash, as `shadow.gen_password` makes it; a plain password needs `hash_password`. A locked account
    stays locked. `groups: []` takes the user out of all groups but the primary one.

    Example:

        alice:
          user.present:
            - uid: 1500
            - gid: users
            - groups:
              - wheel
            - shell: /bin/bash
            - fullname: Alice A.
    """
    if wanted.groups and wanted.optional_groups:
        both = sorted(set(wanted.groups) & set(wanted.optional_groups))
        if both:
            return failed(f'Group(s) listed in both "groups" and "optional_groups": {", ".join(both)}')
    known = {each.gr_name for each in grp.getgrall()}
    found = record.find(name)
    if found is None:
        return _made(ctx, name, wanted, known)
    refused = account.refusals(found, wanted)
    if refused:
        return failed(_REFUSED + "\n".join(refused))
    differing = [*account.differences(found, wanted), *_of_password(ctx, name, wanted)]
    if not differing:
        return unchanged(f"User {name} is present and up to date")
    return Plan(
        steps=tuple(each.step for each in differing),
        changes=_changes(differing),
        would=_NEEDED + "".join(f"{each.shown}\n" for each in differing),
        did=f"Updated user {name}",
    )


def _of_password(ctx: Context, name: str, wanted: Wanted) -> list[Difference]:
    shadow = entry.find(name)
    if shadow is None:
        return []
    salt = password.salt_for(ctx.minion_id, name)
    return list(password.differences(shadow, wanted, name, password.kept(shadow, name), salt))


def _made(ctx: Context, name: str, wanted: Wanted, known: set[str]) -> Plan:
    """Return the plan for a user who is not there. What follows the account's making goes with it on the way back."""
    options = wanted.add_options()
    given = {
        field: value
        for field in type(options).__dataclass_fields__
        if (value := getattr(options, field)) != getattr(accounts.AddOptions(), field)
    }
    groups = wanted.all_groups(known)
    add = call(accounts.add, name=name, uid=wanted.uid, gid=wanted.gid, groups=groups, **given)
    fresh_home = wanted.createhome and not Path(wanted.home or f"/home/{name}").exists()
    gone: Call = call(accounts.delete, name=name, remove=fresh_home, missing_ok=True)
    salt, fresh = password.salt_for(ctx.minion_id, name), password.kept(password.NEW, name)
    differing = list(password.differences(password.NEW, wanted, name, fresh, salt))
    known_facts = {
        "name": name,
        **{field: value for field in ("uid", "gid", "home", "shell") if (value := getattr(wanted, field))},
    }
    redacted = {"password": REDACTED} if wanted.password and not wanted.empty_password else {}
    return Plan(
        steps=(Step(do=add, undo=gone), *(each.step for each in differing)),
        changes={**known_facts, **redacted},
        would=f"User {name} set to be added",
        judge=lambda answers: _judged(name, redacted),
    )


def _judged(name: str, more: dict[str, Any]) -> Done:
    found = record.find(name)
    changes = {**(record.described(found) if found else {}), **more}
    return Done(comment=f"New user {name} created", changes=changes)


def _changes(differing: list[Difference]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in differing:
        found |= each.changes
    return found
