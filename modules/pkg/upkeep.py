"""Lists of packages, and what is held, orphaned or cached: `pkg.refresh_db`, `pkg.hold`, `pkg.autoremove`."""

from __future__ import annotations

from typing import Any

from modules.context import Context
from modules.pkg import names
from modules.pkg.changes import Change, Changes
from modules.pkg.contract import LOCK_TIMEOUT_S
from modules.pkg.provider import package_manager
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function


@function(replay="safe")
def refresh_db(
    ctx: Context, cache_valid_time: int = 0, failhard: bool = False, lock_timeout: float = LOCK_TIMEOUT_S
) -> dict[str, bool | None]:
    """Fetch the lists of packages anew and return by source: true = new, null = was current, false = failed.

    Within `cache_valid_time` seconds of the last time nothing is fetched and the answer is empty. Unlike in
    Salt only an error counts as failed, not an optional file that a source lacks.

    CLI Example:

        shoal '*' pkg.refresh_db
        shoal '*' pkg.refresh_db cache_valid_time=3600
    """
    found = package_manager(ctx).refresh(cache_valid_time, lock_timeout)
    failed = [source for source, fine in found.items() if fine is False]
    if failed and failhard:
        raise ModuleError(f"cannot be fetched: {', '.join(failed[:10])}")
    return found


@function(replay="safe")
def hold(
    ctx: Context, name: str = "", pkgs: list[str] | None = None, lock_timeout: float = LOCK_TIMEOUT_S
) -> dict[str, dict[str, Any]]:
    """Hold installed packages at their version, and return by name what became of it.

    On Alpine the package is pinned in apk's world; dnf needs its versionlock plugin.

    CLI Example:

        shoal '*' pkg.hold nginx
        shoal '*' pkg.hold pkgs='["nginx", "curl"]'
    """
    return _held(ctx, name, pkgs, True, lock_timeout)


@function(replay="safe")
def unhold(
    ctx: Context, name: str = "", pkgs: list[str] | None = None, lock_timeout: float = LOCK_TIMEOUT_S
) -> dict[str, dict[str, Any]]:
    """Let held packages go, and return by name what became of it.

    CLI Example:

        shoal '*' pkg.unhold nginx
    """
    return _held(ctx, name, pkgs, False, lock_timeout)


@function(replay="safe", aliases=("pkg.get_locked", "pkg.get_locked_packages"))
def list_holds(ctx: Context) -> list[str]:
    """List the packages that are held.

    CLI Example:

        shoal '*' pkg.list_holds
    """
    return package_manager(ctx).holds()


@function
def autoremove(
    ctx: Context, list_only: bool = False, purge: bool = False, lock_timeout: float = LOCK_TIMEOUT_S
) -> list[str] | Changes:
    """Remove packages that came as dependencies and are needed no longer; `list_only` lists them.

    CLI Example:

        shoal '*' pkg.autoremove list_only=True
        shoal '*' pkg.autoremove purge=True
    """
    manager = package_manager(ctx)
    if list_only:
        return sorted(manager.orphans())
    return Change(manager, lock_timeout).made(lambda: manager.autoremove(purge=purge, wait_s=lock_timeout))


@function(replay="safe")
def clean(ctx: Context, lock_timeout: float = LOCK_TIMEOUT_S) -> bool:
    """Delete the package files that were downloaded for installation.

    CLI Example:

        shoal '*' pkg.clean
    """
    package_manager(ctx).clean(lock_timeout)
    return True


def _held(
    ctx: Context, name: str, pkgs: list[str] | None, held: bool, wait_s: float
) -> dict[str, dict[str, Any]]:
    manager = package_manager(ctx)
    wanted = [manager.check_name(each) for each in names.counted(pkgs or names.split(name))]
    if not wanted:
        raise ArgumentError("say which packages, by name or pkgs")
    here, before = manager.installed(), set(manager.holds())
    changing = [each for each in wanted if each in here and (each in before) != held]
    if changing:
        manager.hold(changing, held, wait_s)
        ctx.progress(f"{len(changing)} packages changed")
    after = set(manager.holds())
    return {each: _outcome(each, each in here, each in before, each in after, held) for each in wanted}


def _outcome(name: str, here: bool, before: bool, after: bool, held: bool) -> dict[str, Any]:
    words = {True: "hold", False: "install"}
    done = {True: "held", False: "no longer held"}[held]
    answer: dict[str, Any] = {"name": name, "changes": {}, "result": after == held, "comment": ""}
    if not here and held:
        return answer | {"result": False, "comment": f"Package {name} is not installed."}
    if before == after:
        fine = f"Package {name} is already {done}." if held else f"Package {name} is not held."
        return answer | {"comment": fine if after == held else f"Package {name} could not be {done}."}
    return answer | {
        "changes": {"old": words[before], "new": words[after]},
        "comment": f"Package {name} is now {done}.",
    }
