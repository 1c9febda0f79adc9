"""`service.start` and its kin: what a service does now."""

from __future__ import annotations

import time
from typing import Final

from modules.context import Context
from modules.service.contract import Verb
from modules.service.provider import manager, systemd
from shoal.errors import CommandError
from shoal.functions.function import function

MAX_DELAY_S: Final = 3600.0


@function(replay="safe")
def start(
    ctx: Context,
    name: str,
    no_block: bool = False,
    unmask: bool = False,
    unmask_runtime: bool = False,
    init_delay: float = 0.0,
) -> bool:
    """Start a service; one that runs already stays as it is.

    A start that fails, or whose process ends at once, raises with the last lines of the journal. With `no_block` the
    start is only asked for, which OpenRC cannot do: it always waits. Files that have changed are read again first.
    `init_delay` seconds later the service must still run.

    CLI Example:

        shoal '*' service.start nginx
        shoal '*' service.start getty@tty2 no_block=true
    """
    _act("start", name, no_block, unmask, unmask_runtime)
    if init_delay > 0:
        time.sleep(min(init_delay, MAX_DELAY_S))
        if manager().activity([name])[name] == "stopped":
            raise CommandError(f"{name} was started but does not run any more after {init_delay:g} seconds")
    return True


@function(replay="safe")
def stop(ctx: Context, name: str, no_block: bool = False, missing_ok: bool = False) -> bool:
    """Stop a service; one that does not run stays as it is. `missing_ok`: there need not be one.

    CLI Example:

        shoal '*' service.stop nginx
    """
    return (missing_ok and not manager().known(name)) or _act("stop", name, no_block)


@function
def restart(
    ctx: Context, name: str, no_block: bool = False, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    """Stop and start a service, or only start it if it did not run.

    CLI Example:

        shoal '*' service.restart nginx
        shoal '*' service.restart shoal-minion no_block=true
    """
    return _act("restart", name, no_block, unmask, unmask_runtime)


@function
def reload(
    ctx: Context, name: str, no_block: bool = False, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    """Let a service that runs read its configuration again.

    CLI Example:

        shoal '*' service.reload nginx
    """
    return _act("reload", name, no_block, unmask, unmask_runtime)


@function
def force_reload(
    ctx: Context, name: str, no_block: bool = True, unmask: bool = False, unmask_runtime: bool = False
) -> bool:
    """Reload a service if it can do that, or else restart it; as in Salt it is not waited for.

    CLI Example:

        shoal '*' service.force_reload nginx
        shoal '*' service.force_reload nginx no_block=false
    """
    return _act("force-reload", name, no_block, unmask, unmask_runtime)


def _act(verb: Verb, name: str, no_block: bool, unmask: bool = False, unmask_runtime: bool = False) -> bool:
    unmask_first(name, unmask=unmask, runtime=unmask_runtime)
    manager().act(verb, name, wait=not no_block)
    return True


def unmask_first(name: str, *, unmask: bool, runtime: bool, root: str = "") -> None:
    """Take the mask off `name` where that was asked for."""
    if unmask:
        systemd("unmask", root).unmask(name, runtime=False)
    if runtime:
        systemd("unmask_runtime", root).unmask(name, runtime=True)
