"""What only systemd has: masks, properties, commands, and reading unit files again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from modules.context import Context
from modules.service import systemctl
from modules.service.provider import systemd
from modules.service.unit_name import instance_name, is_template, short_name, unit_name
from modules.service.unit_table import blocks, properties
from shoal.errors import ModuleError
from shoal.functions.function import function

_BATCH: Final = 100  # names on one command line


@function(replay="safe")
def mask(ctx: Context, name: str, runtime: bool = False, root: str = "") -> bool:
    """Mask a unit, so that nothing can start it; with `runtime` only until the next boot.

    CLI Example:

        shoal '*' service.mask bluetooth
    """
    systemd("service.mask", root).mask(name, runtime=runtime)
    return True


@function(replay="safe")
def unmask(ctx: Context, name: str, runtime: bool = False, root: str = "") -> bool:
    """Take off a unit's mask; with `runtime` the one until the next boot.

    CLI Example:

        shoal '*' service.unmask bluetooth
    """
    systemd("service.unmask", root).unmask(name, runtime=runtime)
    return True


@function(replay="safe")
def masked(ctx: Context, name: str, runtime: bool = False, root: str = "") -> bool:
    """Say whether a unit is masked; with `runtime` whether it is until the next boot.

    CLI Example:

        shoal '*' service.masked bluetooth
    """
    state = systemd("service.masked", root).file_state(name)
    return state == ("masked-runtime" if runtime else "masked")


@function(replay="safe")
def show(ctx: Context, name: str) -> dict[str, Any]:
    """Return the properties of a unit as systemd has them; a list where one comes several times.

    CLI Example:

        shoal '*' service.show ssh
    """
    systemd("service.show")
    found = properties(systemctl.ask("show", "--", instance_name(name)).must_succeed().stdout)
    if found.get("LoadState") == "not-found":
        raise ModuleError(f"there is no service {unit_name(name)} on this box")
    return found


@function(replay="safe")
def execs(ctx: Context) -> dict[str, Any]:
    """Return the command of each service by its name, as `ExecStart` in `service.show`.

    CLI Example:

        shoal '*' service.execs
    """
    hand = systemd("service.execs")
    services = [full for name in hand.names("all") if (full := unit_name(name)).endswith(".service")]
    found: dict[str, Any] = {}
    for batch in _batches([unit for unit in services if not is_template(unit)]):
        text = systemctl.ask("show", "--property=Id,ExecStart", "--", *batch).must_succeed().stdout
        found |= {short_name(each["Id"]): each["ExecStart"] for each in blocks(text) if each.get("ExecStart")}
    return found


@function(replay="safe")
def systemctl_reload(ctx: Context) -> bool:
    """Let systemd read all unit files again.

    CLI Example:

        shoal '*' service.systemctl_reload
    """
    systemd("service.systemctl_reload")
    systemctl.must("daemon-reload")
    return True


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _BATCH):
        yield names[start : start + _BATCH]
