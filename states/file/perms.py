"""Owner and mode that a state wants, and how what is there differs. Pure but for names of users and groups."""

from __future__ import annotations

import pwd
from dataclasses import dataclass, replace
from typing import Any

from modules.file.modes import as_bits
from modules.file.owners import gid_of, group_name, uid_of, user_name
from shoal.errors import ArgumentError, ModuleError
from states.file.paths import Now

Mode = str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Perms:
    """What is wanted; "" and -1 mean as it is."""

    mode: int = -1
    user: str = ""
    group: str = ""

    def differing(self, now: Now) -> dict[str, str]:
        """Return what differs, as Salt tells changes. A user who is not there (yet) differs."""
        found: dict[str, str] = {}
        if self.user and _id(uid_of, self.user) != now.uid:
            found["user"] = self.user
        if self.group and _id(gid_of, self.group) != now.gid:
            found["group"] = self.group
        if self.mode >= 0 and self.mode != now.mode:
            found["mode"] = f"{self.mode:04o}"
        return found

    def as_kwargs(self) -> dict[str, str]:
        """Return what execution functions take of it."""
        mode = f"{self.mode:04o}" if self.mode >= 0 else ""
        given = {"mode": mode, "user": self.user, "group": self.group}
        return {name: value for name, value in given.items() if value}


def bits(mode: Mode, name: str = "mode") -> int:
    """Return the number of a mode as YAML gives it, 644 and '0644' being the same; -1 for none. Raises ModuleError."""
    if mode is None or mode == "":
        return -1
    try:
        return as_bits(str(mode))
    except ArgumentError as error:
        raise ModuleError(f"{name}: {error}") from None


def wanted(mode: Mode, user: str | int | None, group: str | int | None) -> Perms:
    """Return what an SLS gives. Raises ModuleError."""
    return Perms(mode=bits(mode), user=_text(user), group=_text(group))


def with_primary_group(wanted: Perms) -> Perms:
    """Return it with the user's own group where none is given, as Salt has it for links and copies."""
    if not wanted.user or wanted.group:
        return wanted
    try:
        return replace(wanted, group=group_name(pwd.getpwuid(uid_of(wanted.user)).pw_gid))
    except (ModuleError, KeyError):
        return wanted


def as_it_is(now: Now) -> dict[str, Any]:
    """Return what gives a path back the owner and mode that it has."""
    return {"mode": f"{now.mode:04o}", "user": str(now.uid), "group": str(now.gid)}


def owner_of(now: Now) -> str:
    """Return `user:group`."""
    return f"{user_name(now.uid)}:{group_name(now.gid)}"


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)


def _id(look_up: Any, name: str) -> int:
    try:
        return int(look_up(name))
    except ModuleError:
        return -2
