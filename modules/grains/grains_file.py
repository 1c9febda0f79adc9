"""The grains file of the box as something to change: a YAML map, by default `/etc/shoal/grains`.

1. Two jobs that change it take turns (a lock on its folder), so neither loses what the other wrote.
2. It is replaced as a whole or not at all; owner and mode stay, a link stays a link.
3. What was written is read back with the daemon's own reader before it takes the old one's place.
4. A file that cannot be read is not overwritten. Comments in it are lost by a change.
"""

from __future__ import annotations

import copy
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from shoal.errors import ConfigError, ModuleError

MAX_BYTES: Final = 64 * 1024  # all grains together must fit one message to the master


class GrainsFile:
    """One grains file. Every method raises ModuleError when the file cannot be read or written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.changed = False  # by the last `editing`

    @classmethod
    def of(cls, ctx: Context) -> GrainsFile:
        """Return the file that this box's configuration names."""
        path = ctx.settings.get("grains_file")
        if not path:
            raise ModuleError("grains cannot be changed here: the call does not know the box's grains file")
        return cls(Path(str(path)))

    @contextmanager
    def editing(self) -> Iterator[dict[str, Any]]:
        """Give the map to change; what it is at the end is written, unless the block raised."""
        try:
            path = self._path.resolve()
            with _lock(path.parent):
                grains = _read(path)
                before = copy.deepcopy(grains)
                yield grains
                self.changed = grains != before
                if self.changed:
                    _replace(path, grains)
        except OSError as error:
            raise ModuleError(f"{self._path} cannot be changed: {error.strerror}") from None


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    from shoal.config.yaml_file import read_yaml  # yaml is 1 MiB, and the executor loads this file

    try:
        grains: dict[str, Any] = read_yaml(path).plain()
    except ConfigError as error:
        raise ModuleError(f"the grains file is not changed, because it cannot be read: {error}") from None
    return grains


def _replace(path: Path, grains: dict[str, Any]) -> None:
    data = _dump(grains)
    if len(data) > MAX_BYTES:
        raise ModuleError(f"{path} would have {len(data)} bytes, more than the {MAX_BYTES} grains may have")
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)  # left by a process of this number that was killed
    fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            if path.exists():
                status = path.stat()
                os.fchown(fd, status.st_uid, status.st_gid)
                os.fchmod(fd, status.st_mode & 0o7777)
            file.write(data)
            file.flush()
            os.fsync(fd)
        if _read(fresh) != grains:
            raise ModuleError(f"{path} is not changed: a value would be read back as another one")
        fresh.rename(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _dump(grains: dict[str, Any]) -> bytes:
    import yaml  # see above

    return yaml.safe_dump(grains, sort_keys=False, allow_unicode=True, encoding="utf-8")


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
