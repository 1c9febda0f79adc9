"""The master's own keys, changed in its files: `shoal-key --rotate-sign`, `--rotate-curve`, `--switch-curve`.

No master needs to run, and one that runs goes on with the keys it has until it starts again. The fleet's root
key signs each change; where it is kept offline, `--root-key FILE` names it.
"""

from __future__ import annotations

import argparse
import os
import pwd
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from master.cli.output import Output
from shoal import exits
from shoal.exits import UsageError
from shoal.paths import Paths

_DONE: Final = {
    "rotate-sign": (
        "The master has a new sign key and certificate, in use when it starts again.",
        "Minions need nothing for this.",
    ),
    "rotate-curve": (
        "A new CURVE key is announced. Minions learn of it when they connect to a master that was started again,",
        "or at once with: systemctl reload shoal-master. When all have been connected: shoal-key --switch-curve",
    ),
    "switch-curve": (
        "The announced CURVE key is in use when the master starts again.",
        "Minions that were not connected since the announcement do not know it, and have to join again.",
    ),
}
CHANGES: Final = tuple(_DONE)


def change_own_keys(options: argparse.Namespace, change: str, output: Output) -> int:
    """Carry out one of CHANGES. Raises ConfigError, TrustError, UsageError with what to do."""
    # Only now: listing keys needs neither a configuration nor the key libraries.
    from master.config import read_master_config
    from master.identity import IdentityFiles
    from master.papers import Reach

    paths = Paths.for_master(options.root, options.config_dir)
    _check_owner(paths.pki_dir)
    files = IdentityFiles(paths.pki_dir, Reach.of(read_master_config(paths)))
    steps: dict[str, Callable[..., None]] = {
        "rotate-sign": files.renew,
        "rotate-curve": files.announce_next_curve_key,
        "switch-curve": files.switch_curve_key,
    }
    steps[change](time.time(), root_key=Path(options.root_key) if options.root_key else None)
    if not options.quiet:
        for line in _DONE[change]:
            output.aside(line)
    return exits.OK


def _check_owner(folder: Path) -> None:
    """Files that root makes here could not be read by a master that runs as somebody else."""
    try:
        owner = folder.stat().st_uid
    except OSError:
        raise UsageError(f"{folder} is not there: start shoal-master once, or use --root") from None
    if owner != os.geteuid():
        raise UsageError(f"{folder} belongs to {_name(owner)}: run this as that user")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
