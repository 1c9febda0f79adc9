"""What `shoal-cp` copies, read as the user who calls it: files, and folders with all below them.

A link that is named is followed. Below a folder one is followed to a file in the same folder only, and left out with a
note else: who may write to the folder could name any file that the caller may read. What cannot be read stops the
program before anything is sent.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from shoal.errors import WireError
from shoal.exits import UsageError
from shoal.files.digest import digest_of
from shoal.files.messages import FileInfo
from shoal.files.names import check_name
from shoal.program import complain


class Source(NamedTuple):
    """A file or folder here, and what the boxes are told of it."""

    path: Path
    info: FileInfo


def read_sources(words: Sequence[str]) -> list[Source]:
    """Return what these name, digests and all. Raises UsageError."""
    found: dict[str, Source] = {}
    for word in words:
        for path, name in _below(Path(word)):
            if name in found:
                raise UsageError(
                    f"{path} and {found[name].path} would have the same name {name} on the boxes"
                )
            found[name] = _source(path, name)
    return list(found.values())


def _below(top: Path) -> Iterator[tuple[Path, str]]:
    """Give a file, or a folder and what is below it, each with its name on the boxes."""
    name = Path(os.path.abspath(top)).name  # noqa: PTH100  a link's own name, not that of what it leads to
    if not top.is_dir():
        yield top, name
        return
    for folder, folders, names in os.walk(top, onerror=_unreadable):
        folders.sort()
        below = Path(name, Path(folder).relative_to(top))
        yield Path(folder), str(below)
        for each in sorted(names):
            if _leads_out(Path(folder, each), top):
                complain("shoal-cp", f"note: {folder}/{each} leads out of {top}; it is left out")
            else:
                yield Path(folder, each), str(below / each)


def _leads_out(path: Path, top: Path) -> bool:
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(top))


def _source(path: Path, name: str) -> Source:
    try:
        check_name(name)
        if path.is_dir():
            return Source(path, FileInfo(name=name))
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{path} is no regular file")
            info = FileInfo(
                name=name,
                digest=digest_of(fd),
                size=status.st_size,
                mode=stat.S_IMODE(status.st_mode) & 0o777,
            )
            return Source(path, info)
        finally:
            os.close(fd)
    except WireError as error:
        raise UsageError(f"{path}: {error}") from None
    except OSError as error:
        raise _error(path, error) from None


def _unreadable(error: OSError) -> None:
    raise _error(Path(error.filename), error)


def _error(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} cannot be read: {error.strerror or error}; no job was sent")
