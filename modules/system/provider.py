"""Picks who takes the box down, by what runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modules.system.background import Background
from modules.system.contract import PowerControl
from modules.system.transient_timer import TransientTimer

SYSTEMD_RUNS: Final = Path("/run/systemd/system")


def power_control() -> PowerControl:
    """Return the hand for this box."""
    return TransientTimer() if SYSTEMD_RUNS.is_dir() else Background()
