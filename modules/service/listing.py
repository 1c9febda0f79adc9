"""`service.status` and the lists: which services there are and how they do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from modules import status as box_status
from modules.context import Context
from modules.service.contract import Activity, ServiceManager
from modules.service.provider import manager
from modules.service.unit_name import is_glob, is_template, unit_name
from shoal.functions.function import function

_PAUSE_S: Final = 0.25
_MAX_WAIT_S: Final = 60.0


@function(replay="safe")
def status(ctx: Context, name: str, sig: str = "", wait: float = 3.0) -> bool | dict[str, bool]:
    """Say whether a service runs; a pattern gives a map with each service that it fits.

    One that is just starting is given `wait` seconds. With `sig` it runs if a command line has that text, for
    services that init knows nothing of.

    CLI Example:

        shoal '*' service.status nginx
        shoal '*' service.status 'ssh*'
    """
    if sig:
        return bool(box_status.pid(ctx, sig))
    hand = manager()
    if not is_glob(name):
        return _activity(hand, [name], wait)[name] == "running"
    fitting = [each for each in hand.names("all") if _fits(each, name)]
    return {each: state == "running" for each, state in _activity(hand, fitting, wait).items()}


@function(replay="safe")
def available(ctx: Context, name: str) -> bool:
    """Say whether there is such a service.

    CLI Example:

        shoal '*' service.available ssh
    """
    return manager().known(name)


@function(replay="safe")
def missing(ctx: Context, name: str) -> bool:
    """Say whether there is no such service.

    CLI Example:

        shoal '*' service.missing ssh
    """
    return not manager().known(name)


@function(replay="safe")
def get_all(ctx: Context, root: str = "") -> list[str]:
    """List all services, with systemd also sockets, timers and the other units that have files.

    CLI Example:

        shoal '*' service.get_all
    """
    return manager(root).names("all")


@function(replay="safe")
def get_enabled(ctx: Context, root: str = "") -> list[str]:
    """List what is set to start at boot.

    CLI Example:

        shoal '*' service.get_enabled
    """
    return manager(root).names("enabled")


@function(replay="safe")
def get_disabled(ctx: Context, root: str = "") -> list[str]:
    """List what could start at boot but is not set to.

    CLI Example:

        shoal '*' service.get_disabled
    """
    return manager(root).names("disabled")


@function(replay="safe")
def get_static(ctx: Context, root: str = "") -> list[str]:
    """List the units that cannot be enabled: others start them. Nothing of the kind is on a box with OpenRC.

    CLI Example:

        shoal '*' service.get_static
    """
    return manager(root).names("static")


@function(replay="safe")
def get_running(ctx: Context) -> list[str]:
    """List what runs now.

    CLI Example:

        shoal '*' service.get_running
    """
    return manager().names("running")


def _fits(name: str, pattern: str) -> bool:
    full = unit_name(name)
    return not is_template(full) and (fnmatchcase(name, pattern) or fnmatchcase(full, pattern))


def _activity(hand: ServiceManager, names: Sequence[str], wait_s: float) -> dict[str, Activity]:
    """Return how `names` do, when none of them is starting any more or the time is up."""
    until = time.monotonic() + min(wait_s, _MAX_WAIT_S)
    found = hand.activity(names)
    while "starting" in found.values() and time.monotonic() < until:
        time.sleep(_PAUSE_S)
        found = hand.activity(names)
    return found
