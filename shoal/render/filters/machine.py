"""Filters that look at this machine. For templates that a box renders for itself; never for pillar on the master."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from shoal.render.filters.digests import digest_of
from shoal.render.filters.unfolded import unfolded
from shoal.render.rendering import volatile

_MAX_LISTED: Final = 100_000
_PEEK: Final = 8192


def which(name: str) -> str | None:
    """Return where a program is, or nothing."""
    volatile()
    return shutil.which(str(name))


def file_hashsum(path: str, hash_type: str = "sha256") -> str:
    """Return the digest of a file."""
    volatile()
    return digest_of(hash_type, Path(path).read_bytes())


def list_files(path: str) -> list[str]:
    """Return the paths below a folder, with it."""
    volatile()
    found = [path]
    for folder, folders, files in os.walk(path):
        found += [str(Path(folder) / name) for name in (*folders, *files)]
        if len(found) > _MAX_LISTED:
            break
    return found[:_MAX_LISTED]


def get_uid(user: str | None = None) -> int | None:
    """Return the number of a user, or of who runs this."""
    volatile()
    try:
        return os.getuid() if user is None else pwd.getpwnam(user).pw_uid
    except KeyError:
        return None


def is_empty(path: str) -> bool:
    """Say whether a file is empty."""
    volatile()
    try:
        return Path(path).stat().st_size == 0
    except OSError:
        return False


def is_text_file(path: str) -> bool:
    """Say whether a file begins with text."""
    volatile()
    try:
        with Path(path).open("rb") as file:
            head = file.read(_PEEK)
    except OSError:
        return False
    return b"\0" not in head


MACHINE_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "file_hashsum": unfolded(file_hashsum),
    "get_uid": unfolded(get_uid),
    "is_bin_file": unfolded(lambda path: Path(path).is_file() and not is_text_file(path)),
    "is_empty": unfolded(is_empty),
    "is_text_file": unfolded(is_text_file),
    "list_files": unfolded(list_files),
    "which": unfolded(which),
}
