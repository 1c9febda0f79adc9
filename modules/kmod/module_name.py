"""A kernel module's name. To the kernel `-` and `_` are one sign; files use either."""

from __future__ import annotations

import re
from typing import Final

from shoal.errors import ArgumentError

_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}", re.ASCII)


def checked(mod: str) -> str:
    """Return `mod`. Raises ArgumentError if no module can be called that."""
    if not _NAME.fullmatch(mod):
        raise ArgumentError(f"{mod!r} is not the name of a kernel module")
    return mod


def plain(mod: str) -> str:
    """Return the name as the kernel spells it."""
    return mod.replace("-", "_")
