"""What keeps a folder's disk from taking writes: SQLite says "disk I/O error" for most of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal


def trouble_of(folder: Path) -> Literal["full", "read-only", ""]:
    """Return why nothing can be written in `folder`, "" when its disk does not tell."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return ""
    if disk.f_flag & os.ST_RDONLY:
        return "read-only"
    return "full" if disk.f_blocks and not disk.f_bavail else ""
