"""Removes what an archive's extraction has made: the way back of the state `archive.extracted`.

Everything goes by folder descriptors and never through a link. A folder goes only if it is empty by then: what others
put there stays, and so does the folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from modules.archive.plan import Parts, parts_of
from modules.archive.unpack import check_path
from modules.context import Context
from shoal.errors import ModuleError
from shoal.functions.function import function

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@function(replay="safe")
def remove_members(ctx: Context, dest: str, names: list[str], made: list[str] | None = None) -> bool:
    """Remove files, links and, with a slash behind the name, empty folders below `dest`; then the folders `made`.

    CLI Example:

        shoal '*' archive.remove_members /srv/no-such-site index.html,img/
    """
    check_path(dest)
    try:
        root = os.open(dest, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ModuleError(f"{dest} cannot be entered: {error.strerror}") from None
    try:
        for parts, is_folder in sorted(
            ((parts_of(each), each.endswith("/")) for each in names), reverse=True
        ):
            _remove(root, parts, is_folder=is_folder)
    except OSError as error:
        raise ModuleError(f"what was unpacked in {dest} cannot be removed: {error.strerror}") from None
    finally:
        os.close(root)
    for folder in sorted(made or [], reverse=True):
        check_path(folder)
        try:
            Path(folder).rmdir()
        except OSError:
            pass  # somebody uses it
    return True


def _remove(root: int, parts: Parts, *, is_folder: bool) -> None:
    folder = os.dup(root)
    try:
        for part in parts[:-1]:
            below = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
        if is_folder:
            _remove_folder(folder, parts[-1])
        else:
            os.unlink(parts[-1], dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        pass  # it is gone already
    finally:
        os.close(folder)


def _remove_folder(above: int, name: str) -> None:
    try:
        os.rmdir(name, dir_fd=above)
    except OSError:
        pass  # it has files of others
