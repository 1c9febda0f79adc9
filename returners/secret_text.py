"""A secret that an option may hold itself or name the file of."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from shoal.errors import ConfigError
from shoal.secret import Secret

_MAX_BYTES: Final = 4096
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # never hangs on a FIFO


def one_of(secret: Secret, file: Path | None, key: str) -> Secret:
    """Return `secret`, or what `file` holds if that is given. Raises ConfigError; `key` is the option's name."""
    if file is None:
        return secret
    if secret:
        raise ConfigError(f"'{key}' and '{key}_file' are both given: keep one of them")
    text = _read(file, f"{key}_file").strip()
    if not text:
        raise ConfigError(f"'{key}_file': {file} is empty")
    return Secret(text)


def _read(path: Path, key: str) -> str:
    try:
        descriptor = os.open(path, _READ)
        try:
            _check(path, key, os.fstat(descriptor))
            data = os.read(descriptor, _MAX_BYTES + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise ConfigError(f"'{key}': {path} cannot be read: {error.strerror}") from None
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"'{key}': {path} has more than {_MAX_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ConfigError(f"'{key}': {path} is not UTF-8 text") from None


def _check(path: Path, key: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"'{key}': {path} is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"'{key}': {path} belongs to user {status.st_uid}; chown it to this user or root")
    if status.st_mode & 0o077:
        raise ConfigError(f"'{key}': {path} can be read by others; chmod 600 it")
