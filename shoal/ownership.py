"""Who could have put a file where it is: only root and our own user may have a hand in what decides what root runs.

A look before use, not a guard while it lasts: the folders above are root's, so what is right stays right.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from shoal.errors import ConfigError


def doubt(path: Path) -> str:
    """Return why others could have written a file, on one line with what to do; nothing if they could not.

    The file, its folder, and where a link leads are looked at. What is not there is no doubt.
    """
    try:
        real = Path(os.path.realpath(path))  # unlike resolve() it bears a link to itself
    except OSError as error:
        return f"where {path} leads cannot be told: {error.strerror}"
    for each in (real, real.parent, path.absolute().parent):
        try:
            status = each.stat()
        except OSError:
            continue
        if not ours(status.st_uid):
            return f"{each} belongs to user {status.st_uid}. Run: chown {os.geteuid()} {each}"
        if status.st_mode & stat.S_IWOTH:
            return f"anybody may write to {each}. Run: chmod o-w {each}"
    return ""


def ours(uid: int) -> bool:
    """Say whether a user is root or the one we run as."""
    return uid in (0, os.geteuid())


def check_left(folder: Path, *, deep: bool) -> None:
    """Raise ConfigError if something in a folder was put there by another user; `deep`: below it, too."""
    for entry in _entries(folder, deep=deep):
        uid = entry.stat(follow_symlinks=False).st_uid
        if not ours(uid):
            raise ConfigError(f"{entry.path} belongs to user {uid}, who must not have been here. Remove it")


def _entries(folder: Path, *, deep: bool) -> Iterator[os.DirEntry[str]]:
    pending = [str(folder)]
    while pending:
        with os.scandir(pending.pop()) as found:
            for entry in found:
                yield entry
                if deep and entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
