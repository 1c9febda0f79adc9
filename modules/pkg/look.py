"""What is installed and what could be: `pkg.version`, `pkg.list_pkgs`, `pkg.latest_version` and their like."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from modules.context import Context
from modules.pkg import names as checks  # `names` is a parameter of Salt's
from modules.pkg.changes import joined
from modules.pkg.contract import PackageReader
from modules.pkg.provider import package_manager
from modules.pkg.upkeep import refresh_db
from modules.pkg.versions import without_epoch
from shoal.errors import ArgumentError
from shoal.functions.function import function

_MAX_MATCHES: Final = 500


@function(replay="safe")
def list_pkgs(
    ctx: Context, versions_as_list: bool = False, removed: bool = False, purge_desired: bool = False
) -> dict[str, Any]:
    """Return the installed packages with their versions.

    `removed` returns instead what was removed but has configuration files left, `purge_desired` what is marked
    to be purged. Several versions of one package are joined by commas unless `versions_as_list`.

    CLI Example:

        shoal '*' pkg.list_pkgs
        shoal '*' pkg.list_pkgs versions_as_list=True
    """
    manager = package_manager(ctx)
    if removed or purge_desired:
        single = (manager.leftovers() if removed else {}) | (manager.purge_desired() if purge_desired else {})
        found = {name: [version] for name, version in single.items()}
    else:
        found = manager.installed()
    ordered = dict(sorted(found.items()))
    return ordered if versions_as_list else {name: joined(each) for name, each in ordered.items()}


@function(replay="safe")
def version(ctx: Context, /, *names: str) -> str | dict[str, str]:
    """Return the installed version of a package, "" if it is not installed; by name when several are asked for.

    A shell pattern stands for every installed package that matches, and the answer is by name.

    CLI Example:

        shoal '*' pkg.version bash
        shoal '*' pkg.version bash 'libc*'
    """
    manager = package_manager(ctx)
    here = manager.installed()
    found: dict[str, str] = {}
    globs = _names_or_globs(manager, names)
    for asked, pattern in globs.items():
        hits = [name for name in here if fnmatchcase(name, asked)] if pattern else [manager.check_name(asked)]
        for name in sorted(hits):
            found[name if pattern else asked] = joined(here.get(name, ()))
    return _one_or_all(found, single=len(names) == 1 and not any(globs.values()))


@function(replay="safe", aliases=("pkg.available_version",))
def latest_version(
    ctx: Context,
    /,
    *names: str,
    refresh: bool = True,
    show_installed: bool = False,
    fromrepo: str = "",
    cache_valid_time: int = 0,
) -> str | dict[str, str]:
    """Return the version that an upgrade or installation would bring, "" if there is nothing newer than what is here.

    `show_installed` returns the version of a package that is up to date, too.

    CLI Example:

        shoal '*' pkg.latest_version bash
        shoal '*' pkg.latest_version bash curl refresh=False
    """
    manager = package_manager(ctx)
    by_name = _checked(manager, names, fromrepo)
    if refresh:
        refresh_db(ctx, cache_valid_time=cache_valid_time)
    here, best = manager.installed(), manager.candidates(list(by_name.values()), fromrepo)
    found: dict[str, str] = {}
    for asked, name in by_name.items():
        newest, current = best.get(name, ""), here.get(name, [])
        news = newest if newest and (not current or manager.compare(newest, current[-1]) > 0) else ""
        found[asked] = news or (current[-1] if show_installed and current else "")
    return _one_or_all(found, single=len(names) == 1)


@function(replay="safe")
def upgrade_available(ctx: Context, name: str, refresh: bool = True, fromrepo: str = "") -> bool:
    """Say whether a newer version of an installed package is on offer.

    A package that is not installed has no upgrade.

    CLI Example:

        shoal '*' pkg.upgrade_available bash refresh=False
    """
    return bool(version(ctx, name)) and bool(latest_version(ctx, name, refresh=refresh, fromrepo=fromrepo))


@function(replay="safe")
def list_upgrades(
    ctx: Context, refresh: bool = True, dist_upgrade: bool = True, cache_valid_time: int = 0
) -> dict[str, str]:
    """Return the new version of each installed package that an upgrade would change.

    Packages that would be newly installed for it are not upgrades; `pkg.upgrade dryrun=True` shows them.

    CLI Example:

        shoal '*' pkg.list_upgrades
        shoal '*' pkg.list_upgrades refresh=False dist_upgrade=False
    """
    if refresh:
        refresh_db(ctx, cache_valid_time=cache_valid_time)
    planned = package_manager(ctx).planned_upgrade(dist_upgrade=dist_upgrade)
    return {step.name: step.new for step in planned if step.old and step.new}


@function(replay="safe")
def list_repo_pkgs(
    ctx: Context, /, *names: str, refresh: bool = False, fromrepo: str = ""
) -> dict[str, list[str]]:
    """Return all versions of packages that the repositories have, the newest first.

    At least one name or shell pattern is needed: a list of everything would not fit into one return.

    CLI Example:

        shoal '*' pkg.list_repo_pkgs bash
        shoal '*' pkg.list_repo_pkgs 'nginx-*'
    """
    manager = package_manager(ctx)
    repository = checks.repository(fromrepo)
    if not names:
        raise ArgumentError("pkg.list_repo_pkgs needs at least one name or pattern, e.g. 'nginx*'")
    if refresh:
        refresh_db(ctx)
    wanted: list[str] = []
    for asked, pattern in _names_or_globs(manager, names).items():
        wanted += manager.matching(asked) if pattern else [manager.check_name(asked)]
    wanted = list(dict.fromkeys(wanted))
    if len(wanted) > _MAX_MATCHES:
        raise ArgumentError(f"{len(wanted)} packages match; at most {_MAX_MATCHES} can be listed in one call")
    return {name: each for name, each in manager.on_offer(wanted, repository).items() if each}


@function(replay="safe")
def info_installed(
    ctx: Context, /, *names: str, attr: list[str] | None = None, failhard: bool = False
) -> dict[str, dict[str, Any]]:
    """Return what is known of installed packages: version, size, source, when installed, and so on.

    `attr` picks some of the fields. A name that is not installed is left out, or refused with `failhard`.

    CLI Example:

        shoal '*' pkg.info_installed bash
        shoal '*' pkg.info_installed bash attr=version,install_date
    """
    manager = package_manager(ctx)
    by_name = _checked(manager, names)
    found = manager.details(list(by_name.values()))
    missing = [asked for asked, name in by_name.items() if name not in found]
    if missing and failhard:
        raise ArgumentError(f"not installed: {', '.join(missing)}")
    chosen = {asked: found[name] for asked, name in by_name.items() if name in found} if names else found
    return {name: _picked(each, attr) for name, each in chosen.items()}


@function(replay="safe")
def show(
    ctx: Context, /, *names: str, filter_: list[str] | None = None, refresh: bool = False
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the repositories' records of packages, by name and version.

    `filter` picks some of the fields.

    CLI Example:

        shoal '*' pkg.show bash
        shoal '*' pkg.show bash filter=Description,Depends
    """
    manager = package_manager(ctx)
    if not names:
        raise ArgumentError("pkg.show needs at least one name")
    by_name = _checked(manager, names)
    if refresh:
        refresh_db(ctx)
    found = manager.catalogue(list(by_name.values()))
    return {
        name: {version: _picked(record, filter_) for version, record in versions.items()}
        for name, versions in found.items()
    }


@function(replay="safe")
def version_cmp(ctx: Context, pkg1: str, pkg2: str, ignore_epoch: bool = False) -> int:
    """Compare two versions as the package manager does: -1 the first is older, 0 the same, 1 newer.

    CLI Example:

        shoal '*' pkg.version_cmp '0.2.4-0ubuntu1' '0.2.4.1-0ubuntu1'
    """
    left, right = checks.version(pkg1), checks.version(pkg2)
    if ignore_epoch:
        left, right = without_epoch(left), without_epoch(right)
    return package_manager(ctx).compare(left, right)


@function(replay="safe")
def normalize_name(ctx: Context, name: str) -> str:
    """Return a package's name without the architecture if that is the box's own.

    CLI Example:

        shoal '*' pkg.normalize_name bash
    """
    return package_manager(ctx).check_name(name)


def _names_or_globs(manager: PackageReader, asked: tuple[str, ...]) -> dict[str, bool]:
    """Return for each of the names whether it is a pattern. Raises ArgumentError."""
    found = {name: checks.is_glob(name) for name in checks.counted(asked)}
    for name, pattern in found.items():
        if not pattern:
            manager.check_name(name)
    return found


def _checked(manager: PackageReader, asked: tuple[str, ...], fromrepo: str = "") -> dict[str, str]:
    """Return the normal form of each name, by the name as asked for. Raises ArgumentError."""
    checks.repository(fromrepo)
    return {name: manager.check_name(name) for name in checks.counted(asked)}


def _one_or_all(found: Mapping[str, str], *, single: bool) -> str | dict[str, str]:
    return next(iter(found.values()), "") if single else dict(found)


def _picked(record: Mapping[str, Any], fields: list[str] | None) -> dict[str, Any]:
    return {key: value for key, value in record.items() if not fields or key in fields}
