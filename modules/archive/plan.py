"""Judges all members of an archive before the first byte is written. Pure: no IO.

Refused, with the member's name:

1. absolute names, `..`, names no file can have;
2. devices, FIFOs and whatever is neither file, folder nor link;
3. symbolic links that lead out of the folder, or have `..` after a name, which another link could bend;
4. hard links to anything but a file that came earlier in the same archive;
5. a member below something that is a link or a file in the same archive;
6. two members of one name, unless both are files or both are folders.

So a link can be made, and never be walked through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Final

from modules.archive.member import Kind, Member, shown
from shoal.errors import ArgumentError, ModuleError

Parts = tuple[str, ...]
_MAX_PART_BYTES: Final = 255
_MAX_DEPTH: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which members are wanted, and how many leading folders their names lose."""

    only: tuple[str, ...] = ()  # these and what is below them; () = all
    excludes: tuple[str, ...] = ()  # patterns as of a shell
    strip_components: int = 0

    def wants(self, parts: Parts) -> bool:
        """Say whether the member of this name is wanted."""
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        if self.only and not any(each.strip("/").removeprefix("./") in above for each in self.only):
            return False
        return not any(
            fnmatchcase(name, each.rstrip("/").removeprefix("./")) for each in self.excludes for name in above
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to make: where, below the folder, and of a hard link, to what."""

    member: Member
    parts: Parts
    linked: Parts = ()

    @property
    def listed(self) -> str:
        """The name below the folder as a list shows it."""
        return replace(self.member, name="/".join(self.parts)).listed


@dataclass(slots=True)
class Planner:
    """Takes the members in the archive's order; each may refer only to earlier ones."""

    choice: Choice
    _seen: dict[Parts, Kind] = field(default_factory=dict)

    def step(self, member: Member) -> Step | None:
        """Return what to make of `member`, None if nothing. Raises ModuleError for what must not be made."""
        full = parts_of(member.name)
        parts = full[self.choice.strip_components :]
        if not parts or not self.choice.wants(full):
            return None
        if member.kind == "other":
            raise _refused(member, "is a device, a FIFO or of an unknown kind")
        self._check_way(member, parts)
        linked = self._linked(member) if member.kind == "hardlink" else ()
        if member.kind == "symlink":
            _check_symlink(member, parts)
        self._remember(member, parts)
        return Step(member=member, parts=parts, linked=linked)

    def _check_way(self, member: Member, parts: Parts) -> None:
        for end in range(1, len(parts)):
            if self._seen.setdefault(parts[:end], "dir") != "dir":
                raise _refused(member, f"goes through {shown('/'.join(parts[:end]))}, which is no folder")

    def _linked(self, member: Member) -> Parts:
        linked = parts_of(member.target)[self.choice.strip_components :]
        if self._seen.get(linked) != "file":
            raise _refused(member, f"is a hard link to {shown(member.target)}, no file that came before it")
        return linked

    def _remember(self, member: Member, parts: Parts) -> None:
        kind: Kind = "file" if member.kind == "hardlink" else member.kind
        earlier = self._seen.get(parts, kind)
        if earlier != kind or (parts in self._seen and kind == "symlink"):
            raise _refused(member, "has the name of an earlier member of another kind, or of a link")
        self._seen[parts] = kind


def plan(members: Iterable[Member], choice: Choice) -> list[Step]:
    """Return what to make. Raises ModuleError for the first member that must not be made."""
    if choice.strip_components < 0:
        raise ArgumentError(
            f"strip_components cannot be {choice.strip_components}; 0 takes names as they are"
        )
    planner = Planner(choice)
    return [step for member in members if (step := planner.step(member)) is not None]


def parts_of(name: str) -> Parts:
    """Return the parts of a relative name; `.` and doubled slashes fall out. Raises ModuleError."""
    if name.startswith("/"):
        raise ModuleError(f"refused: {shown(name)} in the archive is an absolute name")
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ModuleError(f"refused: {shown(name)} in the archive leads out of the folder by '..'")
    if "\0" in name or len(parts) > _MAX_DEPTH or any(_bytes(part) > _MAX_PART_BYTES for part in parts):
        raise ModuleError(f"refused: {shown(name)} in the archive is no name that a file can have")
    return parts


def _check_symlink(member: Member, parts: Parts) -> None:
    """Allow `../` only in front, and no more of it than there are folders above the link."""
    target = member.target
    if not target or "\0" in target:
        raise _refused(member, "is a link to nothing")
    if target.startswith("/"):
        raise _refused(member, f"is a link to {shown(target)}, an absolute path")
    steps = [part for part in target.split("/") if part not in ("", ".")]
    ups = next((n for n, part in enumerate(steps) if part != ".."), len(steps))
    if ups > len(parts) - 1:
        raise _refused(member, f"is a link to {shown(target)}, out of the folder")
    if ".." in steps[ups:]:
        raise _refused(member, f"is a link to {shown(target)}, with '..' after a name")


def _bytes(part: str) -> int:
    return len(part.encode("utf-8", "surrogateescape"))


def _refused(member: Member, why: str) -> ModuleError:
    return ModuleError(f"refused: {shown(member.name)} in the archive {why}")
