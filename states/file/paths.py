"""What is at a path now, as states look at it. Reads only."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from modules.file.content import MAX_EDIT_BYTES, open_regular
from modules.file.place import explained, kind_of
from shoal.errors import ModuleError
from shoal.files.digest import Digest

_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What `path` leads to, or is if links are not followed; `target` is where that lies.

    Steps name the path, not the target: following a stranger's link is then judged when it is done (modules/way.py).
    `kind` is Salt's word, "" if there is nothing. `data` is None for what is no file, or too large to compare.
    """

    path: Path
    target: Path
    kind: str
    mode: int = 0
    uid: int = 0
    gid: int = 0
    size: int = 0
    digest: str = ""
    data: bytes | None = None
    is_link: bool = False

    @property
    def there(self) -> bool:
        """Whether there is something."""
        return bool(self.kind)


def absolute_path(name: str, word: str = "file") -> Path:
    """Return a state's name as a path. Raises ModuleError in Salt's words unless it is absolute."""
    path = Path(os.path.expanduser(name)) if name.startswith("~") else Path(name)  # noqa: PTH111
    if not name or "\0" in name or not path.is_absolute():
        raise ModuleError(f"Specified {word} {name} is not an absolute path")
    return path


def look(path: Path, *, follow: bool = True, content: bool = True) -> Now:
    """Return what is at a path; a link that leads nowhere is nothing if links are followed. Raises ModuleError."""
    is_link = path.is_symlink()
    target = Path(os.path.realpath(path)) if is_link and follow else path
    try:
        status = path.stat() if follow else path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Now(path=path, target=target, kind="", is_link=is_link)
    except OSError as error:
        raise ModuleError(f"{path} cannot be looked at: {error.strerror}") from None
    digest, data = _content(path) if content and stat.S_ISREG(status.st_mode) else ("", None)
    return Now(
        path=path,
        target=target,
        kind=kind_of(status.st_mode),
        mode=stat.S_IMODE(status.st_mode),
        uid=status.st_uid,
        gid=status.st_gid,
        size=status.st_size,
        digest=digest,
        data=data,
        is_link=is_link,
    )


def new_file(path: Path, mode: int) -> Now:
    """Return an empty file of ours that is about to be made, to tell what is changed of it."""
    uid, gid = os.geteuid(), os.getegid()
    return Now(path=path, target=path, kind="file", mode=mode, uid=uid, gid=gid, data=b"")


def _content(path: Path) -> tuple[str, bytes | None]:
    """Return the digest of a file, and its bytes unless they are too many."""
    digest, parts, size = Digest(), [], 0
    with explained(path, "read"), os.fdopen(open_regular(path), "rb", buffering=0) as file:
        while data := file.read(_CHUNK):
            digest.update(data)
            size += len(data)
            if size <= MAX_EDIT_BYTES:
                parts.append(data)
            else:
                parts.clear()
    return digest.final().hex(), b"".join(parts) if size <= MAX_EDIT_BYTES else None
