"""The minion's own process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from minion.grains.sources import Sources


def collect(sources: Sources) -> dict[str, Any]:
    """Return `pid`, `cwd`, `path`, `systempath`, `shell` and `ps` (the command that lists processes)."""
    path = sources.environ.get("PATH", "").strip()
    return {
        "pid": os.getpid(),
        "cwd": str(Path.cwd()),
        "path": path,
        "systempath": path.split(os.pathsep),
        "shell": sources.environ.get("SHELL", "/bin/sh"),
        "ps": "ps -efHww",
    }
