"""A file of keys that lies on the box and that the operator named."""

from __future__ import annotations

from typing import Final

from shoal.errors import ModuleError

_MAX_BYTES: Final = 1024 * 1024


def read_local(path: str) -> str:
    """Return the text of the file. Raises ModuleError."""
    if "://" in path:
        raise ModuleError(f"{path}: only a path on the box can be read for now")
    try:
        with open(path, "rb") as file:  # noqa: PTH123  a bounded read
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise ModuleError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > _MAX_BYTES:
        raise ModuleError(f"{path} is larger than {_MAX_BYTES} bytes")
    return data.decode("utf-8", "replace")
