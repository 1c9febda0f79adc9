"""One daemon of a kind for each root folder: a second one would take over the first one's sockets and files.

The lock is the kernel's, so it is gone when its process is, however that ended. A forked child does not have it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from shoal.errors import ConfigError

_MAX_PID_BYTES: Final = 20


def be_alone(path: Path, program: str) -> None:
    """Lock the file at `path` for as long as this process lives. Raises ConfigError if another process has it."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be opened: {error.strerror}") from None
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pid = os.read(fd, _MAX_PID_BYTES).decode("ascii", "replace").strip()
        os.close(fd)
        raise ConfigError(
            f"another {program} runs already (pid {pid}); stop it first, or use another --root"
        ) from None
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
