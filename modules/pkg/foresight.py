"""What an installation or removal would change, as far as the package manager can tell without doing it; no functions.

`{name: {"old": …, "new": …}}`, as the functions return it afterwards, with what comes along or goes along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules.pkg.changes import Changes, joined
from modules.pkg.contract import InstallOptions, PackageReader, Step, Versions, Wanted
from shoal.errors import ArgumentError, CommandError


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """`why_not`: why it would fail as things are now; they may be otherwise by then."""

    changes: Changes
    why_not: str = ""


def installation(
    manager: PackageReader, wanted: Sequence[Wanted], here: Versions, options: InstallOptions
) -> Foreseen:
    """Return what an installation of what is `wanted` would change."""
    plain: Changes = {
        each.name: {"old": joined(here.get(each.name, ())), "new": each.version or "installed"}
        for each in wanted
    }
    try:
        steps = manager.planned_install(wanted, options)
    except (CommandError, ArgumentError) as error:
        return Foreseen(changes=plain, why_not=str(error))
    if steps is not None:
        return Foreseen(changes=_changes(steps, here) or plain)
    names = [each.name for each in wanted if not each.version and not each.path]
    best = manager.candidates(names, options.fromrepo)
    for name in names:
        plain[name]["new"] = best.get(name) or "installed"
    return Foreseen(changes=plain)


def removal(
    manager: PackageReader, asked: Sequence[str], here: Mapping[str, Sequence[str]], *, purge: bool
) -> Foreseen:
    """Return what a removal would change. `here` has what only left configuration files behind, too."""
    plain: Changes = {name: {"old": joined(here.get(name, ())), "new": ""} for name in asked}
    try:
        steps = manager.planned_removal(asked, purge=purge)
    except CommandError as error:
        return Foreseen(changes=plain, why_not=str(error))
    return Foreseen(changes=plain | _changes(steps or [], here))


def _changes(steps: Sequence[Step], here: Mapping[str, Sequence[str]]) -> Changes:
    """Return steps as changes; a package that is installed anew in the same version is none."""
    return {
        each.name: {"old": joined(here.get(each.name, ())) or each.old, "new": each.new}
        for each in steps
        if (joined(here.get(each.name, ())) or each.old) != each.new
    }
