"""The files of a box that stands alone (`shoal-call --local`): its own roots, by the rules of the master's."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from shoal.errors import ModuleError, WireError
from shoal.files.digest import digest_of
from shoal.files.messages import FileInfo
from shoal.files.roots import FileRoots, Found, Rules, open_found


class OwnFiles:
    """Serves `modules.context.Files` from folders of this box."""

    def __init__(self, folders: Mapping[str, Sequence[Path]]) -> None:
        self._roots = FileRoots(lambda: folders, Rules())
        self._paths: dict[bytes, Path] = {}

    def envs(self) -> list[str]:
        """Return the names of the environments."""
        return self._roots.envs()

    def find(self, env: str, name: str) -> FileInfo | None:
        """Return what is known of a file, None if there is none. Raises ModuleError."""
        try:
            found = self._roots.find(env, name)
            return None if found is None else self._info(name, found)
        except (WireError, OSError) as error:
            raise ModuleError(str(error)) from None

    def walk(self, env: str, folder: str = "") -> list[FileInfo]:
        """Return all files and folders below a folder, sorted. Raises ModuleError."""
        try:
            listed = list(self._roots.walk(env, folder))
        except WireError as error:
            raise ModuleError(str(error)) from None
        infos = []
        for each in listed:
            if each.found is None:
                infos.append(FileInfo(name=each.name, target=each.target))
                continue
            with contextlib.suppress(OSError):  # it has gone, or changed, since it was listed
                infos.append(self._info(each.name, each.found, each.target))
        return infos

    def fetch(self, files: Sequence[FileInfo]) -> list[Path]:
        """Return where contents are that were found before. Raises ModuleError."""
        wanted = [info for info in files if not info.is_dir]
        lost = [info.name for info in wanted if info.digest not in self._paths]
        if lost:
            raise ModuleError(f"{lost[0]} was not found before it was fetched")
        return [self._paths[info.digest] for info in wanted]

    def drop(self, info: FileInfo) -> None:
        """Nothing is kept here: the next look reads the file as it is then."""
        self._paths.pop(info.digest, None)

    def _info(self, name: str, found: Found, target: str = "") -> FileInfo:
        fd = open_found(found)
        try:
            digest = digest_of(fd)
        finally:
            os.close(fd)
        self._paths[digest] = Path(found.path)
        return FileInfo(name=name, digest=digest, size=found.size, mode=found.mode, target=target)
