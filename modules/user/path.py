"""Which paths may stand in an account: one field of a line, so no colon and no new line."""

from __future__ import annotations

from shoal.errors import ArgumentError


def check_path(path: str) -> str:
    """Return `path`. Raises ArgumentError unless it is absolute and fits into a line of /etc/passwd."""
    if not path.startswith("/") or ":" in path or not path.isprintable():
        raise ArgumentError(f"{path!r} must be an absolute path without a colon")
    return path
