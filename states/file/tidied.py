"""`file.tidied`: old or large files below a folder are removed."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from modules.context import Context
from modules.file.criteria import size_range
from modules.file.pattern import compiled
from modules.file.place import explained
from shoal.errors import ModuleError
from states.declare import state
from states.file import steps
from states.file.answers import planned
from states.file.paths import absolute_path
from states.plan import Plan, unchanged

_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TidiedOptions:
    """What is removed. Spellings are Salt's."""

    age: int | float = 0  # days
    matches: list[str] | None = None  # regular expressions, from the beginning of the name
    exclude: list[str] | None = None
    size: int | str = 0  # at least so many bytes; 10k, 2M, 1G
    rmdirs: bool = False  # folders that are left empty too
    full_path_match: bool = False
    rmlinks: bool = True
    time_comparison: Literal["atime", "mtime", "ctime"] = "atime"
    age_size_logical_operator: Literal["OR", "AND"] = "OR"
    age_size_only: Literal["age", "size"] | None = None


_DEFAULTS: Final = TidiedOptions()


@state
def tidied(ctx: Context, name: str, options: TidiedOptions = _DEFAULTS) -> Plan:
    """Remove what is old enough or large enough below a folder, by names that match. Links are never followed.

    What was there is kept for a rollback as by `file.absent`.

    Example:

        /var/spool/app:
          file.tidied:
            - age: 7
            - matches: ['.*\\.tmp']
            - rmdirs: true
    """
    path = absolute_path(name)
    if not path.is_dir():
        raise ModuleError(f"{name} does not exist or is not a directory.")
    wanted = _Wanted(options, time.time())
    with explained(path, "listed"):
        doomed = list(_doomed(path, wanted, rmdirs=options.rmdirs))
    if not doomed:
        return unchanged(f"Nothing to remove from directory {name}")
    top = [each for each in doomed if not any(str(each).startswith(f"{other}/") for other in doomed)]
    return planned(
        [steps.take_away(each) for each in top],
        {"removed": [str(each) for each in doomed]},
        did=f"Removed {len(doomed)} files or directories from directory {name}",
        would=f"{name} is set for tidy",
    )


class _Wanted:
    """Says whether something is to go."""

    def __init__(self, options: TidiedOptions, now: float) -> None:
        self._options = options
        self._oldest = now - options.age * _DAY_S
        self._size = size_range(str(options.size))[0] if options.size else 0
        self._matches = [compiled(each).match for each in options.matches or [".*"]]
        self._exclude = [compiled(each).match for each in options.exclude or []]

    def __call__(self, path: str, status: os.stat_result) -> bool:
        if stat.S_ISLNK(status.st_mode) and not self._options.rmlinks:
            return False
        name = path if self._options.full_path_match else path.rpartition("/")[2]
        if not any(match(name) for match in self._matches) or any(match(name) for match in self._exclude):
            return False
        old = float(getattr(status, f"st_{self._options.time_comparison}")) <= self._oldest
        large = status.st_size >= self._size
        if self._options.age_size_only:
            return old if self._options.age_size_only == "age" else large
        return old and large if self._options.age_size_logical_operator == "AND" else old or large


def _doomed(path: Path, wanted: _Wanted, *, rmdirs: bool) -> Iterator[Path]:
    """Yield what is to go, inner before outer; a folder only if nothing stays in it."""
    going: set[str] = set()
    for folder, folders, files in os.walk(path, topdown=False):
        for name in sorted(files + [each for each in folders if Path(folder, each).is_symlink()]):
            place = Path(folder, name)
            if wanted(str(place), place.lstat()):
                going.add(str(place))
                yield place
        inner = [Path(folder, each) for each in folders]
        for each in sorted(inner):
            if each.is_symlink() or not rmdirs or not wanted(str(each), each.lstat()):
                continue
            if all(str(each / left) in going for left in os.listdir(each)):  # noqa: PTH208
                going.add(str(each))
                yield each
