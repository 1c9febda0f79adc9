"""`system.reboot` and its kin. Nothing goes down at once: the job's answer gets home first."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any, Final

from modules import shell
from modules import status as box_status
from modules.context import Context
from modules.system.contract import Action, Pending
from modules.system.delay import delay_s
from modules.system.provider import power_control
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_MAX_WALL: Final = 2000
_TIMEOUT_S: Final = 30.0


@function
def reboot(ctx: Context, at_time: int | str = "", in_seconds: bool = False) -> dict[str, Any]:
    """Restart the box, ten seconds from now unless `at_time` says when.

    `at_time` is minutes as in Salt, seconds with `in_seconds`, a span (`30s`, `2h`) or a time of day (`23:30`). Five
    seconds is the least, so that the answer gets home. Where there is no systemd, `shutdown` rounds up to minutes.

    CLI Example:

        shoal '*' system.reboot
        shoal '*' system.reboot 5
        shoal '*' system.reboot at_time=23:30
    """
    return _go("reboot", at_time, in_seconds)


@function(aliases=("system.shutdown",))
def poweroff(ctx: Context, at_time: int | str = "", in_seconds: bool = False) -> dict[str, Any]:
    """Turn the box off; when is said as for `system.reboot`.

    CLI Example:

        shoal '*' system.poweroff 30s
    """
    return _go("poweroff", at_time, in_seconds)


@function
def halt(ctx: Context, at_time: int | str = "", in_seconds: bool = False) -> dict[str, Any]:
    """Stop the box but leave its power on; when is said as for `system.reboot`.

    CLI Example:

        shoal '*' system.halt
    """
    return _go("halt", at_time, in_seconds)


@function(replay="safe", aliases=("system.shutdown_abort",))
def cancel(ctx: Context) -> dict[str, Any] | None:
    """Take back the shutdown that will come, whoever asked for it, and return it; nothing if there is none.

    CLI Example:

        shoal '*' system.cancel
    """
    hand = power_control()
    found = hand.pending()
    if found is None:
        return None
    hand.cancel()
    return _shown(found)


@function(replay="safe")
def pending(ctx: Context) -> dict[str, Any] | None:
    """Return the shutdown that will come: what, when and by whom; nothing if there is none.

    CLI Example:

        shoal '*' system.pending
    """
    found = power_control().pending()
    return _shown(found) if found else None


@function(inline=True, replay="safe")
def uptime(ctx: Context) -> dict[str, Any]:
    """Return how long the box has been up, as `status.uptime` does.

    CLI Example:

        shoal '*' system.uptime
    """
    return box_status.uptime(ctx)


@function
def wall(ctx: Context, message: str) -> bool:
    """Write a message to everybody who is logged in at a terminal.

    CLI Example:

        shoal '*' system.wall 'The box restarts at noon.'
    """
    text = "".join(c for c in message if c.isprintable() or c in "\n\t")
    if not text.strip() or len(text) > _MAX_WALL:
        raise ArgumentError(f"a message has 1 to {_MAX_WALL} characters")
    shell.run(shell.Command(argv=("wall",), stdin=f"{text}\n", timeout_s=_TIMEOUT_S)).must_succeed()
    return True


def _go(action: Action, at_time: int | str, in_seconds: bool) -> dict[str, Any]:
    delay = delay_s(at_time, in_seconds=in_seconds, now=datetime.now())
    hand = power_control()
    if found := hand.pending():
        when = _iso(found.at)
        raise ModuleError(
            f"a {found.action} is due at {when} already; run system.cancel before asking for another"
        )
    return _shown(hand.schedule(action, delay, int(time.time())))


def _shown(found: Pending) -> dict[str, Any]:
    return {"action": found.action, "at": _iso(found.at), "by": found.by}


def _iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
