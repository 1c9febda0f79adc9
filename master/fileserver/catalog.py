"""What is served, by name: finds files and lists folders with the digests of what they hold.

A long list is asked for page by page; it is walked once and kept for a few seconds. Used from the file server's
threads.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable
from typing import Final

from master.fileserver.index import DigestIndex
from shoal.files.messages import PAGE_ITEMS, FileInfo
from shoal.files.roots import FileRoots, Found, Listed

_KEPT_S: Final = 10.0
_KEPT_LISTS: Final = 8


class Catalog:
    """See the module docstring."""

    def __init__(self, roots: FileRoots, index: DigestIndex, monotonic: Callable[[], float]) -> None:
        self._roots = roots
        self._index = index
        self._monotonic = monotonic
        self._lists: dict[tuple[str, str], tuple[float, list[Listed]]] = {}
        self._lock = threading.Lock()

    def envs(self) -> list[str]:
        """Return the names of the environments."""
        return self._roots.envs()

    def find(self, env: str, name: str) -> FileInfo | None:
        """Return what is known of a file, or None. Raises OSError, WireError."""
        found = self._roots.find(env, name)
        return None if found is None else self._info(name, found)

    def page(self, env: str, folder: str, after: str) -> tuple[list[FileInfo], bool]:
        """Return the files and folders below `folder` that come after name `after`, and whether these are the last.

        A page is short enough for one message. Raises WireError.
        """
        listed = self._list(env, folder, fresh=not after)
        start = bisect_right([each.name for each in listed], after) if after else 0
        infos = []
        for each in listed[start : start + PAGE_ITEMS]:
            info = self._entry(each)
            if info is not None:
                infos.append(info)
        return infos, start + PAGE_ITEMS >= len(listed)

    def file(self, digest: bytes) -> Found | None:
        """Return a file that has this content, if one was found or listed."""
        return self._index.file(digest)

    def forget(self, digest: bytes) -> None:
        """Note that no file has this content any more."""
        self._index.forget(digest)

    def clear(self) -> None:
        """Walk anew at the next question."""
        with self._lock:
            self._lists.clear()

    def _list(self, env: str, folder: str, *, fresh: bool) -> list[Listed]:
        now = self._monotonic()
        with self._lock:
            kept = self._lists.get((env, folder))
        if kept is not None and now - kept[0] < _KEPT_S and not fresh:
            return kept[1]
        listed = list(self._roots.walk(env, folder))
        with self._lock:
            while len(self._lists) >= _KEPT_LISTS:
                del self._lists[next(iter(self._lists))]
            self._lists[env, folder] = now, listed
        return listed

    def _entry(self, listed: Listed) -> FileInfo | None:
        target = listed.target[:4096]
        if listed.found is None:
            return FileInfo(name=listed.name, target=target)
        try:
            return self._info(listed.name, listed.found, target)
        except OSError:  # it has gone, or changed, since it was listed
            return None

    def _info(self, name: str, found: Found, target: str = "") -> FileInfo:
        digest = self._index.digest(found)
        return FileInfo(name=name, digest=digest, size=found.size, mode=found.mode, target=target)
