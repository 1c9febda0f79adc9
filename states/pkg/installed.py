"""`pkg.installed`: packages that are there, in one call of the package manager."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.cp import files as served
from modules.pkg import change, foresight
from modules.pkg.contract import PackageManager, Versions, Wanted
from modules.pkg.foresight import Foreseen
from modules.pkg.provider import package_manager
from shoal.errors import ArgumentError
from states.declare import state
from states.pkg import back
from states.pkg.holding import Holding
from states.pkg.wanted import LATEST, InstalledOptions, Packages, suits, versions_of
from states.plan import Done, Plan, call, failed, unchanged

_DEFAULTS: Final = InstalledOptions()
_ALL: Final = "All specified packages are already installed"


@state
def installed(
    ctx: Context,
    name: str,
    version: str | int | float | None = None,
    pkgs: Packages | None = None,
    sources: list[dict[str, str]] | None = None,
    options: InstalledOptions = _DEFAULTS,
) -> Plan:
    """Let packages be installed, of any version or of the one that is asked for.

    A version is exact, a pattern (`1.2*`), conditions (`>=1.2,<2`), or `latest`. `sources` are package files, on the
    master (`salt://…`) or the box. Write a version in quotes: 1.10 is the number 1.1 to YAML.

    Example:

        web packages:
          pkg.installed:
            - pkgs:
              - nginx: '1.22*'
              - curl
            - hold: true
    """
    if pkgs and sources:
        return failed('Only one of "pkgs" and "sources" is permitted.')
    if pkgs == [] or sources == []:
        return unchanged("No packages to install provided")
    manager = package_manager(ctx)
    if sources:
        return _Install(manager, {}, _files(ctx, manager, sources), options).plan()
    wishes = versions_of(manager, name, pkgs, version)
    latest = [each for each, wish in wishes.items() if wish == LATEST]
    best = manager.candidates(latest, options.fromrepo) if latest else {}
    wishes |= {each: best.get(each, "") for each in latest}
    here = manager.installed()
    fine = {
        each: suits(
            manager,
            wish,
            here.get(each, []),
            allow_updates=options.allow_updates,
            ignore_epoch=options.ignore_epoch,
        )
        for each, wish in wishes.items()
    }
    return _Install(manager, wishes, {}, options, fine).plan()


class _Install:
    """One installation. `fine`: which packages are as wished already."""

    def __init__(
        self,
        manager: PackageManager,
        wishes: dict[str, str],
        files: dict[str, str],
        options: InstalledOptions,
        fine: Mapping[str, bool] | None = None,
    ) -> None:
        self._manager, self._options = manager, options
        self._wishes, self._files = wishes, files
        self._here: Versions = manager.installed()
        self._fine = fine if fine is not None else {each: each in self._here for each in files}
        self._holding = Holding.of(manager, list(self._fine), options.hold)

    def plan(self) -> Plan:
        """Return the plan."""
        reinstall = self._options.reinstall
        targets = [each for each, fine in self._fine.items() if reinstall or not fine]
        if not targets:
            return self._nothing_to_install()
        again = [each for each in targets if reinstall and each in self._here]
        foreseen = self._foreseen([each for each in targets if each not in again])
        changes: dict[str, Any] = dict(foreseen.changes)
        changes |= {each: dict.fromkeys(("old", "new"), _first(self._here, each)) for each in again}
        do = call(change.install, **self._arguments(targets), **({"reinstall": True} if reinstall else {}))
        old = {each: _first(self._here, each) for each in changes}
        steps = (back.step(self._manager, do, old), *self._holding.steps())
        verb = "reinstalled" if again and len(again) == len(targets) else "installed/updated"
        would = f"The following packages would be {verb}: {', '.join(targets)}"
        return Plan(
            steps=steps,
            changes={**self._holding.changes, **changes},
            would=would + self._holding.would,
            judge=lambda answers: self._judge(targets, again, answers),
            warnings=(foreseen.why_not,) if foreseen.why_not else (),
            verify=not reinstall,
        )

    def _nothing_to_install(self) -> Plan:
        said = f"{_ALL} and are at the desired version" if any(self._wishes.values()) else _ALL
        if not self._holding.changes:
            return unchanged(said + self._holding.would, would=said + self._holding.would)
        return Plan(
            steps=self._holding.steps(),
            changes=self._holding.changes,
            would=said + self._holding.would,
            did=said + self._holding.did,
        )

    def _foreseen(self, new: list[str]) -> Foreseen:
        """Return what will change as far as that can be told: a version or a file may come later in the run."""
        options = self._options.install_options()
        wanted = [Wanted(name=each, path=self._files[each]) for each in new if each in self._files]
        wishes = {each: self._wishes[each] for each in new if each in self._wishes}
        try:
            wanted += change.resolved(self._manager, wishes, self._here, options)
        except ArgumentError as error:
            plain = {each: {"old": _first(self._here, each), "new": wish} for each, wish in wishes.items()}
            return Foreseen(changes=plain, why_not=str(error))
        return (
            foresight.installation(self._manager, wanted, self._here, options)
            if wanted
            else Foreseen(changes={})
        )

    def _arguments(self, targets: list[str]) -> dict[str, Any]:
        given = self._options.given()
        if self._files:
            return {"sources": [{each: self._files[each]} for each in targets], **given}
        return {"pkgs": [{each: wish} if (wish := self._wishes[each]) else each for each in targets], **given}

    def _judge(self, targets: list[str], again: list[str], answers: tuple[Any, ...]) -> Done:
        changes = {**self._holding.changes, **answers[0]}
        already = [each for each, fine in self._fine.items() if each not in targets and fine]
        said = []
        if again:
            one = len(again) == 1
            said.append(f"{_packages(again)} {'was' if one else 'were'} reinstalled.")
        if new := [each for each in targets if each not in again]:
            shown = [f"{each}={wish}" if (wish := self._wishes.get(each, "")) else each for each in new]
            said.append(f"The following packages were installed/updated: {', '.join(shown)}")
        if already:
            said.append(f"The following packages were already installed: {', '.join(already)}")
        return Done(comment="\n".join(said) + self._holding.did, changes=changes)


def _files(ctx: Context, manager: PackageManager, sources: list[dict[str, str]]) -> dict[str, str]:
    """Return paths on the box by name. Raises ArgumentError, ModuleError."""
    found: dict[str, str] = {}
    for each in sources:
        for key, source in each.items():
            path = served.cache_file(ctx, source) if "://" in source else source
            if not path or not Path(path).is_absolute():
                raise ArgumentError(f"sources: there is no package file {source}")
            found[manager.check_name(key)] = path
    return found


def _first(here: Versions, name: str) -> str:
    return ",".join(here.get(name, ()))


def _packages(names: list[str]) -> str:
    return f"Package {names[0]}" if len(names) == 1 else f"Packages {', '.join(names)}"
