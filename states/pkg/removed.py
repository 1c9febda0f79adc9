"""`pkg.removed` and `pkg.purged`."""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.pkg import change, foresight
from modules.pkg.contract import PackageManager
from modules.pkg.provider import package_manager
from states.declare import state
from states.pkg import back
from states.pkg.wanted import Packages, suits, versions_of
from states.plan import Call, Done, Plan, Step, call, unchanged


@state
def removed(
    ctx: Context, name: str, version: str | int | float | None = None, pkgs: Packages | None = None
) -> Plan:
    """Let packages not be installed; with a version only if it is that one. What depends on them goes too.

    Example:

        telnetd:
          pkg.removed
    """
    manager = package_manager(ctx)
    return _plan(manager, versions_of(manager, name, pkgs, version), manager.installed(), purge=False)


@state
def purged(
    ctx: Context, name: str, version: str | int | float | None = None, pkgs: Packages | None = None
) -> Plan:
    """Let packages not be installed, and their configuration files not be there.

    That cannot be taken back: nobody knows what was in those files.

    Example:

        telnetd:
          pkg.purged
    """
    manager = package_manager(ctx)
    left = {each: [version] for each, version in manager.leftovers().items()}
    here = {**left, **manager.installed()}
    return _plan(manager, versions_of(manager, name, pkgs, version), here, purge=True)


def _plan(
    manager: PackageManager, wishes: dict[str, str], here: dict[str, list[str]], *, purge: bool
) -> Plan:
    targets = [
        each
        for each, wish in wishes.items()
        if suits(manager, wish, here.get(each, []), allow_updates=False, ignore_epoch=False)
    ]
    if not targets:
        if purge:
            return unchanged("None of the targeted packages are installed or partially installed")
        return unchanged("All specified packages are already absent")
    word = "purged" if purge else "removed"
    foreseen = foresight.removal(manager, targets, here, purge=purge)
    do = call(change.purge if purge else change.remove, pkgs=targets)
    absent = [each for each in wishes if each not in targets]
    return Plan(
        steps=(_step(manager, do, foreseen.changes, purge=purge),),
        changes=foreseen.changes,
        would=f"The following packages will be {word}: {', '.join(targets)}.",
        judge=lambda answers: _judged(targets, absent, word, answers[0]),
        warnings=(foreseen.why_not,) if foreseen.why_not else (),
    )


def _step(manager: PackageManager, do: Call, changes: dict[str, dict[str, str]], *, purge: bool) -> Step:
    if purge:
        return Step(do=do, final="the configuration files of what is purged are deleted")
    if manager.name != "apt":  # dpkg alone keeps them where they are
        return Step(do=do, final=f"{manager.name} deletes or renames configuration files with their package")
    return back.step(manager, do, {name: each["old"] for name, each in changes.items()})


def _judged(targets: list[str], absent: list[str], word: str, changes: dict[str, Any]) -> Done:
    if not absent:
        return Done(comment=f"All targeted packages were {word}.", changes=changes)
    said = f"The following packages were not installed: {', '.join(absent)} "
    return Done(comment=f"{said}The following packages were {word}: {', '.join(targets)}.", changes=changes)
