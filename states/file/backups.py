"""`backupname`: what is in the way of a state gets another name."""

from __future__ import annotations

import os
from pathlib import Path

from modules.file import copying
from shoal.errors import ModuleError
from states.file import steps
from states.plan import Step, call


def set_aside(path: Path, name: str, *, force: bool) -> list[Step]:
    """Return the steps that rename what is at a path, within its folder or to an absolute name. Raises ModuleError."""
    to = path.parent / name
    made = []
    if os.path.lexists(to):
        if not force:
            raise ModuleError(f"Backup path {to} already exists, and force was set to False")
        made.append(steps.take_away(to))
    made.append(
        Step(do=call(copying.rename, str(path), str(to)), undo=call(copying.rename, str(to), str(path)))
    )
    return made
