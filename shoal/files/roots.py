"""Folders that are served: finding a file in an environment's roots, and naming all there are.

1. The first root that has a name wins, as in Salt; `__env__` serves environments that no key names, with `__env__` in
   its folders replaced by their names.
2. Only regular files. Symbolic links are followed as far as they stay within the roots of their environment; with
   `follow_links` off they are not there at all.
3. What the ignore patterns name is not there: a glob on each name, a regular expression on the name in its root.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from shoal.files.names import check_env, check_name

ANY_ENV: Final = "__env__"
MAX_DEPTH: Final = 64  # of folders
Stamp = tuple[
    int, int, int, int, int
]  # device, inode, size, mtime and ctime in ns: another one, another content


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What of the roots is served."""

    ignore_globs: tuple[str, ...] = ()
    ignore_regexes: tuple[re.Pattern[str], ...] = ()
    follow_links: bool = True

    def ignores(self, name: str) -> bool:
        """Say whether a name, relative to its root, is not to be served."""
        last = name.rpartition("/")[2]
        return any(fnmatchcase(last, glob) or fnmatchcase(name, glob) for glob in self.ignore_globs) or any(
            pattern.search(name) for pattern in self.ignore_regexes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A served file: where it really lies, and what it was when it was looked at."""

    path: str
    size: int
    mode: int  # permission bits
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One name below a root: a file that was `found`, or a folder. `target`: the text of a symbolic link, else ""."""

    name: str
    found: Found | None = None
    target: str = ""

    @property
    def is_dir(self) -> bool:
        """True for a folder."""
        return self.found is None


class FileRoots:
    """See the module docstring."""

    def __init__(self, folders: Callable[[], Mapping[str, Sequence[Path]]], rules: Rules) -> None:
        self._folders = folders  # asked each time: a branch may come or go
        self._rules = rules

    def envs(self) -> list[str]:
        """Return the names of the environments that are named, sorted."""
        return sorted(env for env in self._folders() if env != ANY_ENV)

    def find(self, env: str, name: str) -> Found | None:
        """Return the file `name` of an environment, or None. Raises WireError for what is no name."""
        if not check_name(name) or self._hidden(name):
            return None
        roots = self._roots(env)
        for root in roots:
            found = self._regular(f"{root}/{name}", root, roots)
            if found is not None:
                return found
        return None

    def folders(self, env: str) -> list[str]:
        """Return where the roots of an environment really are, in their order. Raises WireError for what is no name."""
        return self._roots(env)

    def walk(self, env: str, prefix: str = "") -> Iterator[Listed]:
        """Give all files and folders of an environment below `prefix`, sorted, each name once."""
        check_name(prefix)
        names: dict[str, Listed] = {}
        roots = self._roots(env)
        for root in roots:
            for listed in self._below(root, prefix, roots):
                names.setdefault(listed.name, listed)
        return iter(names[name] for name in sorted(names))

    def _roots(self, env: str) -> list[str]:
        folders = self._folders()
        named = folders.get(check_env(env))
        if named is None and "/" not in env:
            named = [Path(str(folder).replace(ANY_ENV, env)) for folder in folders.get(ANY_ENV, ())]
        return [os.path.realpath(folder) for folder in named or ()]

    def _hidden(self, name: str) -> bool:
        """Say whether a name or a folder above it is ignored."""
        parts = name.split("/")
        return any(self._rules.ignores("/".join(parts[: end + 1])) for end in range(len(parts)))

    def _regular(self, path: str, root: str, roots: Sequence[str]) -> Found | None:
        real = _real(path)
        if not self._may(path, real, root, roots):
            return None
        try:
            status = os.lstat(real)
        except OSError:
            return None
        if not stat.S_ISREG(status.st_mode):
            return None
        return _found(real, status)

    def _may(self, path: str, real: str, root: str, roots: Sequence[str]) -> bool:
        if real == path:
            return True
        if not self._rules.follow_links:
            return False
        return any(real.startswith(each.rstrip("/") + "/") for each in (root, *roots))

    def _below(self, root: str, prefix: str, roots: Sequence[str]) -> Iterator[Listed]:
        pending = [(prefix, 0, frozenset[str]())]
        while pending:
            folder, depth, above = pending.pop()
            path = f"{root}/{folder}" if folder else root
            real = _real(path)
            if depth > MAX_DEPTH or real in above or not (real == root or self._may(path, real, root, roots)):
                continue  # too deep, or a link to a folder above: it would never end
            for entry in _entries(real):
                name = f"{folder}/{entry.name}" if folder else entry.name
                listed = self._listed(entry, name, root, roots)
                if listed is None:
                    continue
                yield listed
                if listed.is_dir:
                    pending.append((name, depth + 1, above | {real}))

    def _listed(self, entry: os.DirEntry[str], name: str, root: str, roots: Sequence[str]) -> Listed | None:
        if self._rules.ignores(name) or not _is_name(name):
            return None
        try:
            if entry.is_symlink():
                return self._linked(entry, name, root, roots)
            if entry.is_dir(follow_symlinks=False):
                return Listed(name=name)
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it is gone
            return None
        return Listed(name=name, found=_found(entry.path, status)) if stat.S_ISREG(status.st_mode) else None

    def _linked(self, entry: os.DirEntry[str], name: str, root: str, roots: Sequence[str]) -> Listed | None:
        if not self._may(entry.path, _real(entry.path), root, roots):
            return None
        target = str(Path(entry.path).readlink())
        if entry.is_dir():
            return Listed(name=name, target=target)
        found = self._regular(entry.path, root, roots)
        return None if found is None else Listed(name=name, found=found, target=target)


def _real(path: str) -> str:
    """Return where a path leads, "" if it goes through a link that may not be read, as those of /proc."""
    try:
        return os.path.realpath(path)
    except OSError:
        return ""


def _found(path: str, status: os.stat_result) -> Found:
    return Found(path=path, size=status.st_size, mode=stat.S_IMODE(status.st_mode), stamp=stamp_of(status))


def open_found(found: Found) -> int:
    """Open a file that was found, for reading; the caller closes it. Raises OSError when it is another by now."""
    fd = os.open(found.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    if stamp_of(os.fstat(fd)) != found.stamp:
        os.close(fd)
        raise OSError(f"{found.path} has changed")
    return fd


def stamp_of(status: os.stat_result) -> Stamp:
    """Return what tells this content of a file from another."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:  # it is gone, or not to be read
        return []


def _is_name(name: str) -> bool:
    return all(char.isprintable() for char in name) and "\\" not in name
