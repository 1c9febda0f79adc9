"""`file.find`: the entries of a tree that pass all tests. Links are not followed, but for the path itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.file.criteria import LETTERS, FindOptions, tests_of
from modules.file.hashes import get_hash
from modules.file.modes import as_text
from modules.file.owners import group_name, user_name
from modules.file.place import absolute, kind_of, shown, status_of
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

MAX_FOUND: Final = 20_000  # more would not fit into a return
_DEFAULTS: Final = FindOptions()
_SHOWN: Final[dict[str, Callable[[str, os.stat_result], Any]]] = {
    "path": lambda path, _status: path,
    "name": lambda path, _status: os.path.basename(path),  # noqa: PTH119
    "type": lambda _path, status: LETTERS.get(kind_of(status.st_mode), "?"),
    "size": lambda _path, status: status.st_size,
    "mtime": lambda _path, status: int(status.st_mtime),
    "user": lambda _path, status: user_name(status.st_uid),
    "group": lambda _path, status: group_name(status.st_gid),
    "inode": lambda _path, status: status.st_ino,
    "links": lambda _path, status: status.st_nlink,
    "mode": lambda _path, status: as_text(status.st_mode),
}


@function(replay="safe")
def find(ctx: Context, path: str, options: FindOptions = _DEFAULTS) -> list[Any]:
    """List what is in a tree and passes all tests: paths, or with several things in `print` a list for each.

    `path` may be a glob. `print` takes path, name, type, size, mtime, user, group, inode, links, mode, md5. A folder
    that may not be read is left out. More than 20,000 finds are an error. Nothing is run and nothing deleted.

    CLI Example:

        shoal '*' file.find /etc/ssl name='*.pem' maxdepth=2
        shoal '*' file.find /etc/ssl type=f mtime=+30d size=-10m print=path,size,mtime
    """
    columns = _columns(ctx, options.print_ or ["path"])
    tests = tests_of(options, time.time())
    low = 0 if options.mindepth is None else options.mindepth
    found: list[Any] = []
    for start in _starts(absolute(path)):
        for entry, status, depth in _walk(start, options.maxdepth):
            if depth >= low and all(test(os.path.basename(entry), status) for test in tests):  # noqa: PTH119
                row = [column(entry, status) for column in columns]
                found.append(row[0] if len(row) == 1 else row)
                if len(found) > MAX_FOUND:
                    raise ModuleError(f"more than {MAX_FOUND} entries of {shown(path)} match; ask for fewer")
    return found


def _columns(ctx: Context, names: list[str]) -> list[Callable[[str, os.stat_result], Any]]:
    def md5(path: str, status: os.stat_result) -> str:
        return get_hash(ctx, path, "md5") if kind_of(status.st_mode) == "file" else ""

    known = _SHOWN | {"md5": md5}
    if unknown := [name for name in names if name not in known]:
        raise ArgumentError(f"{shown(unknown[0])} cannot be printed; there are {', '.join(known)}")
    return [known[name] for name in names]


def _starts(place: Path) -> list[Path]:
    import glob

    if os.path.lexists(place) or not glob.has_magic(str(place)):
        return [place]
    return [Path(each) for each in sorted(glob.glob(str(place)))]  # noqa: PTH207


def _walk(start: Path, deepest: int | None) -> Iterator[tuple[str, os.stat_result, int]]:
    """Yield path, status and depth of `start` and of what is in it, each folder before its content."""
    status = status_of(start, follow=False)
    yield str(start), status, 0
    waiting: list[tuple[str, int]] = []
    if os.path.isdir(start):  # noqa: PTH112  also a link to a folder, as the operator named it
        waiting.append((str(start), 1))
    while waiting:
        folder, depth = waiting.pop()
        if deepest is not None and depth > deepest:
            continue
        inner: list[tuple[str, int]] = []
        for entry in _listed(folder):
            try:
                status = entry.stat(follow_symlinks=False)
                is_folder = entry.is_dir(follow_symlinks=False)
            except OSError:  # it has gone meanwhile
                continue
            yield entry.path, status, depth
            if is_folder:
                inner.append((entry.path, depth + 1))
        waiting.extend(reversed(inner))


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []
