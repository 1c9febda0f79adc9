"""Writes whole content, or lines at the ends. All follow links; the folder must be there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.file.atomic import locked, put
from modules.file.content import MAX_EDIT_BYTES, newline_of, open_regular, to_bytes
from modules.file.edit import Manner, edit
from modules.file.place import absolute, explained, resolve, shown
from shoal.errors import ArgumentError
from shoal.functions.function import function

_CREATE: Final = Manner(create=True)


@function(replay="safe")
def write(ctx: Context, path: str, *lines: str, args: list[str] | None = None) -> str:
    r"""Give a file these lines and nothing else, replacing what was in it; `args` takes them as a list.

    A new file gets the mode that the umask leaves.

    CLI Example:

        shoal '*' file.write /etc/motd 'first line' 'second line'
        shoal '*' file.write /etc/motd args='["first line", "second line"]'
    """
    place, wanted = absolute(path), _given(lines, args)
    data = to_bytes("".join(f"{line}\n" for line in wanted))
    with explained(place, "written"):
        target = resolve(place)
        with locked(target.parent) as folder:
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
        _append_in_place(place, to_bytes("".join(f"{line}\n" for line in wanted)))
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
    with explained(place, "truncated"):
        fd = open_regular(place, os.O_WRONLY)
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
    with explained(place, "touched"):
        target = resolve(place)
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
            exists = False
        except FileExistsError:
            exists = True
        if atime is None and mtime is None:
            if exists:
                os.utime(target)
            return True
        old = target.stat()
        try:
            os.utime(
                target, (old.st_atime if atime is None else atime, old.st_mtime if mtime is None else mtime)
            )
        except (OverflowError, ValueError):
            raise ArgumentError("a time is the number of seconds since 1970") from None
    return True


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
    with explained(place, "written"):
        fd = open_regular(place, os.O_RDWR | os.O_APPEND)
        try:
            if os.pread(fd, 1, os.fstat(fd).st_size - 1) != b"\n":
                data = b"\n" + data
            if os.write(fd, data) != len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(fd)
        finally:
            os.close(fd)
