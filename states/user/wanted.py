"""What an SLS asks of a user. Spellings are Salt's."""

from __future__ import annotations

from dataclasses import dataclass, field

from modules.user.account import AddOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a user is to have; None and "" leave it as it is, or to the box's defaults."""

    uid: int | None = None
    gid: int | str | None = None
    usergroup: bool | None = None  # make a group of the user's own
    groups: list[str] | None = None  # beside the primary one
    optional_groups: list[str] = field(default_factory=list)  # those of them that exist
    remove_groups: bool = True  # take the user out of other groups
    home: str = ""
    createhome: bool = True
    password: str | int = ""  # its hash
    hash_password: bool = False  # `password` is none, make one
    enforce_password: bool = True  # false: set it only if there is none
    empty_password: bool = False
    password_lock: bool | None = None
    shell: str = ""
    unique: bool = True
    system: bool = False
    fullname: str | None = None
    roomnumber: str | int | None = None
    workphone: str | int | None = None
    homephone: str | int | None = None
    other: str | None = None
    nologinit: bool = False
    allow_uid_change: bool = False
    allow_gid_change: bool = False
    date: int | str | None = None  # when the password was last changed
    mindays: int | None = None
    maxdays: int | None = None
    inactdays: int | None = None
    warndays: int | None = None
    expire: int | str | None = None

    def all_groups(self, known: set[str]) -> list[str]:
        """Return the groups beside the primary one; of the optional ones those that exist."""
        optional = [each for each in self.optional_groups if each in known]
        return list(dict.fromkeys([*(self.groups or []), *optional]))

    def add_options(self) -> AddOptions:
        """Return what `user.add` takes of it."""
        return AddOptions(
            home=self.home,
            shell=self.shell,
            unique=self.unique,
            system=self.system,
            fullname=self.fullname or "",
            roomnumber=_text(self.roomnumber),
            workphone=_text(self.workphone),
            homephone=_text(self.homephone),
            other=self.other or "",
            createhome=self.createhome,
            nologinit=self.nologinit,
            usergroup=self.usergroup,
        )


def _text(value: str | int | None) -> str:
    return "" if value is None else str(value)
