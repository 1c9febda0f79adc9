"""A place in the file system as an operator wrote it: checked, and fit to be shown in a message.

Errors of the operating system become `ModuleError` here, with the path and what was tried.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from shoal.errors import ArgumentError, ModuleError

_REASONS: Final = {
    errno.ELOOP: "the links in it lead in a circle",
    errno.EBUSY: "it is in use, e.g. something is mounted there",
    errno.EXDEV: "the two places are on different file systems",
}
_KINDS: Final = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "dir",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}


def absolute(path: str) -> Path:
    """Return `path` with `~` expanded. Raises ArgumentError unless it is then absolute."""
    if not path or "\0" in path:
        raise ArgumentError(f"{shown(path) or 'an empty text'} is not a path")
    expanded = os.path.expanduser(path) if path.startswith("~") else path  # noqa: PTH111  as typed otherwise
    try:
        os.fsencode(expanded)
    except UnicodeEncodeError:
        raise ArgumentError(f"{shown(path)} cannot be the name of a file") from None
    if not expanded.startswith("/"):
        raise ArgumentError(f"{shown(path)} is not absolute; give the whole path, e.g. /etc/hosts")
    return Path(expanded)


def resolve(path: Path) -> Path:
    """Return where a write to `path` ends: its links followed, a dangling one too. Raises OSError."""
    try:
        path.stat()
    except FileNotFoundError:
        pass
    return Path(os.path.realpath(path))


def is_there(path: Path) -> bool:
    """Say whether `path`, its links followed, leads to something; what may not be looked at does not."""
    return os.path.exists(path)  # noqa: PTH110  Path.exists raises for a name that is too long


def shown(path: Path | str) -> str:
    """Return `path` on one line."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in str(path))


def kind_of(mode: int) -> str:
    """Return Salt's word for the type in `st_mode`."""
    return _KINDS.get(stat.S_IFMT(mode), "unknown")


def status_of(path: Path, *, follow: bool = True) -> os.stat_result:
    """Return the status of `path`. Raises ModuleError."""
    with explained(path, "looked at"):
        return path.stat() if follow else path.lstat()


@contextmanager
def explained(path: Path | str, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a ModuleError: `PATH cannot be DOING: why`."""
    try:
        yield
    except OSError as error:
        why = _REASONS.get(error.errno or 0) or error.strerror or str(error)
        raise ModuleError(f"{shown(path)} cannot be {doing}: {shown(why)}") from None
