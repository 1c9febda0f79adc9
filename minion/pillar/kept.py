"""The sealed pillar on the disk, `pillar` in the minion's cache, for a start without a master. Believes nothing.

It is 0600 from its first byte, put in its place in one step, and never reached through a link. It is as plain as the
pillar's values are: who can read the disk can read it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from pki.pillar import MAX_SEALED_BYTES

_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OTHERS: Final = 0o077


class KeptPillar:
    """The file at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> tuple[bytes, bool]:
        """Return what is kept, b"" if nothing is, and whether others could have read it; they cannot any more.

        Raises OSError.
        """
        try:
            fd = os.open(self.path, _READ)
        except FileNotFoundError:
            return b"", False
        with os.fdopen(fd, "rb") as file:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                return b"", False
            exposed = bool(status.st_mode & _OTHERS)
            if exposed:
                os.fchmod(fd, 0o600)
            return file.read(MAX_SEALED_BYTES + 1), exposed

    def keep(self, sealed: bytes) -> None:
        """Keep `sealed` in place of what is there. Raises OSError."""
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        fd = os.open(fresh, _WRITE, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(fd)
        fresh.replace(self.path)
