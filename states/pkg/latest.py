"""`pkg.latest` and `pkg.uptodate`: packages in the newest version that the repositories have."""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from modules.pkg import change, foresight
from modules.pkg.contract import PackageManager, Wanted
from modules.pkg.provider import package_manager
from states.declare import state
from states.pkg import back
from states.pkg.wanted import PackageOptions, Packages, versions_of
from states.plan import Done, Plan, Step, call, failed, unchanged

_DEFAULTS: Final = PackageOptions()
_UNKNOWN: Final = "the lists are fetched first: what they will bring is not known yet"


@state
def latest(
    ctx: Context, name: str, pkgs: Packages | None = None, options: PackageOptions = _DEFAULTS
) -> Plan:
    """Let packages be installed in the newest version on offer.

    A test run changes nothing, so it knows what the lists knew when they were fetched last, and says how old they are
    if they are older than `cache_valid_time`; a real run fetches them first, unless `refresh` is false.

    Example:

        security tools:
          pkg.latest:
            - pkgs:
              - openssl
              - ca-certificates
    """
    manager = package_manager(ctx)
    names = list(versions_of(manager, name, pkgs))
    best, here = manager.candidates(names, options.fromrepo), manager.installed()
    unknown = [each for each in names if not best.get(each) and each not in here]
    if unknown:
        return failed("\n".join(f"No information found for '{each}'." for each in unknown))
    newer = [each for each in names if _is_newer(manager, best.get(each, ""), here.get(each, []))]
    fine = [each for each in names if each not in newer]
    stale = _stale(manager, options)
    if not newer and not stale:
        return unchanged(_current(names))
    arguments = options.given()
    asked = names if stale else newer
    old = {each: ",".join(here.get(each, ())) for each in asked}
    changes: dict[str, Any] = {}
    if newer:
        wanted = [Wanted(name=each) for each in newer]
        changes = dict(foresight.installation(manager, wanted, here, options.install_options()).changes)
        old |= {each: ",".join(here.get(each, ())) for each in changes}
    do = call(change.install, pkgs=asked, **arguments)
    return Plan(
        steps=(back.step(manager, do, old),),
        changes=changes,
        would=_would(newer, {each: ",".join(here.get(each, ())) for each in fine}, names) + stale,
        expected=None if newer else True,
        judge=lambda answers: _judged(names, answers[0]),
    )


@state
def uptodate(
    ctx: Context,
    name: str,
    pkgs: Packages | None = None,
    dist_upgrade: bool = False,
    options: PackageOptions = _DEFAULTS,
) -> Plan:
    """Let all packages, or those of `pkgs`, be in the newest version on offer.

    Without `dist_upgrade` no package is removed for it. What a test run knows is said at `pkg.latest`.

    Example:

        everything:
          pkg.uptodate:
            - refresh: true
    """
    manager = package_manager(ctx)
    planned = manager.planned_upgrade(dist_upgrade=dist_upgrade)
    names = list(versions_of(manager, name, pkgs)) if pkgs else []
    steps = [each for each in planned if not names or each.name in names]
    stale = _stale(manager, options)
    if not steps and not stale:
        return unchanged("System is already up-to-date")
    given = options.given()
    if names:
        do = call(change.install, pkgs=[each.name for each in steps] or names, only_upgrade=True, **given)
    else:
        more = {key: given[key] for key in ("cache_valid_time",) if key in given}
        do = call(change.upgrade, refresh=given.get("refresh", False), dist_upgrade=dist_upgrade, **more)
    changes = {each.name: {"old": each.old, "new": each.new} for each in steps}
    would = "System update will be performed" if steps else "System is already up-to-date"
    known = back.step(manager, do, {each.name: each.old for each in steps})
    return Plan(
        steps=(Step(do=do, final=_UNKNOWN) if stale and not names else known,),
        changes=changes,
        would=would + stale,
        expected=None if steps else True,
        judge=_judged_upgrade,
    )


def _is_newer(manager: PackageManager, candidate: str, here: list[str]) -> bool:
    return bool(candidate) and (not here or manager.compare(candidate, here[-1]) > 0)


def _stale(manager: PackageManager, options: PackageOptions) -> str:
    """Return what is to be said of lists that are too old, "" if they are not."""
    age = None if options.refresh is False else manager.lists_age()
    if age is None or age <= options.valid_s:
        return ""
    return f"\nThe lists of packages are {int(age)} seconds old and will be fetched first"


def _current(names: list[str]) -> str:
    if len(names) == 1:
        return f"Package {names[0]} is already up-to-date"
    return f"All packages are up-to-date ({', '.join(sorted(names))})."


def _would(newer: list[str], fine: dict[str, str], names: list[str]) -> str:
    if not newer:
        return _current(names)
    said = f"The following packages would be installed/upgraded: {', '.join(newer)}"
    if fine:
        shown = ", ".join(f"{name} ({version})" for name, version in fine.items())
        said += f"\nThe following packages are already up-to-date: {shown}"
    return said


def _judged(names: list[str], changes: dict[str, Any]) -> Done:
    changed = [each for each in names if each in changes]
    if not changed:
        return Done(comment=_current(names), changes=changes)
    said = f"The following packages were successfully installed/upgraded: {', '.join(changed)}"
    if fine := [each for each in names if each not in changes]:
        said += f" The following packages were already up-to-date: {', '.join(fine)}"
    return Done(comment=said, changes=changes)


def _judged_upgrade(answers: tuple[Any, ...]) -> Done:
    if not answers[0]:
        return Done(comment="System is already up-to-date")
    return Done(comment="Upgrade ran successfully", changes=answers[0])
