"""What the daemon takes over from whoever started it, so that nobody but root decides what its jobs start.

1. It stands in `/`: an interpreter that is started later looks for modules where it stands.
2. Folders of PATH that another user owns, or that anybody may write to, are left out; so are relative ones. Jobs find
   their programs by it. (`LD_*`, `PYTHON*` and the like are taken from every program that a job starts, see
   `modules/process_env.py`.)
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import MutableMapping
from pathlib import Path

from modules.process_env import DEFAULT_PATH
from shoal.ownership import ours

log = logging.getLogger(__name__)


def settle(environ: MutableMapping[str, str]) -> None:
    """Stand in `/`, with a PATH that only root and our own user could fill."""
    os.chdir("/")
    folders = environ.get("PATH", DEFAULT_PATH).split(os.pathsep)
    unsafe = [folder for folder in folders if not _is_safe(folder)]
    if unsafe:
        log.warning(
            "left out of PATH, because others could put programs there: %s",
            ", ".join(repr(folder) for folder in unsafe),
            extra={"action": "path_cleaned"},
        )
    environ["PATH"] = os.pathsep.join(each for each in folders if each not in unsafe) or DEFAULT_PATH


def _is_safe(folder: str) -> bool:
    """Say whether only we and root can change what is in a folder; one that is not there, whether one could be made."""
    path = Path(folder)
    while path.is_absolute():
        try:
            status = path.stat()
        except FileNotFoundError:
            path = path.parent
            continue
        except OSError:
            return False
        return ours(status.st_uid) and not status.st_mode & stat.S_IWOTH
    return False
