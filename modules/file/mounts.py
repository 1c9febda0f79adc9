"""Where file systems are mounted, so that nobody removes what is only mounted into a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from modules.file.place import shown
from shoal.errors import ModuleError

MOUNTS: Final = "/proc/self/mountinfo"
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


def must_hold_no_mount(path: Path) -> None:
    """Raise ModuleError if something is mounted at `path` or below it; `path` itself is not followed."""
    real = Path(os.path.realpath(path.parent)) / path.name
    try:
        text = Path(MOUNTS).read_text("utf-8", "surrogateescape")
    except OSError:
        text = ""  # a box without /proc: the kernel still refuses to remove a mount point
    for point in mount_points(text):
        if point == real or real in point.parents:
            raise ModuleError(
                f"{shown(path)} cannot be removed: something is mounted at {shown(point)}; unmount it first"
            )


def mount_points(text: str) -> list[Path]:
    """Return the mount points in the text of `mountinfo`."""
    rows = [line.split(" ") for line in text.split("\n")]
    return [Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), row[4])) for row in rows if len(row) > 4]
