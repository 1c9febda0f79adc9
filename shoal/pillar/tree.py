"""The files of `pillar_roots`, read when they have changed.

A file is looked at (`stat`, of each place it could be in) once for a pillar; it is read when that differs, and takes
nobody's renderings away when its content is still the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shoal.errors import RenderError, WireError
from shoal.files.digest import Digest
from shoal.files.names import check_env, check_name
from shoal.files.roots import ANY_ENV, FileRoots, Rules, Stamp, open_found, stamp_of
from shoal.render.source import Source
from shoal.render.yaml import MAX_TEXT

_MAX_KEPT: Final = 50_000
_TRIES: Final = 3  # of reading a file that changes meanwhile

Look = tuple[tuple[str, "Stamp | None"], ...]


@dataclass(slots=True)
class _Kept:
    roots: list[str]
    look: Look
    source: Source | None


class PillarTree:
    """See the module docstring. Not for several threads at once."""

    def __init__(self, folders: Mapping[str, Sequence[Path]]) -> None:
        self._folders = folders
        self._roots = FileRoots(lambda: folders, Rules())
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._fresh: set[tuple[str, str]] = set()
        self._real: dict[str, list[str]] = {}  # environment -> its folders, until the next look
        self.reads = 0  # how many files were read, for tests and benchmarks

    def look_again(self) -> None:
        """Let each file be looked at anew when it is asked for next."""
        self._fresh.clear()
        self._real.clear()

    def envs(self) -> list[str]:
        """Return the environments that are named in the configuration, in its order."""
        return [env for env in self._folders if env != ANY_ENV]

    def has_env(self, env: str) -> bool:
        """Say whether there are folders for an environment."""
        try:
            check_env(env)
        except WireError:
            return False
        return env in self._folders or (ANY_ENV in self._folders and "/" not in env)

    def find(self, env: str, name: str) -> Source | None:
        """Return a file, or None when it is not there. Raises RenderError for one that cannot be used."""
        key = env, name
        kept = self._kept.get(key)
        if kept is not None and key in self._fresh:
            return kept.source
        try:
            roots = self._real.get(env)
            if roots is None:
                roots = self._real[env] = self._roots.folders(env)
            if kept is None or kept.roots != roots or not _is_same(kept.look):
                look = _look(roots, check_name(name))
                kept = _Kept(roots, look, self._read(env, name, kept.source if kept else None))
        except WireError as error:
            raise RenderError(str(error)) from None
        if len(self._kept) >= _MAX_KEPT:
            self._kept.clear()
            self._fresh.clear()
        self._kept[key] = kept
        self._fresh.add(key)
        return kept.source

    def sls_names(self, env: str) -> list[str]:
        """Return the names of all SLS of an environment."""
        names = [each.name for each in self._roots.walk(env) if each.name.endswith(".sls")]
        return sorted({name[:-4].removesuffix("/init").replace("/", ".") for name in names} - {"top"})

    def _read(self, env: str, name: str, before: Source | None) -> Source | None:
        for _ in range(_TRIES):
            found = self._roots.find(env, name)
            if found is None:
                return None
            if found.size > MAX_TEXT:
                raise RenderError(f"larger than {MAX_TEXT} bytes", file=found.path)
            try:
                fd = open_found(found)
            except OSError:
                continue  # it is being replaced
            with os.fdopen(fd, "rb") as file:
                data = file.read(MAX_TEXT + 1)
            self.reads += 1
            digest = Digest(data).final()
            if before is not None and before.key == digest and before.path == found.path:
                return before
            return Source(name=name, path=found.path, text=_text(data, found.path), key=digest)
        raise RenderError(
            "cannot be read: it changes all the time, or this user may not", file=f"{env}: {name}"
        )


def _look(roots: Sequence[str], name: str) -> Look:
    """Return the places up to the first that has the file, each with what lies there."""
    look: list[tuple[str, Stamp | None]] = []
    for root in roots:
        stamp = _stamp(f"{root}/{name}")
        look.append((f"{root}/{name}", stamp))
        if stamp is not None:
            break
    return tuple(look)


def _is_same(look: Look) -> bool:
    return all(_stamp(place) == stamp for place, stamp in look)


def _stamp(place: str) -> Stamp | None:
    try:
        return stamp_of(os.stat(place))  # noqa: PTH116 - a Path takes longer than the question
    except OSError:
        return None


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RenderError(f"not UTF-8 (byte 0x{data[error.start]:02x})", file=path, line=line) from None
