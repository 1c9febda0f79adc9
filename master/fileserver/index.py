"""Which content a served file has: digests, computed once for each state of a file, and the way back from them.

Bounded; what is forgotten is computed again when it is asked for. Used from the file server's threads.
"""

from __future__ import annotations

import os
import threading
from typing import Final

from shoal.files.digest import digest_of
from shoal.files.roots import Found, Stamp, open_found

_MAX_FILES: Final = 500_000


class DigestIndex:
    """See the module docstring."""

    def __init__(self, max_files: int = _MAX_FILES) -> None:
        self._max = max_files
        self._digests: dict[str, tuple[Stamp, bytes]] = {}  # by path
        self._files: dict[bytes, Found] = {}  # one file that has this content
        self._lock = threading.Lock()

    def digest(self, found: Found) -> bytes:
        """Return the digest of a file's content. Raises OSError when the file has changed since it was found."""
        with self._lock:
            known = self._digests.get(found.path)
            if known is not None and known[0] == found.stamp:
                self._files.setdefault(known[1], found)
                return known[1]
        fd = open_found(found)
        try:
            digest = digest_of(fd)
        finally:
            os.close(fd)
        with self._lock:
            if len(self._digests) >= self._max:
                self._digests.clear()
                self._files.clear()
            self._digests[found.path] = found.stamp, digest
            self._files[digest] = found
        return digest

    def file(self, digest: bytes) -> Found | None:
        """Return a file that had this content when it was looked at; None if none is known."""
        with self._lock:
            return self._files.get(digest)

    def forget(self, digest: bytes) -> None:
        """Note that the file which had this content has changed."""
        with self._lock:
            self._files.pop(digest, None)
