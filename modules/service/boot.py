"""`service.enable` and its kin: what a service does when the box boots."""

from __future__ import annotations

from modules.context import Context
from modules.service.control import unmask_first
from modules.service.provider import manager
from shoal.functions.function import function


@function(replay="safe")
def enable(
    ctx: Context,
    name: str,
    no_block: bool = False,
    unmask: bool = False,
    unmask_runtime: bool = False,
    root: str = "",
) -> bool:
    """Let a service start at boot; it is not started now.

    A unit without an `[Install]` section is refused: systemctl calls that a success and changes nothing. OpenRC's
    services go into the runlevel `default`.

    CLI Example:

        shoal '*' service.enable nginx
        shoal '*' service.enable nginx unmask=true root=/mnt/image
    """
    unmask_first(name, unmask=unmask, runtime=unmask_runtime, root=root)
    manager(root).set_enabled(name, True, wait=not no_block)
    return True


@function(replay="safe")
def disable(
    ctx: Context, name: str, no_block: bool = False, root: str = "", missing_ok: bool = False
) -> bool:
    """Let a service no longer start at boot; it is not stopped now. `missing_ok`: there need not be one.

    CLI Example:

        shoal '*' service.disable nginx
    """
    hand = manager(root)
    if not missing_ok or hand.known(name):
        hand.set_enabled(name, False, wait=not no_block)
    return True


@function(replay="safe")
def enabled(ctx: Context, name: str, root: str = "") -> bool:
    """Say whether a service is set to start at boot.

    A static unit counts as not enabled, unlike in Salt: only others start it. An alias counts as its unit does.

    CLI Example:

        shoal '*' service.enabled nginx
    """
    return manager(root).enabled(name)


@function(replay="safe")
def disabled(ctx: Context, name: str, root: str = "") -> bool:
    """Say whether a service is not set to start at boot; that holds for one that does not exist, too.

    CLI Example:

        shoal '*' service.disabled nginx
    """
    return not manager(root).enabled(name)
