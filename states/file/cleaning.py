"""What `clean` removes from a folder: all that no state of the run claims and no pattern spares."""

from __future__ import annotations

import os
from collections.abc import Set
from pathlib import Path

from modules.file.place import explained
from states.file.claims import matches_any

Patterns = str | list[str] | None


def doomed(folder: Path, kept: Set[Path], exclude: Patterns) -> list[Path]:
    """Return the paths below a folder that are to go, outer before inner, sorted. Links are not followed.

    A folder stays when something in it does. Raises ModuleError.
    """
    going: list[Path] = []
    _stays(folder, folder, kept, exclude, going)
    return sorted(going)


def outermost(going: list[Path]) -> list[Path]:
    """Return those that lie in no other one."""
    known = set(going)
    return [each for each in going if not known.intersection(each.parents)]


def _stays(top: Path, folder: Path, kept: Set[Path], exclude: Patterns, going: list[Path]) -> bool:
    """Gather what goes from one folder; say whether something stays in it."""
    with explained(folder, "listed"):
        entries = sorted(os.scandir(folder), key=lambda each: each.name)
    some = False
    for entry in entries:
        path = Path(entry.path)
        stays = matches_any(str(path.relative_to(top)), exclude) or (path in kept and not _is_folder(entry))
        if not stays and _is_folder(entry):
            stays = _stays(top, path, kept, exclude, going) or path in kept
        if not stays:
            going.append(path)
        some = some or stays
    return some


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)
