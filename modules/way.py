"""A walk from `/` to a folder, each one opened from the one before it: what was checked is what is used.

1. Links of root's and of the user we run as are followed. One of anybody else is followed only into a folder of its
   owner's, where they could have put any file themselves; nothing is made on the way there.
2. In a folder for everybody (sticky, as /tmp) only our own links and its owner's are followed, as the kernel has it.
3. Folders that are made are dressed by descriptor, never by name.

`held_folder.py` is what others use.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from modules.file.place import shown
from shoal.errors import ModuleError

_MAX_LINKS: Final = 40  # as the kernel has it
_LOOK: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER: Final = _LOOK | os.O_DIRECTORY  # also where its names may not be listed
_SHARED: Final = stat.S_ISVTX | stat.S_IWOTH


class _Strange(NamedTuple):
    """A link of somebody else's, whose end is still to be reached."""

    link: Path
    uid: int
    rest: int  # how many names come after its end


class Way:
    """A walk from `/`. Every method raises OSError, ModuleError."""

    def __init__(self, *, makedirs: bool = False, dress: Callable[[int], None] | None = None) -> None:
        self.names: list[str] = []  # true ones: no link is among them
        self.made: list[Path] = []
        self._makedirs = makedirs
        self._dress = dress  # gets what was made, which is nobody else's until then
        self._folder = os.open("/", _FOLDER)
        self._strange: list[_Strange] = []
        self._links = 0

    def close(self) -> None:
        """Let go of the folder that was reached."""
        os.close(self._folder)

    def opened(self) -> int:
        """Return a descriptor of the folder that was reached, for more than going on from there."""
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self._folder)

    def to_folder(self, path: Path) -> None:
        """Go to a folder."""
        left = _names(str(path))
        while left:
            self._step(left)

    def to_name(self, path: Path) -> str:
        """Go to the folder of the file, and return its name there, which is no link's."""
        left = _names(str(path))
        while left:
            last = len(left) == 1 and left[0] != ".."
            if not last:
                self._step(left)
            elif not self._follow(left[0], left):
                self._arrive(0)
                return left[0]
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))

    def to_thing(self, path: Path) -> int:
        """Return a descriptor, only to know it by, of what is there; it is no link."""
        try:
            name = self.to_name(path)
        except IsADirectoryError:
            return os.dup(self._folder)
        thing = os.open(name, _LOOK, dir_fd=self._folder)
        if stat.S_ISLNK(os.fstat(thing).st_mode):  # since we looked
            os.close(thing)
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return thing

    def below(self, names: Sequence[str]) -> None:
        """Go on, by folders only; what is missing is made."""
        for name in names:
            self._go(self._open_or_make(name), name)

    def _step(self, left: list[str]) -> None:
        """Enter the next folder of `left`, which has the next name last, or put what a link says in its place."""
        name = left[-1]
        if name == "..":
            left.pop()
            self._go(os.open("..", _FOLDER, dir_fd=self._folder), None)
            self._arrive(len(left))
            return
        try:
            inner = self._open_or_make(name) if self._makedirs else self._open(name)
        except NotADirectoryError:
            if not self._follow(name, left):
                raise
            return
        left.pop()
        self._go(inner, name)
        self._arrive(len(left))

    def _open(self, name: str) -> int:
        return os.open(name, _FOLDER, dir_fd=self._folder)

    def _open_or_make(self, name: str) -> int:
        try:
            return self._open(name)
        except FileNotFoundError:
            if self._strange:  # its end is not judged yet
                raise
        try:
            os.mkdir(name, 0o777 if self._dress is None else 0o700, dir_fd=self._folder)
        except FileExistsError:
            return self._open(name)  # made by somebody else just now, or whatever it is: opening tells
        folder = self._open(name)
        self.made.append(Path("/", *self.names, name))
        if self._dress is not None:
            self._dress_new(folder, self._dress)
        return folder

    @staticmethod
    def _dress_new(folder: int, dress: Callable[[int], None]) -> None:
        fd = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
        try:
            if os.fstat(fd).st_uid == os.geteuid():  # else somebody has put another one in its place
                dress(fd)
        except BaseException:
            os.close(folder)
            raise
        finally:
            os.close(fd)

    def _go(self, folder: int, name: str | None) -> None:
        os.close(self._folder)
        self._folder = folder
        if name is None:
            del self.names[-1:]
        else:
            self.names.append(name)

    def _follow(self, name: str, left: list[str]) -> bool:
        """Put what the link says in the place of the last of `left`; False if it is no link."""
        try:
            link = os.open(name, _LOOK, dir_fd=self._folder)
        except FileNotFoundError:
            return False
        try:
            found = os.fstat(link)
            if not stat.S_ISLNK(found.st_mode):
                return False
            says = os.readlink("", dir_fd=link)
        finally:
            os.close(link)
        self._links += 1
        if self._links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        left.pop()
        self._judge(Path("/", *self.names, name), found.st_uid, len(left))
        if says.startswith("/"):
            self._go(os.open("/", _FOLDER), None)
            self.names = []
        left += _names(says)
        self._arrive(len(left))
        return True

    def _judge(self, link: Path, uid: int, rest: int) -> None:
        """Let a link be followed, refuse it, or remember that its end must be judged."""
        if uid == os.geteuid():
            return
        folder = os.fstat(self._folder)
        if (
            folder.st_mode & _SHARED == _SHARED and uid != folder.st_uid
        ):  # as the kernel does: protected_symlinks
            raise ModuleError(
                f"{shown(link)} is not followed: it is somebody's link in a folder for everybody"
            )
        if uid != 0:
            self._strange.append(_Strange(link, uid, rest))

    def _arrive(self, rest: int) -> None:
        """Judge the folder that was reached, if that is where strangers' links end."""
        while self._strange and self._strange[-1].rest >= rest:
            strange = self._strange.pop()
            if os.fstat(self._folder).st_uid != strange.uid:
                raise ModuleError(
                    f"{shown(strange.link)} is not followed: user {strange.uid} made this link, and it leads to "
                    "a folder that is not theirs"
                )


def _names(text: str) -> list[str]:
    """Return the names in a path, the first one last."""
    return [name for name in reversed(text.split("/")) if name not in ("", ".")]
