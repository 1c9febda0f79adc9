"""Writes whole content, or lines at the ends. All follow links; the folder must be there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from modules.atomic_file import put
from modules.context import Context
from modules.file.content import MAX_EDIT_BYTES, newline_of, open_regular, to_bytes
from modules.file.edit import Manner, edit
from modules.file.place import absolute, explained, shown
from modules.held_folder import entered
from modules.text_file import text_of
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_CREATE: Final = Manner(create=True)
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@function(replay="safe")
def write(ctx: Context, path: str, *lines: str, args: list[str] | None = None) -> str:
    r"""Give a file these lines and nothing else, replacing what was in it; `args` takes them as a list.

    A new file gets the mode that the umask leaves.

    CLI Example:

        shoal '*' file.write /etc/motd 'first line' 'second line'
        shoal '*' file.write /etc/motd args='["first line", "second line"]'
    """
    place, wanted = absolute(path), _given(lines, args)
    data = to_bytes(text_of(wanted))
    with explained(place, "written"), entered(place) as (folder, target):
        put(folder, target, data)
    return f'Wrote {len(wanted)} lines to "{shown(place)}"'


@function
def append(ctx: Context, path: str, *lines: str, args: list[str] | None = None) -> str:
    """Add lines at the end of a file, which need not be there yet; an unfinished last line is ended first.

    A file of more than 16 MiB is not copied for it: the lines are added in place by one write.

    CLI Example:

        shoal '*' file.append /etc/motd 'one more line'
    """
    place, wanted = absolute(path), _given(lines, args)

    def change(text: str) -> str:
        end = newline_of(text)
        gap = end if text and not text.endswith("\n") else ""
        return text + gap + "".join(line + end for line in wanted)

    if _is_large(place):
        _append_in_place(place, to_bytes(text_of(wanted)))
    else:
        edit(ctx, place, change, _CREATE)
    return f'Wrote {len(wanted)} lines to "{shown(place)}"'


@function
def prepend(ctx: Context, path: str, *lines: str, args: list[str] | None = None) -> str:
    """Add lines at the beginning of a file, which need not be there yet.

    CLI Example:

        shoal '*' file.prepend /etc/motd 'a line before all others'
    """
    place, wanted = absolute(path), _given(lines, args)

    def change(text: str) -> str:
        end = newline_of(text)
        return "".join(line + end for line in wanted) + text

    edit(ctx, place, change, _CREATE)
    return f'Prepended {len(wanted)} lines to "{shown(place)}"'


@function(replay="safe")
def truncate(ctx: Context, path: str, length: int) -> bool:
    """Cut a file to this many bytes, in place: its inode stays, so that programs that write to it go on.

    A shorter file is made longer, with zeros.

    CLI Example:

        shoal '*' file.truncate /var/log/big.log 0
    """
    if not 0 <= length < 2**62:
        raise ArgumentError(f"a file cannot be {length} bytes long")
    place = absolute(path)
    with explained(place, "truncated"), entered(place, locked=False) as (folder, target):
        fd = open_regular(target, os.O_WRONLY, folder)
        try:
            os.ftruncate(fd, length)
            os.fsync(fd)
        finally:
            os.close(fd)
    return True


@function(replay="safe")
def touch(ctx: Context, name: str, atime: float | None = None, mtime: float | None = None) -> bool:
    """Create an empty file, or set the times of what is there: seconds since 1970, now if not given.

    With only one time given the other one stays. Follows links, and creates the target of a dangling one.

    CLI Example:

        shoal '*' file.touch /etc/a-new-file
        shoal '*' file.touch /etc/a-new-file mtime=1700000000
    """
    place = absolute(name)
    if not place.parent.is_dir():
        raise ModuleError(f"Directory not present to touch file {shown(place)}")
    with explained(place, "touched"), entered(place, locked=False) as (folder, target):
        try:
            os.close(os.open(target.name, _NEW, 0o666, dir_fd=folder))
            exists = False
        except FileExistsError:
            exists = True
        if exists or (atime, mtime) != (None, None):
            _set_times(folder, target.name, atime, mtime)
    return True


def _set_times(folder: int, name: str, atime: float | None, mtime: float | None) -> None:
    """Set the times that are given, both to now if none is. Raises ArgumentError, OSError."""
    times = None
    if (atime, mtime) != (None, None):
        old = os.stat(name, dir_fd=folder, follow_symlinks=False)
        times = (old.st_atime if atime is None else atime, old.st_mtime if mtime is None else mtime)
    try:
        os.utime(name, times, dir_fd=folder, follow_symlinks=False)
    except (OverflowError, ValueError):
        raise ArgumentError("a time is the number of seconds since 1970") from None


def _given(lines: tuple[str, ...], args: list[str] | None) -> list[str]:
    if lines and args is not None:
        raise ArgumentError("give the lines one after the other, or as args; not both")
    found = list(lines) if args is None else args
    return [line.removesuffix("\n") for line in found]


def _is_large(place: Path) -> bool:
    try:
        return place.stat().st_size > MAX_EDIT_BYTES
    except OSError:
        return False


def _append_in_place(place: Path, data: bytes) -> None:
    with explained(place, "written"), entered(place) as (folder, target):
        fd = open_regular(target, os.O_RDWR | os.O_APPEND, folder)
        try:
            if os.pread(fd, 1, os.fstat(fd).st_size - 1) != b"\n":
                data = b"\n" + data
            if os.write(fd, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(fd)
        finally:
            os.close(fd)
