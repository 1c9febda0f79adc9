"""The folder that an archive is unpacked into. Writes by folder descriptors, and never through a link.

A file appears under its name when it is whole. Folders get their modes at the end, so that one without the
right to write can be filled. A folder that was there keeps its mode and owner.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from modules.archive.member import Member, shown
from modules.archive.plan import Parts, Step
from modules.archive.stream import Readable
from modules.atomic_file import beside, new_file
from modules.file.content import write_all
from shoal.errors import ModuleError

_CHUNK: Final = 65536
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What of a member's rights is taken over."""

    modes: bool = True
    setid: bool = False  # set-user-id, set-group-id and sticky bits too
    owner: bool = False
    give: tuple[int, int] = (-1, -1)  # uid and gid of all that is made; -1 = as above

    def ids(self, member: Member) -> tuple[int, int]:
        """Return uid and gid of what is made of `member`, -1 = ours."""
        uid, gid = owner_of(member) if self.owner else (-1, -1)
        return (self.give[0] if self.give[0] >= 0 else uid, self.give[1] if self.give[1] >= 0 else gid)

    def mode(self, member: Member) -> int:
        """Return the mode of what is made of `member`."""
        if not self.modes:
            return 0o755 if member.kind == "dir" else 0o644
        return member.mode & (0o7777 if self.setid else 0o777)


class Place:
    """An existing folder, held open."""

    def __init__(self, root: str, rights: Rights) -> None:
        self._root = root
        self._rights = rights
        self._descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._near: tuple[Parts, int] = ((), os.dup(self._descriptor))  # the folder that was used last
        self._made: dict[Parts, Member | None] = {}  # folders made here

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self._near[1])
        os.close(self._descriptor)

    def check(self, steps: list[Step]) -> None:
        """Raise ModuleError when something on the box is in the way. Writes nothing."""
        seen: set[Parts] = set()
        for step in steps:
            for end in range(1, len(step.parts) + 1):
                parts = step.parts[:end]
                if end == len(step.parts) and step.member.kind != "dir":
                    self._check_name(parts)
                elif parts not in seen:
                    seen.add(parts)
                    self._check_folder(parts)

    def make(self, step: Step, content: Readable | None) -> None:
        """Make what `step` says. Raises OSError, ModuleError."""
        if step.member.kind == "dir":
            self._folder(step.parts)
            if step.parts in self._made:
                self._made[step.parts] = step.member
            return
        folder = os.dup(self._folder(step.parts[:-1]))  # a hard link looks up another folder meanwhile
        try:
            with beside(folder, step.parts[-1]) as fresh:
                if step.member.kind == "symlink":
                    os.symlink(step.member.target, fresh, dir_fd=folder)
                    self._own(step.member, folder, fresh)
                elif step.member.kind == "hardlink":
                    self._link(step.linked, folder, fresh)
                else:
                    self._write(step.member, content, folder, fresh)
        finally:
            os.close(folder)

    def finish(self) -> None:
        """Give the folders that were made their modes, the deepest first, and have all of it on the disk."""
        for parts, member in sorted(self._made.items(), reverse=True):
            parent = self._folder(parts[:-1])
            descriptor = os.open(parts[-1], _FOLDER, dir_fd=parent)
            try:
                self._give(descriptor, self._rights.ids(member) if member else self._rights.give)
                os.fchmod(descriptor, self._rights.mode(member) if member is not None else 0o755)
            finally:
                os.close(descriptor)
        os.sync()  # once for all: one for each file would take minutes on an SD card

    def _check_name(self, parts: Parts) -> None:
        path = Path(self._root, *parts)
        if path.is_dir() and not path.is_symlink():
            raise ModuleError(f"{shown(str(path))} is a folder here and no folder in the archive")

    def _check_folder(self, parts: Parts) -> None:
        path = Path(self._root, *parts)
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise ModuleError(
                f"{shown(str(path))} is no folder but a link or a file; nothing goes through it"
            )

    def _folder(self, parts: Parts) -> int:
        """Return a descriptor of the folder, which is made if need be. Valid until the next call."""
        if self._near[0] == parts:
            return self._near[1]
        current = os.dup(self._descriptor)
        for end, part in enumerate(parts, 1):
            try:
                try:
                    os.mkdir(part, 0o700, dir_fd=current)
                    self._made[parts[:end]] = None
                except FileExistsError:
                    pass
                below = os.open(part, _FOLDER, dir_fd=current)
            finally:
                os.close(current)
            current = below
        os.close(self._near[1])
        self._near = (parts, current)
        return current

    def _link(self, linked: Parts, folder: int, temporary: str) -> None:
        source = self._folder(linked[:-1])
        os.link(linked[-1], temporary, src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False)

    def _write(self, member: Member, content: Readable | None, folder: int, temporary: str) -> None:
        with new_file(folder, temporary, sync=False) as descriptor:
            left = member.size
            while content is not None and left > 0:
                data = content.read(min(_CHUNK, left))
                if not data:
                    raise ModuleError(f"{shown(member.name)} in the archive ends too early")
                left -= len(data)
                write_all(descriptor, data)
            if content is not None and content.read(1):  # also lets zipfile compare the checksum
                raise ModuleError(f"{shown(member.name)} in the archive is longer than it says")
            self._give(descriptor, self._rights.ids(member))
            os.fchmod(descriptor, self._rights.mode(member))
            os.utime(descriptor, (member.mtime, member.mtime))

    def _own(self, member: Member, folder: int, name: str) -> None:
        ids = self._rights.ids(member)
        if ids != (-1, -1):
            os.chown(name, *ids, dir_fd=folder, follow_symlinks=False)

    @staticmethod
    def _give(descriptor: int, ids: tuple[int, int]) -> None:
        if ids != (-1, -1):
            os.fchown(descriptor, *ids)


def owner_of(member: Member) -> tuple[int, int]:
    """Return uid and gid: those of the names where this box knows them, else the numbers; -1 = ours."""
    import grp
    import pwd

    uid, gid = member.uid, member.gid
    try:
        uid = pwd.getpwnam(member.uname).pw_uid if member.uname else uid
    except (KeyError, ValueError):
        pass
    try:
        gid = grp.getgrnam(member.gname).gr_gid if member.gname else gid
    except (KeyError, ValueError):
        pass
    return uid, gid
