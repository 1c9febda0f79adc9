"""A file of a user's ssh, opened so that the user cannot make root read or write another one.

1. Each folder on the way is opened from the one before it, no link is followed, and it must belong to the user or
   to root and not be open to everybody. What is opened stays what it was, whatever the user does to the names.
2. A file is read only if it is a plain one, of bounded size, that belongs to the user or to root.
3. It is written as a new file beside it, made over to the user, and put in its place. A link is refused.

Paths outside the home (`/etc/ssh/ssh_known_hosts`) go the same way from `/` and keep their owner.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from modules.atomic_file import beside, new_file, sync_folder
from modules.file.content import write_all
from modules.user.record import must_find
from shoal.errors import ModuleError

MAX_BYTES: Final = 1024 * 1024
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFile:
    """Where a file is, and whose."""

    start: str  # the folder that is trusted: a home or /
    folders: tuple[str, ...]  # from there
    name: str
    uid: int  # who may own what is on the way, beside root
    gid: int
    in_home: bool

    @classmethod
    def of(cls, user: str, config: str) -> UserFile:
        """Return the file that `config` names for a user: from the home, or absolute; %h, %u and %% as in sshd.

        Raises ModuleError.
        """
        account = must_find(user)
        if not account.pw_dir.startswith("/"):
            raise ModuleError(f"user {user} has no home folder")
        path = _expanded(config, account.pw_name, account.pw_dir)
        home = PurePosixPath(account.pw_dir)
        full = PurePosixPath(home, path)
        in_home = home != PurePosixPath("/") and home in full.parents
        start = home if in_home else PurePosixPath("/")
        return cls._at(start, full, account.pw_uid, account.pw_gid, in_home=in_home)

    @classmethod
    def of_system(cls, path: str) -> UserFile:
        """Return the file at an absolute path, which belongs to whom we run as. Raises ModuleError."""
        return cls._at(
            PurePosixPath("/"), PurePosixPath("/", path), os.geteuid(), os.getegid(), in_home=False
        )

    @classmethod
    def _at(cls, start: PurePosixPath, full: PurePosixPath, uid: int, gid: int, *, in_home: bool) -> UserFile:
        parts = full.relative_to(start).parts
        if not parts or ".." in parts or "\0" in str(full):
            raise ModuleError(f"{str(full)!r} is no path of a file that may be used here")
        return cls(start=str(start), folders=parts[:-1], name=parts[-1], uid=uid, gid=gid, in_home=in_home)

    @property
    def path(self) -> str:
        """The whole path, for messages."""
        return str(PurePosixPath(self.start, *self.folders, self.name))

    @property
    def folder(self) -> str:
        """The path of the folder that it lies in."""
        return str(PurePosixPath(self.start, *self.folders))

    def read(self) -> str:
        """Return the text, "" if there is no such file. Raises ModuleError."""
        try:
            with self._folder(make=False) as folder:
                return self._read_in(folder)
        except FileNotFoundError:
            return ""

    def exists(self) -> bool:
        """Say whether there is something of that name."""
        try:
            with self._folder(make=False) as folder:
                os.stat(self.name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def write(self, text: str) -> None:
        """Put `text` in the file's place, making what is missing on the way. Raises ModuleError."""
        try:
            with self._folder(make=True) as folder:
                self._write_in(folder, text.encode("utf-8", "surrogateescape"))
        except FileNotFoundError as error:
            raise ModuleError(f"{self.path} cannot be written: there is no folder {error.filename}") from None

    def delete(self) -> None:
        """Take the file away, which need not be there. Raises ModuleError."""
        try:
            with self._folder(make=False) as folder:
                self._owner_and_mode(folder)  # refuses what is no plain file of the user's
                os.unlink(self.name, dir_fd=folder)
        except FileNotFoundError:
            return

    @contextmanager
    def _folder(self, *, make: bool) -> Iterator[int]:
        """Open the folder of the file. Raises FileNotFoundError, ModuleError."""
        with self._told():
            # The home itself may be reached by a link: its path is root's word.
            folder = os.open(self.start, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._check_folder(folder, self.start)
            for name in self.folders:
                with self._told():
                    inner = self._open_folder(folder, name, make=make and self.in_home)
                os.close(folder)
                folder = inner
                self._check_folder(folder, name)
            with self._told():
                yield folder
        finally:
            os.close(folder)

    def _open_folder(self, folder: int, name: str, *, make: bool) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=folder)
        except FileNotFoundError:
            if not make:
                raise
        os.mkdir(name, 0o700, dir_fd=folder)
        inner = os.open(name, _FOLDER, dir_fd=folder)
        found = os.fstat(inner)
        still_new = found.st_uid == os.geteuid() and not os.listdir(inner)  # noqa: PTH208  a descriptor has no path
        if still_new:
            os.fchown(inner, self.uid, self.gid)
        return inner

    def _check_folder(self, folder: int, name: str) -> None:
        found = os.fstat(folder)
        if found.st_uid not in (0, self.uid):
            raise ModuleError(f"{self.path} is not touched: folder {name} belongs to somebody else")
        if found.st_mode & stat.S_IWOTH and not (found.st_mode & stat.S_ISVTX):
            raise ModuleError(f"{self.path} is not touched: everybody may write to folder {name}")

    def _read_in(self, folder: int) -> str:
        file = os.open(self.name, _READ, dir_fd=folder)
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, self.uid):
                raise ModuleError(f"{self.path} is not read: it is no plain file of the user's")
            if found.st_nlink > 1 and found.st_uid != self.uid:
                raise ModuleError(f"{self.path} is not read: it is another name of a file of root's")
            with open(file, "rb", closefd=False) as stream:
                data = stream.read(MAX_BYTES + 1)
        finally:
            os.close(file)
        if len(data) > MAX_BYTES:
            raise ModuleError(f"{self.path} is larger than {MAX_BYTES} bytes")
        return data.decode("utf-8", "surrogateescape")

    def _write_in(self, folder: int, data: bytes) -> None:
        uid, gid, mode = self._owner_and_mode(folder)
        with beside(folder, self.name) as fresh, new_file(folder, fresh) as file:
            write_all(file, data)
            if (uid, gid) != (os.geteuid(), os.getegid()):
                os.fchown(file, uid, gid)
            os.fchmod(file, mode)
        sync_folder(folder)

    def _owner_and_mode(self, folder: int) -> tuple[int, int, int]:
        try:
            found = os.stat(self.name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return (self.uid, self.gid, 0o600) if self.in_home else (os.geteuid(), os.getegid(), 0o644)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in (0, self.uid):
            raise ModuleError(f"{self.path} is not written: it is a link or no plain file of the user's")
        mode = stat.S_IMODE(found.st_mode) & ~_OTHERS_WRITE & 0o777
        return (self.uid, self.gid, mode) if self.in_home else (found.st_uid, found.st_gid, mode)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Make an error of the system's one that says where. Missing files stay what they are."""
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise ModuleError(f"{self.path} is not touched: a link or no folder is on the way") from None
            raise ModuleError(f"{self.path} cannot be used: {error.strerror}") from None


def _expanded(config: str, user: str, home: str) -> str:
    out, at = [], 0
    while at < len(config):
        pair = config[at : at + 2]
        known = {"%%": "%", "%h": home, "%u": user}.get(pair)
        out.append(known if known is not None else config[at])
        at += 1 if known is None else 2
    return "".join(out)
