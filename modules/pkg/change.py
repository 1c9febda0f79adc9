"""Installs, removes and upgrades: `pkg.install`, `pkg.remove`, `pkg.purge`, `pkg.upgrade`.

Each returns `{name: {"old": …, "new": …}}`, from what is there before and after. If a run that was
interrupted earlier had to be finished first, the answer has an entry `(interrupted run)` too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from modules.context import Context
from modules.pkg import names
from modules.pkg.changes import Change, Changes, joined
from modules.pkg.contract import LOCK_TIMEOUT_S, InstallOptions, PackageManager, UpgradeOptions, Wanted
from modules.pkg.provider import package_manager
from modules.pkg.upkeep import hold, refresh_db
from modules.pkg.versions import chosen, is_wish
from shoal.errors import ArgumentError
from shoal.functions.function import function

# The second form keeps a version such as 1.20 the text that it is.
Packages = list[str] | list[str | dict[str, str]]
_DEFAULTS: Final = InstallOptions()
_UPGRADE_DEFAULTS: Final = UpgradeOptions()
_SUFFIXES: Final = {"apt": ".deb", "dnf": ".rpm", "apk": ".apk"}


@function
def install(
    ctx: Context,
    name: str = "",
    pkgs: Packages | None = None,
    sources: Packages | None = None,
    options: InstallOptions = _DEFAULTS,
) -> Changes:
    """Install packages by name, by name and version, or from files on the box; return what changed.

    `pkgs` is a list of names or of `{name: version}`; `sources` a list of paths or of `{name: path}`. A version
    is exact, a pattern (`1.2*`) or conditions (`>=1.2,<2`). A package that is there is upgraded, as in Salt.
    Unlike in Salt an older version needs `allow_downgrades=True`.

    CLI Example:

        shoal '*' pkg.install nginx
        shoal '*' pkg.install nginx version='1.22*' refresh=True cache_valid_time=3600
        shoal '*' pkg.install pkgs='["curl", {"nginx": ">=1.22"}]' install_recommends=False
        shoal '*' pkg.install sources='[{"tool": "/srv/tool_1.0_all.deb"}]'
    """
    manager = package_manager(ctx)
    names.repository(options.fromrepo)
    asked = asked_versions(manager, name, pkgs, options.version)
    files = asked_files(manager, sources or [])
    if not asked and not files:
        raise ArgumentError("say what to install, by name, pkgs or sources")
    if options.refresh:
        refresh_db(ctx, cache_valid_time=options.cache_valid_time, lock_timeout=options.lock_timeout)
    change = Change(manager, options.lock_timeout)
    wanted = [*resolved(manager, asked, change.before, options), *files]
    changes = change.made(lambda: manager.install(wanted, options))
    if options.reinstall:
        for each in wanted:
            version = joined(change.before.get(each.name, ()))
            if version:
                changes.setdefault(each.name, {"old": version, "new": version})
    if options.hold and not options.downloadonly:
        hold(ctx, pkgs=[each.name for each in wanted if each.name], lock_timeout=options.lock_timeout)
    return changes


@function(replay="safe")
def remove(
    ctx: Context, name: str = "", pkgs: list[str] | None = None, lock_timeout: float = LOCK_TIMEOUT_S
) -> Changes:
    """Remove packages, and what depends on them; configuration files stay where the package manager keeps them.

    A package that is not installed is left out.

    CLI Example:

        shoal '*' pkg.remove nginx
        shoal '*' pkg.remove pkgs='["nginx", "curl"]'
    """
    return _removed(ctx, name, pkgs, False, lock_timeout)


@function(replay="safe")
def purge(
    ctx: Context, name: str = "", pkgs: list[str] | None = None, lock_timeout: float = LOCK_TIMEOUT_S
) -> Changes:
    """Remove packages with their configuration files, also of those that were removed earlier.

    The answer has the same form on every box, not Salt's two maps `installed` and `removed` on Debian.

    CLI Example:

        shoal '*' pkg.purge nginx
    """
    return _removed(ctx, name, pkgs, True, lock_timeout)


@function
def upgrade(
    ctx: Context,
    refresh: bool = True,
    dryrun: bool = False,
    cache_valid_time: int = 0,
    options: UpgradeOptions = _UPGRADE_DEFAULTS,
) -> Changes:
    """Upgrade all packages and return what changed; `dryrun` returns what would.

    Without `dist_upgrade` no installed package is removed for it.

    CLI Example:

        shoal '*' pkg.upgrade
        shoal '*' pkg.upgrade dist_upgrade=True dryrun=True
    """
    manager = package_manager(ctx)
    names.repository(options.fromrepo)
    if refresh:
        refresh_db(ctx, cache_valid_time=cache_valid_time, lock_timeout=options.lock_timeout)
    if dryrun:
        planned = manager.planned_upgrade(dist_upgrade=options.dist_upgrade)
        return {step.name: {"old": step.old, "new": step.new} for step in planned}
    return Change(manager, options.lock_timeout).made(lambda: manager.upgrade(options))


def asked_versions(manager: PackageManager, name: str, pkgs: Packages | None, version: str) -> dict[str, str]:
    """Return the wished version by name, "" = whatever is newest. Raises ArgumentError."""
    if pkgs and version:
        raise ArgumentError("version belongs to name; with pkgs write [{name: version}]")
    found: dict[str, str] = {}
    for each in pkgs or [{one: version} for one in names.split(name)]:
        for key, value in (each if isinstance(each, Mapping) else {each: ""}).items():
            found[manager.check_name(key)] = "" if value == "latest" else value.strip()
    names.counted(found)
    return found


def asked_files(manager: PackageManager, sources: Packages) -> list[Wanted]:
    found = []
    for each in sources:
        pairs = each.items() if isinstance(each, Mapping) else [("", each)]
        for key, path in pairs:
            checked = names.package_file(path, _SUFFIXES[manager.name])
            found.append(Wanted(name=manager.check_name(key) if key else Path(path).stem, path=checked))
    return found


def resolved(
    manager: PackageManager,
    asked: Mapping[str, str],
    before: Mapping[str, list[str]],
    options: InstallOptions,
) -> list[Wanted]:
    wishes = [name for name, wish in asked.items() if is_wish(wish)]
    offers = manager.on_offer(wishes, options.fromrepo) if wishes else {}
    found = []
    for name, wish in asked.items():
        version = wish
        if name in wishes:
            version = chosen(wish, offers.get(name, ()), manager.compare)
            if not version:
                has = ", ".join(offers.get(name, [])[:5]) or "none"
                raise ArgumentError(f"{name}: no version on offer fits {wish!r}; there is {has}")
        wanted = Wanted(name=name, version=names.version(version) if version else "")
        found.append(_not_older(manager, wanted, before.get(name, []), options))
    return found


def _not_older(manager: PackageManager, wanted: Wanted, here: list[str], options: InstallOptions) -> Wanted:
    if not wanted.version or not here or manager.compare(wanted.version, here[-1]) >= 0:
        return wanted
    if not options.allow_downgrades:
        raise ArgumentError(
            f"{wanted.name} {here[-1]} is installed and {wanted.version} is older; say allow_downgrades=True"
        )
    return replace(wanted, older=True)


@function
def restore(
    ctx: Context,
    packages: dict[str, str],
    keep_config: list[str] | None = None,
    lock_timeout: float = LOCK_TIMEOUT_S,
) -> Changes:
    """Bring packages back to the versions they had, "" for one that was not there; it goes with its configuration.

    Those in `keep_config` go without it. A version that the repositories no longer have is an error. Holds do not
    stand in the way.

    CLI Example:

        shoal '*' pkg.restore '{nginx: 1.22.1-9, nginx-extras: ""}'
    """
    manager = package_manager(ctx)
    change = Change(manager, lock_timeout)
    by_name = {manager.check_name(name): version for name, version in packages.items()}
    options = InstallOptions(allow_downgrades=True, update_holds=True, lock_timeout=lock_timeout)
    wanted = [
        _not_older(
            manager, Wanted(name=name, version=names.version(version)), change.before.get(name, []), options
        )
        for name, version in by_name.items()
        if version and change.before.get(name) != [version]
    ]
    gone = [name for name, version in by_name.items() if not version and name in change.before]
    kept = [name for name in gone if name in (keep_config or [])]

    def back() -> None:
        if wanted:
            manager.install(wanted, options)
        for some, purge in ((kept, False), ([name for name in gone if name not in kept], True)):
            if some:
                manager.remove(some, purge=purge, wait_s=lock_timeout)

    return change.made(back)


def _removed(ctx: Context, name: str, pkgs: list[str] | None, everything: bool, wait_s: float) -> Changes:
    manager = package_manager(ctx)
    asked = names.counted(manager.check_name(each) for each in pkgs or names.split(name))
    if not asked:
        raise ArgumentError("say what to remove, by name or pkgs")
    change = Change(manager, wait_s, leftovers=everything)
    here = [each for each in asked if each in change.before]
    if not here:
        return {}
    return change.made(lambda: manager.remove(here, purge=everything, wait_s=wait_s))
