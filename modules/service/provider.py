"""Picks the init system once, by what runs on the box and not by what happens to be installed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from modules import shell
from modules.service.contract import ServiceManager
from modules.service.openrc import OpenRC
from modules.service.systemd import Systemd
from shoal.errors import ArgumentError, UnavailableError

SYSTEMD_RUNS: Final = Path("/run/systemd/system")
OPENRC_RUNS: Final = Path("/run/openrc")


def manager(root: str = "") -> ServiceManager:
    """Return the hand for this box; with `root` for the unit files of a system that lies there.

    Raises UnavailableError.
    """
    if root or SYSTEMD_RUNS.is_dir():
        return systemd("service", root)
    if OPENRC_RUNS.is_dir():
        return OpenRC()
    raise UnavailableError("service", f"neither systemd ({SYSTEMD_RUNS}) nor OpenRC ({OPENRC_RUNS}) runs")


def systemd(what: str, root: str = "") -> Systemd:
    """Return systemd for what only systemd has. Raises UnavailableError."""
    if root:
        if not Path(root).is_absolute() or not Path(root).is_dir():
            raise ArgumentError(f"root must be the absolute path of a folder that exists, not {root!r}")
    elif not SYSTEMD_RUNS.is_dir():
        raise UnavailableError(what, "systemd does not run on this box")
    if not shell.which("systemctl"):
        raise UnavailableError(what, "there is no systemctl on the PATH")
    return Systemd(root)
