"""Brings what the master has for this box: `_modules`, `_grains` and the like by its signed manifest, and pillar.

The daemon fetches and checks; these functions wait for it and return, as in Salt, what has changed: `modules.hello`
for a file that is new or another, and `modules.hello (removed)`, which Salt does not tell. The other functions that
Salt has in `saltutil` are names of those in `minion` and `sys`.
"""

from __future__ import annotations

from modules.context import Context
from shoal.errors import ArgumentError, WireError
from shoal.files.names import BASE, check_env
from shoal.functions.function import function
from shoal.synced import KINDS


@function(replay="safe", aliases=("minion.sync_all",))
def sync_all(ctx: Context, saltenv: str = BASE) -> dict[str, list[str]]:
    """Bring the synced files of all kinds up to date, those of one environment.

    CLI Example:

        shoal '*' saltutil.sync_all
        shoal '*' saltutil.sync_all saltenv=dev
    """
    return _sync(ctx, KINDS, saltenv)


@function(replay="safe", aliases=("minion.sync_modules",))
def sync_modules(ctx: Context, saltenv: str = BASE) -> list[str]:
    """Bring the execution modules (`_modules`) up to date.

    CLI Example:

        shoal '*' saltutil.sync_modules
    """
    return _sync(ctx, ("modules",), saltenv)["modules"]


@function(replay="safe", aliases=("minion.sync_grains",))
def sync_grains(ctx: Context, saltenv: str = BASE) -> list[str]:
    """Bring the custom grains (`_grains`) up to date and find the grains out anew.

    CLI Example:

        shoal '*' saltutil.sync_grains
    """
    return _sync(ctx, ("grains",), saltenv)["grains"]


@function(replay="safe", aliases=("minion.sync_states",))
def sync_states(ctx: Context, saltenv: str = BASE) -> list[str]:
    """Bring the state modules (`_states`) up to date.

    CLI Example:

        shoal '*' saltutil.sync_states
    """
    return _sync(ctx, ("states",), saltenv)["states"]


@function(replay="safe", aliases=("minion.sync_returners",))
def sync_returners(ctx: Context, saltenv: str = BASE) -> list[str]:
    """Bring the returners (`_returners`) up to date.

    CLI Example:

        shoal '*' saltutil.sync_returners
    """
    return _sync(ctx, ("returners",), saltenv)["returners"]


@function(replay="safe", aliases=("minion.sync_beacons",))
def sync_beacons(ctx: Context, saltenv: str = BASE) -> list[str]:
    """Bring the beacons (`_beacons`) up to date.

    CLI Example:

        shoal '*' saltutil.sync_beacons
    """
    return _sync(ctx, ("beacons",), saltenv)["beacons"]


@function(replay="safe", aliases=("minion.sync_utils",))
def sync_utils(ctx: Context, saltenv: str = BASE) -> list[str]:
    """Bring the files of `_utils` up to date.

    CLI Example:

        shoal '*' saltutil.sync_utils
    """
    return _sync(ctx, ("utils",), saltenv)["utils"]


@function(replay="safe", aliases=("minion.refresh_pillar", "saltutil.pillar_refresh"))
def refresh_pillar(ctx: Context) -> bool:
    """Fetch the box's pillar from the master; returns when later jobs see it, and fails when there is none.

    The pillar before it stays then. Salt's `wait` and `timeout` are not needed: the job's own time limit counts.

    CLI Example:

        shoal '*' saltutil.refresh_pillar
    """
    ctx.daemon.refresh_pillar()
    return True


def _sync(ctx: Context, kinds: tuple[str, ...], saltenv: str) -> dict[str, list[str]]:
    try:
        return ctx.daemon.sync(kinds, check_env(saltenv))
    except WireError as error:
        raise ArgumentError(str(error)) from None
