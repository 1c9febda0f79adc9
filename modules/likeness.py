"""Owner, mode and extended attributes of one file, given to another one that takes its place or is its copy.

As far as we may: what only root can give is left out when we are not root. A file that cannot keep its owner does
not keep its set-user-id and set-group-id bits either.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable
from typing import Final

_NOT_KEPT: Final = ("security.capability", "security.ima", "security.evm")  # they vouch for the old content
# The file may be replaced but not read; or it is gone, or a link by now, which the caller finds out before it renames.
_NOT_TO_READ: Final = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.ELOOP)
_NO_ATTRIBUTES: Final = (errno.ENOTSUP, errno.EPERM, errno.EACCES, errno.ENODATA, errno.EINVAL)


def make_alike(fd: int, source: int, old: os.stat_result) -> None:
    """Give `fd` the owner and mode in `old` and the attributes of `source` (-1 = none). Raises OSError."""
    mode = stat.S_IMODE(old.st_mode)
    own = os.fstat(fd)
    if (own.st_uid, own.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(fd, old.st_uid, old.st_gid)
        except PermissionError:
            mode &= ~(stat.S_ISUID | stat.S_ISGID)  # they would speak for another user than before
    if source >= 0:
        copy_attributes(source, fd)
    os.fchmod(fd, mode)


def make_like_named(fd: int, folder: int, name: str, old: os.stat_result) -> None:
    """Make `fd` like the file `name` in a folder, which had the status `old`. Raises OSError."""
    try:
        source = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno not in _NOT_TO_READ:
            raise
        source = -1
    try:
        make_alike(fd, source, old)
    finally:
        if source >= 0:
            os.close(source)


def copy_attributes(source: int, fd: int) -> None:
    """Make the extended attributes (ACLs and labels among them) of `fd` those of `source`, where that can be."""
    try:
        wanted = {each: os.getxattr(source, each) for each in os.listxattr(source) if each not in _NOT_KEPT}
        for each in os.listxattr(fd):
            if each not in wanted:
                _try(os.removexattr, fd, each)
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTES:
            raise
        return
    for each, value in wanted.items():
        _try(os.setxattr, fd, each, value)


def _try(call: Callable[..., None], *arguments: object) -> None:
    try:
        call(*arguments)
    except OSError as error:
        if error.errno not in _NO_ATTRIBUTES:
            raise
