"""Functions that read the grains a job was given; nothing is asked anew."""

from __future__ import annotations

from typing import Any

from modules.context import Context
from shoal.functions.function import function
from shoal.lookup import MISSING, traverse
from shoal.lookup import filter_by as pick

_SANITIZED = frozenset({"serialnumber", "machine_id", "uuid", "master", "localhost", "host", "fqdn", "id"})


@function(inline=True, replay="safe")
def items(ctx: Context, sanitize: bool = False) -> dict[str, Any]:
    """Return all grains; with `sanitize` those that tell one box from another are masked.

    CLI Example:

        shoal '*' grains.items
        shoal '*' grains.items sanitize=True
    """
    return {name: _masked(name, value) if sanitize else value for name, value in ctx.grains.items()}


@function(inline=True, replay="safe")
def item(
    ctx: Context, /, *names: str, default: Any = "", delimiter: str = ":", sanitize: bool = False
) -> dict[str, Any]:
    """Return some grains by name.

    CLI Example:

        shoal '*' grains.item os
        shoal '*' grains.item os osrelease oscodename
    """
    found = {name: traverse(ctx.grains, name, default, delimiter) for name in names}
    return {name: _masked(name, value) if sanitize else value for name, value in found.items()}


@function(inline=True, replay="safe", aliases=("grains.fetch",))
def get(ctx: Context, key: str, default: Any = "", delimiter: str = ":") -> Any:
    """Return one grain, or the default when it is not there; `a:b:c` looks into nested ones.

    CLI Example:

        shoal '*' grains.get os
        shoal '*' grains.get ip4_interfaces:lo
        shoal '*' grains.get 'pkg|apache' default=none delimiter='|'
    """
    return traverse(ctx.grains, key, default, delimiter)


@function(inline=True, replay="safe", aliases=("grains.keys",))
def ls(ctx: Context) -> list[str]:
    """List the names of all grains.

    CLI Example:

        shoal '*' grains.ls
    """
    return sorted(ctx.grains)


@function(inline=True, replay="safe")
def has_value(ctx: Context, key: str, delimiter: str = ":") -> bool:
    """Say whether a grain is there; `a:b:c` looks into nested ones.

    CLI Example:

        shoal '*' grains.has_value os_family
    """
    return traverse(ctx.grains, key, MISSING, delimiter) is not MISSING


@function(inline=True, replay="safe")
def equals(ctx: Context, key: str, value: str, delimiter: str = ":") -> bool:
    """Say whether a grain, written as text, is exactly this value.

    CLI Example:

        shoal '*' grains.equals os Debian
    """
    return str(traverse(ctx.grains, key, "", delimiter)) == value


@function(inline=True, replay="safe")
def filter_by(
    ctx: Context,
    lookup_dict: dict[str, Any],
    grain: str = "os_family",
    merge: dict[str, Any] | None = None,
    default: str = "default",
    base: str = "",
) -> Any:
    """Return the entry of a table whose key is a glob for the value of a grain.

    CLI Example:

        shoal '*' grains.filter_by '{Debian: apt, RedHat: dnf, default: unknown}' grain=os_family
    """
    return pick(lookup_dict, traverse(ctx.grains, grain, []), default=default, base=base, merge=merge)


def _masked(name: str, value: Any) -> Any:
    return "MINION" if name in _SANITIZED and isinstance(value, str) else value
