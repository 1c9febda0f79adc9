"""`file.take_away` and `file.bring_back`: a path with all that is below it, removed and put back as it was.

`look` gives what is there a name, made of kinds, modes, owners, sizes and times, without reading contents. Taking away
wants that name, so that what goes is what the caller saw. Links are never followed. What comes back has the contents,
modes, owners, link targets and extended attributes that it had; hard links come back as files of their own.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.atomic_file import SUFFIX, ChangedError, new_file
from modules.context import Context
from modules.file.content import open_regular, write_all
from modules.file.kept_store import MAX_CONTENT, KeptStore
from modules.file.mounts import must_hold_no_mount
from modules.file.place import absolute, explained, shown
from modules.file.removing import remove
from modules.held_folder import entered_below
from shoal.errors import ModuleError
from shoal.files.digest import Digest
from shoal.functions.function import function

MAX_ENTRIES: Final = 20_000
_MAX_JSON: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Looked:
    """What is at a path. `too_large`: why it cannot be kept, "" if it can."""

    known: str
    too_large: str


def look(path: Path) -> Looked:
    """Look at a path and all below it. Raises ModuleError."""
    digest, size = Digest(), 0
    for count, (name, status) in enumerate(_listed(path), start=1):
        digest.update(f"{name}\0{_known(status)}\n".encode("utf-8", "surrogateescape"))
        size += status.st_size if stat.S_ISREG(status.st_mode) else 0
        if size > MAX_CONTENT or count > MAX_ENTRIES:
            return Looked("", f"more than {MAX_CONTENT >> 20} MiB or {MAX_ENTRIES} files are not kept")
    return Looked(digest.final().hex(), "")


@function
def take_away(ctx: Context, path: str, known: str) -> bool:
    """Remove a file, link or folder with all below it, and keep it for `file.bring_back`.

    `known` is the name that its state had for it when it was looked at; something else there now is refused.

    CLI Example:

        shoal '*' file.take_away /etc/app.conf 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    place = absolute(path)
    found = look(place)
    if found.too_large:
        raise ModuleError(f"{shown(place)} is not taken away: {found.too_large}")
    if found.known != known:
        raise ChangedError(f"{shown(place)} was changed by somebody else; nothing was removed, try again")
    store = KeptStore(ctx)
    with explained(place, "kept"):
        entries = [_entry(store, place, name, status) for name, status in _listed(place)]
        store.keep_tree(known, json.dumps(entries).encode())
    return _remove(ctx, place)


@function
def bring_back(ctx: Context, path: str, known: str) -> bool:
    """Put back what `file.take_away` has removed, as it was; something else that is there now is refused.

    False if it is there already.

    CLI Example:

        shoal '*' file.bring_back /etc/app.conf 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    place = absolute(path)
    if os.path.lexists(place):
        if look(place).known == known:  # it was never taken away
            return False
        raise ModuleError(f"{shown(place)} is there; what was there before is not put in its place")
    store = KeptStore(ctx)
    entries: list[dict[str, Any]] = json.loads(store.tree(known)[:_MAX_JSON])
    lost = [each["name"] for each in entries if each.get("digest") and not store.has(each["digest"])]
    if lost:
        raise ModuleError(f"{shown(place)} is not put back: a content is not kept any more")
    with explained(place, "put back"):
        for each in entries:
            _make(store, place, each)
        os.sync()
        for each in reversed(entries):  # a folder that nobody may write in gets its mode when all is in it
            _dress(place / each["name"], each)
    return True


def _remove(ctx: Context, place: Path) -> bool:
    """Remove what is kept; a folder goes at once, so that a failure in the middle leaves none half full."""
    if not place.is_dir() or place.is_symlink():
        return remove(ctx, str(place))
    must_hold_no_mount(place)
    aside = f".{place.name[:40]}.{secrets.token_hex(8)}{SUFFIX}"
    with explained(place, "removed"), entered_below(place.parent, locked=False) as folder:
        os.rename(place.name, aside, src_dir_fd=folder, dst_dir_fd=folder)
    return remove(ctx, str(place.with_name(aside)))


def _known(status: os.stat_result) -> tuple[int, ...]:
    """Return what tells a file from another one; of a folder what is in it does that."""
    facts = (status.st_mode, status.st_uid, status.st_gid, status.st_ino)
    return facts if stat.S_ISDIR(status.st_mode) else (*facts, status.st_size, status.st_mtime_ns)


def _listed(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield names relative to a path ("" = itself), outer before inner, sorted, and what they are."""
    with explained(path, "looked at"):
        waiting = [""]
        while waiting:
            name = waiting.pop()
            status = (path / name).lstat()
            yield name, status
            if stat.S_ISDIR(status.st_mode):
                names = sorted((each.name for each in os.scandir(path / name)), reverse=True)
                waiting += [f"{name}/{each}" if name else each for each in names]


def _entry(store: KeptStore, path: Path, name: str, status: os.stat_result) -> dict[str, Any]:
    place = path / name
    entry: dict[str, Any] = {"name": name, "mode": status.st_mode, "uid": status.st_uid, "gid": status.st_gid}
    if stat.S_ISREG(status.st_mode):
        fd = open_regular(place)
        try:
            entry["digest"] = store.keep(fd, alone=False)
        finally:
            os.close(fd)
        entry["times"] = [status.st_atime_ns, status.st_mtime_ns]
    elif stat.S_ISLNK(status.st_mode):
        entry["target"] = os.readlink(place)  # noqa: PTH115  Path would tidy the text
    elif not stat.S_ISDIR(status.st_mode):
        entry["device"] = status.st_rdev
    entry["attributes"] = _attributes(place)
    return entry


def _attributes(place: Path) -> dict[str, str]:
    try:
        return {
            each: os.getxattr(place, each, follow_symlinks=False).hex()
            for each in os.listxattr(place, follow_symlinks=False)
        }
    except OSError:  # a file system without
        return {}


def _make(store: KeptStore, path: Path, entry: dict[str, Any]) -> None:
    place = path / entry["name"]
    with entered_below(place.parent, locked=False) as folder:
        if stat.S_ISDIR(entry["mode"]):
            os.mkdir(place.name, 0o700, dir_fd=folder)
        elif "target" in entry:
            os.symlink(entry["target"], place.name, dir_fd=folder)
        elif "digest" in entry:
            with new_file(folder, place.name, sync=False) as fd:
                for data in store.read(entry["digest"]):
                    write_all(fd, data)
        else:
            os.mknod(place.name, entry["mode"] & ~0o077, entry["device"], dir_fd=folder)


def _dress(place: Path, entry: dict[str, Any]) -> None:
    with entered_below(place.parent, locked=False) as folder:
        name = place.name
        os.chown(name, entry["uid"], entry["gid"], dir_fd=folder, follow_symlinks=False)
        for each, value in entry["attributes"].items():
            os.setxattr(f"/proc/self/fd/{folder}/{name}", each, bytes.fromhex(value), follow_symlinks=False)
        if not stat.S_ISLNK(entry["mode"]):
            os.chmod(name, stat.S_IMODE(entry["mode"]), dir_fd=folder)
        if "times" in entry:
            os.utime(name, ns=tuple(entry["times"]), dir_fd=folder, follow_symlinks=False)
