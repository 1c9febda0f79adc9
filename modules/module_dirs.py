"""Folders of modules that somebody is writing, for `shoal-call -m`: nobody has signed what is in them.

So they must be the caller's own: the folder, those above it and each file belong to root or to the caller, and nobody
else may write to them (to a folder above with the sticky bit, as /tmp has it, anybody may). A folder that is not like
that is refused, a file that is not makes its own module `Broken`. Files are opened below the folder that was checked.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from modules.sources import Broken, Functions, run_source
from shoal.errors import ConfigError
from shoal.synced import MAX_FILE_BYTES, is_name


class ModuleDirs:
    """The modules of some folders; of two with the same name that of the first folder counts."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._files: dict[str, tuple[int, Path]] = {}
        self._loaded: dict[str, Functions] = {}
        for folder in folders:
            self._add(folder)

    def modules(self) -> frozenset[str]:
        """Return the names of the files, as they were found."""
        return frozenset(self._files)

    def functions(self, module: str) -> Functions:
        """Return the functions of `module`, running its file on first use. Raises Broken."""
        if module not in self._files:
            return {}
        if module not in self._loaded:
            fd, path = self._files[module]
            self._loaded[module] = run_source(module, path, _read(fd, path))
        return self._loaded[module]

    def _add(self, folder: Path) -> None:
        below = next((folder / name for name in ("_modules", "modules") if (folder / name).is_dir()), folder)
        path = Path(os.path.realpath(below))
        try:
            for above in path.parents:
                _check(above, above.stat(), sticky=True)
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            _check(path, os.fstat(fd))
            names = sorted(os.listdir(fd))  # noqa: PTH208  of the folder that was checked
        except OSError as error:
            raise ConfigError(f"-m {folder}: {error.strerror}") from None
        for name in names:
            if name.endswith(".py") and is_name(name.removesuffix(".py")):
                self._files.setdefault(name.removesuffix(".py"), (fd, path / name))


def _read(folder: int, path: Path) -> bytes:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        fd = os.open(path.name, flags, dir_fd=folder)
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise Broken(f"{path} is not a regular file")
            _check(path, status)
            return file.read(MAX_FILE_BYTES)
    except ConfigError as error:
        raise Broken(str(error)) from None
    except OSError as error:
        raise Broken(f"{path} cannot be read: {error.strerror}") from None


def _check(path: Path, status: os.stat_result, *, sticky: bool = False) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigError(
            f"{path} belongs to user {status.st_uid}: modules are loaded from root's or your own only"
        )
    if status.st_mode & 0o022 and not (sticky and status.st_mode & stat.S_ISVTX):
        raise ConfigError(f"others may write to {path}: run chmod go-w {path}")
