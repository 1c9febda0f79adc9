"""Copies files and trees. Links in a tree are copied as links, and nothing is ever read but regular files."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from modules.atomic_file import SUFFIX, replace_by
from modules.context import Context
from modules.file.content import open_regular, pour
from modules.file.mounts import must_hold_no_mount
from modules.file.place import absolute, explained, kind_of, shown, status_of
from modules.held_folder import entered
from modules.likeness import make_alike
from shoal.errors import ModuleError
from shoal.functions.function import function

_COPIED: Final = ("file", "dir", "link")


@function(replay="safe")
def copy(ctx: Context, src: str, dst: str, recurse: bool = False, remove_existing: bool = False) -> bool:
    """Copy a file, or with `recurse` a folder, with owners and modes; times are those of copying.

    A folder is merged into one that is there; with `remove_existing` it takes its place. A tree with devices,
    FIFOs or sockets in it is refused before anything is copied. `src` and a file `dst` are followed if they are
    links; links inside a tree are copied.

    CLI Example:

        shoal '*' file.copy /etc/hosts /etc/hosts.old
        shoal '*' file.copy /srv/app /srv/app-copy recurse=true
    """
    source, target = absolute(src), absolute(dst)
    kind = kind_of(status_of(source).st_mode)
    if kind == "dir" or os.path.isdir(target):  # noqa: PTH112  never raises
        if not recurse or kind != "dir":
            raise ModuleError(
                f"{shown(source)} is not copied to {shown(target)}: one is a folder; give recurse=true to copy a "
                "folder, and the whole new path to copy a file"
            )
        _copy_folder(source, target, remove_existing=remove_existing)
    else:
        copy_file(source, target)
    return True


@function
def move(ctx: Context, src: str, dst: str, disallow_copy_and_unlink: bool = False) -> dict[str, object]:
    """Move a file or folder, into `dst` if that is a folder; say whether that was done and how.

    To another file system it is copied first and then removed. A link is moved itself.

    CLI Example:

        shoal '*' file.move /srv/app /srv/app-old
    """
    source, target = absolute(src), absolute(dst)
    if os.path.isdir(target) and not disallow_copy_and_unlink:  # noqa: PTH112  never raises
        target = target / source.name
    with explained(source, f"moved to {shown(target)}"):
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV or disallow_copy_and_unlink:
                raise
            _move_across(source, target)
    return {"result": True, "comment": f"'{shown(source)}' moved to '{shown(target)}'"}


@function
def rename(ctx: Context, src: str, dst: str) -> bool:
    """Rename a file, folder or link on the same file system; a file that is there under the new name is replaced.

    CLI Example:

        shoal '*' file.rename /srv/app /srv/app-old
    """
    source, target = absolute(src), absolute(dst)
    if not target.parent.is_dir():
        raise ModuleError(f"The target directory {shown(target.parent)} is not present")
    with explained(source, f"renamed to {shown(target)}"):
        source.rename(target)
    return True


def copy_file(source: Path, target: Path) -> None:
    """Copy content, owner, mode and attributes to `target`, at once. Raises ModuleError."""
    with explained(source, f"copied to {shown(target)}"), entered(target) as (folder, place):
        fd = open_regular(source)
        try:
            if _is_same(fd, folder, place.name):
                raise ModuleError(f"{shown(source)} and {shown(target)} are the same file")
            replace_by(folder, place, lambda out: pour(fd, out), like=fd)
        finally:
            os.close(fd)


def _is_same(fd: int, folder: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(name, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _copy_folder(source: Path, target: Path, *, remove_existing: bool) -> None:
    import shutil  # it brings bz2 and lzma, which the waiting executor does without

    real, end = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    if end == real or real in end.parents or (remove_existing and end in real.parents):
        raise ModuleError(f"{shown(source)} and {shown(target)} lie one in the other")
    entries = list(_entries(source))
    if not remove_existing:
        return _merge(source, target, entries)
    if os.path.lexists(target):
        must_hold_no_mount(target)
    beside = target.with_name(f".{target.name[:40]}.{os.urandom(8).hex()}{SUFFIX}")
    try:
        _merge(source, beside, entries)
        with explained(target, "replaced"):
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            beside.replace(target)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return None


def _entries(source: Path) -> Iterator[tuple[Path, str]]:
    """Yield what is in a folder, relative to it, outer before inner, and its type. Raises ModuleError."""
    waiting = [Path()]
    while waiting:
        inner = waiting.pop()
        with explained(source / inner, "listed"), os.scandir(source / inner) as found:
            for each in sorted(found, key=lambda entry: entry.name):
                kind = kind_of(each.stat(follow_symlinks=False).st_mode)
                if kind not in _COPIED:
                    raise ModuleError(f"{shown(each.path)} is of type {kind} and is not copied")
                yield inner / each.name, kind
                if kind == "dir":
                    waiting.append(inner / each.name)


def _merge(source: Path, target: Path, entries: list[tuple[Path, str]]) -> None:
    _copy_one_folder(source, target, top=True)
    for inner, kind in entries:
        old, new = source / inner, target / inner
        if kind == "dir":
            _copy_one_folder(old, new, top=False)
        elif kind == "link":
            _copy_link(old, new)
        elif new.is_symlink():
            raise ModuleError(f"{shown(new)} is a link; a file of a tree is not copied through it")
        else:
            copy_file(old, new)


def _copy_one_folder(old: Path, new: Path, *, top: bool) -> None:
    with explained(new, "made"):
        try:
            new.mkdir(0o700)
        except FileExistsError:
            if not new.is_dir() or (new.is_symlink() and not top):
                raise ModuleError(f"{shown(new)} is there and is not a folder") from None
            return
        source = os.open(old, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fd = os.open(new, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            make_alike(fd, source, os.fstat(source))
        finally:
            os.close(source)
            os.close(fd)


def _copy_link(old: Path, new: Path) -> None:
    with explained(new, "made a link"):
        if os.path.lexists(new):
            if new.is_dir() and not new.is_symlink():
                raise ModuleError(f"{shown(new)} is a folder; the link {shown(old)} does not take its place")
            new.unlink()
        os.symlink(os.readlink(old), new)  # noqa: PTH115, PTH211  Path would tidy the text
        if os.geteuid() == 0:
            status = old.lstat()
            os.chown(new, status.st_uid, status.st_gid, follow_symlinks=False)


def _move_across(source: Path, target: Path) -> None:
    kind = kind_of(source.lstat().st_mode)
    if kind == "dir":
        if os.path.lexists(target):
            raise ModuleError(
                f"{shown(target)} is there; a folder of another file system does not replace it"
            )
        must_hold_no_mount(source)
        import shutil

        _copy_folder(source, target, remove_existing=True)
        shutil.rmtree(source)
        return
    if kind == "link":
        _copy_link(source, target)
    else:
        copy_file(source, target)
    source.unlink()
