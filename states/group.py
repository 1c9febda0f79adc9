"""Groups of the box: that they are there, with which number and whom in them."""

from __future__ import annotations

import grp
from dataclasses import dataclass
from typing import Any, Final

from modules import group as groups
from modules.context import Context
from states.declare import state
from states.plan import Done, Plan, Step, call, failed, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOptions:
    """What a group is to have. Spellings are Salt's."""

    gid: int | None = None
    system: bool = False
    addusers: list[str] | None = None
    delusers: list[str] | None = None
    members: list[str] | None = None  # these and no others
    non_unique: bool = False  # the number may be another group's as well


_DEFAULTS: Final = GroupOptions()
_CONFLICT: Final = (
    'Error: Conflicting options "members" with "addusers" and/or "delusers" can not be used together. '
)
_BOTH: Final = "Error. Same user(s) can not be added and deleted simultaneously"


@state
def present(ctx: Context, name: str, options: GroupOptions = _DEFAULTS) -> Plan:
    """Let there be a group, with this number, and with all of `members`, or at least `addusers` and no `delusers`.

    Example:

        operators:
          group.present:
            - gid: 1600
            - addusers:
              - alice
    """
    adding, leaving = options.addusers or [], options.delusers or []
    if options.members is not None and (adding or leaving):
        return failed(_CONFLICT)
    if set(adding) & set(leaving):
        return failed(_BOTH)
    found = groups.info(ctx, name)
    taken = _taken(name, options)
    if taken:
        gone = "" if found else f"Group {name} is not present but "
        return failed(f"{gone}gid {options.gid} is already taken by group {taken}")
    return _changed(found, options) if found else _made(ctx, name, options)


@state
def absent(ctx: Context, name: str) -> Plan:
    """Let there be no such group. One that is some user's primary group cannot go before that user does.

    Example:

        operators:
          group.absent
    """
    found = groups.info(ctx, name)
    if not found:
        return unchanged("Group not present")
    back = call(groups.restore, name=name, gid=found["gid"], members=found["members"])
    return Plan(
        steps=(Step(do=call(groups.delete, name=name), undo=back),),
        changes={name: ""},
        would=f"Group {name} is set for removal",
        did=f"Removed group {name}",
    )


def _taken(name: str, options: GroupOptions) -> str:
    if options.gid is None or options.non_unique:
        return ""
    try:
        owner = grp.getgrgid(options.gid).gr_name
    except (KeyError, OverflowError):
        return ""
    return "" if owner == name else owner


def _made(ctx: Context, name: str, options: GroupOptions) -> Plan:
    add = call(groups.add, name=name, gid=options.gid, system=options.system, non_unique=options.non_unique)
    wanted = options.members or options.addusers or []
    steps = [Step(do=add, undo=call(groups.delete, name=name, missing_ok=True))]
    if wanted:
        members = call(groups.members, name=name, members_list=wanted)
        steps.append(Step(do=members, undo=call(groups.members, name=name, members_list=[])))
    known = {} if options.gid is None else {"gid": options.gid}
    return Plan(
        steps=tuple(steps),
        changes={"name": name, "passwd": "x", **known, "members": wanted},
        would=f"Group {name} set to be added",
        judge=lambda answers: Done(comment=f"New group {name} created", changes=groups.info(ctx, name)),
    )


def _changed(found: dict[str, Any], options: GroupOptions) -> Plan:
    """Return the plan for a group that is there."""
    name, steps, told = found["name"], list[Step](), list[str]()
    changes: dict[str, Any] = {}
    if options.gid not in (None, found["gid"]):
        more = {"non_unique": True} if options.non_unique else {}
        do = call(groups.chgid, name=name, gid=options.gid, **more)
        steps.append(Step(do=do, undo=call(groups.chgid, name=name, gid=found["gid"], non_unique=True)))
        changes["gid"] = {"old": found["gid"], "new": options.gid}
        told.append(f"gid: {options.gid}")
    steps += _people(found, options, told)
    people = _after(found["members"], options)
    if set(people) != set(found["members"]):
        changes["members"] = {"old": found["members"], "new": people}
    if not steps:
        return unchanged(f"Group {name} is present and up to date")
    said = "".join(f"{each}\n" for each in ["The following group attributes are set to be changed:", *told])
    return Plan(steps=tuple(steps), changes=changes, would=said, did=said)


def _people(found: dict[str, Any], options: GroupOptions, told: list[str]) -> list[Step]:
    """Return the steps that let people in and out; each is taken back by the list that was there before it."""
    name, now, steps = found["name"], list(found["members"]), list[Step]()
    if options.members is not None:
        if set(options.members) == set(now):
            return []
        told.append(f"members: {options.members}")
        do = call(groups.members, name=name, members_list=options.members)
        return [Step(do=do, undo=call(groups.members, name=name, members_list=now))]
    adding = [each for each in options.addusers or [] if each not in now]
    leaving = [each for each in options.delusers or [] if each in now]
    told += [f"addusers: {adding}"] if adding else []
    told += [f"delusers: {leaving}"] if leaving else []
    for each in [*adding, *leaving]:
        do = call(groups.adduser if each in adding else groups.deluser, name=name, username=each)
        steps.append(Step(do=do, undo=call(groups.members, name=name, members_list=list(now))))
        now = [*now, each] if each in adding else [other for other in now if other != each]
    return steps


def _after(now: list[str], options: GroupOptions) -> list[str]:
    if options.members is not None:
        return options.members
    kept = [each for each in now if each not in (options.delusers or [])]
    return [*kept, *(each for each in options.addusers or [] if each not in kept)]
