"""What differs in an account: numbers, groups, home, shell, and the fields of its comment."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from modules.file import folders
from modules.user import change, record
from modules.user.gecos import Gecos
from states.plan import Step, call
from states.user.difference import Difference
from states.user.wanted import Wanted

_NOWHERE: Final = "/nonexistent"  # what Debian gives to users who have no home
_ABOUT: Final = {
    "fullname": change.chfullname,
    "roomnumber": change.chroomnumber,
    "workphone": change.chworkphone,
    "homephone": change.chhomephone,
    "other": change.chother,
}
_REFUSED: Final = (
    "- Changing {what} ({old} -> {new}) not permitted, set allow_{what}_change to True to force this change. "
    "Note that this will not change file ownership."
)


def refusals(found: pwd.struct_passwd, wanted: Wanted) -> list[str]:
    """Return why numbers may not be changed."""
    said = []
    if wanted.uid not in (None, found.pw_uid) and not wanted.allow_uid_change:
        said.append(_REFUSED.format(what="uid", old=found.pw_uid, new=wanted.uid))
    if _other_gid(found, wanted) and not wanted.allow_gid_change:
        said.append(_REFUSED.format(what="gid", old=found.pw_gid, new=wanted.gid))
    return said


def differences(found: pwd.struct_passwd, wanted: Wanted) -> Iterator[Difference]:
    """Yield what is to be changed. Groups come first: one that is not there is the likeliest to be refused."""
    name = found.pw_name
    yield from _groups(found, wanted)
    if wanted.uid is not None and wanted.uid != found.pw_uid:
        yield _one(
            "uid",
            wanted.uid,
            Step(
                do=call(change.chuid, name=name, uid=wanted.uid),
                undo=call(change.chuid, name=name, uid=found.pw_uid),
            ),
        )
    if _other_gid(found, wanted):
        yield _one(
            "gid",
            wanted.gid,
            Step(
                do=call(change.chgid, name=name, gid=wanted.gid),
                undo=call(change.chgid, name=name, gid=found.pw_gid),
            ),
        )
    yield from _home(found, wanted)
    if wanted.shell and wanted.shell != found.pw_shell:
        yield _one(
            "shell",
            wanted.shell,
            Step(
                do=call(change.chshell, name=name, shell=wanted.shell),
                undo=call(change.chshell, name=name, shell=found.pw_shell),
            ),
        )
    yield from _about(found, wanted)


def _one(field: str, value: Any, step: Step) -> Difference:
    return Difference(shown=f"{field}: {value}", step=step, changes={field: value})


def _other_gid(found: pwd.struct_passwd, wanted: Wanted) -> bool:
    return wanted.gid is not None and str(wanted.gid) not in (
        str(found.pw_gid),
        record.group_name(found.pw_gid),
    )


def _groups(found: pwd.struct_passwd, wanted: Wanted) -> Iterator[Difference]:
    """Yield the change of groups. A new primary group is in the list anyway and does not count here."""
    if wanted.groups is None and not wanted.optional_groups:
        return
    known = {each.gr_name for each in grp.getgrall()}
    primary = {record.group_name(found.pw_gid), _name_of(wanted.gid)}
    asked = [each for each in wanted.all_groups(known) if each not in primary]
    now = [each for each in record.groups_of(found) if each not in primary]
    lost = [] if not wanted.remove_groups else [each for each in now if each not in asked]
    if set(asked) <= set(now) and not lost:
        return
    after = [*(each for each in now if each not in lost), *(each for each in asked if each not in now)]
    name = found.pw_name
    missing = [each for each in asked if each not in known]
    plain = [each for each in (asked if wanted.groups is None else wanted.groups) if each in known]
    pending = f"\ngroups (pending creation): {', '.join(missing)}" if missing else ""
    yield Difference(
        shown=f"groups: {plain}{pending}",
        step=Step(
            do=call(change.chgroups, name=name, groups=after),
            undo=call(change.chgroups, name=name, groups=now),
        ),
        changes={"groups": sorted({*after, *(primary - {""})})},
    )


def _name_of(gid: int | str | None) -> str:
    if gid is None:
        return ""
    text = str(gid)
    return record.group_name(int(text)) if text.isdigit() else text


def _home(found: pwd.struct_passwd, wanted: Wanted) -> Iterator[Difference]:
    name, home = found.pw_name, wanted.home or found.pw_dir
    if home != found.pw_dir:
        step = Step(
            do=call(change.chhome, name=name, home=home),
            undo=call(change.chhome, name=name, home=found.pw_dir),
        )
        yield _one("home", home, step)
    if wanted.createhome and home != _NOWHERE and not Path(home).exists():
        owner = {"user": name, "group": str(found.pw_gid), "mode": "0755"}
        step = Step(do=call(folders.mkdir, dir_path=home, **owner), undo=call(folders.rmdir, path=home))
        yield Difference(shown=f"homeDoesNotExist: {home}", step=step, changes={"homeDoesNotExist": home})


def _about(found: pwd.struct_passwd, wanted: Wanted) -> Iterator[Difference]:
    now = Gecos.read(found.pw_gecos).fields()
    for field, function in _ABOUT.items():
        asked = getattr(wanted, field)
        if asked is not None and str(asked) != now[field]:
            step = Step(
                do=call(function, **{"name": found.pw_name, field: str(asked)}),
                undo=call(function, **{"name": found.pw_name, field: now[field]}),
            )
            yield _one(field, str(asked), step)
