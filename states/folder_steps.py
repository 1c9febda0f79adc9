"""Steps that make the folders which are missing on the way to a file.

One each, so that the way back takes away just those.
"""

from __future__ import annotations

import os
from pathlib import Path

from modules.file import folders
from states.plan import Step, call


def folder_steps(folder: Path, *, user: str = "", group: str = "", mode: str = "") -> tuple[Step, ...]:
    """Return the steps that make `folder` and those above it, the topmost first; none if it is there."""
    missing = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    return tuple(
        Step(
            do=call(folders.mkdir, dir_path=str(each), user=user, group=group, mode=mode),
            undo=call(folders.rmdir, path=str(each)),
        )
        for each in reversed(missing)
    )
