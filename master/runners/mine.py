"""The mine, read by an operator."""

from __future__ import annotations

from typing import Any

from master.runners.context import RunnerContext
from shoal.errors import ArgumentError, WireError
from shoal.functions.function import function
from shoal.mine import MAX_PACKED, check_mine_name
from shoal.targets import Target
from shoal.wire import decode


@function
async def get(ctx: RunnerContext, tgt: str, fun: str, tgt_type: str = "glob") -> dict[str, Any]:
    """Return what minions have put into the mine under a name: `{minion: value}`; of several names, by name.

    CLI Example:

        shoal-run mine.get '*' addresses
        shoal-run mine.get 'G@role:db' addresses tgt_type=compound
    """
    try:
        names = [check_mine_name(name.strip()) for name in fun.split(",") if name.strip()]
    except WireError as error:
        raise ArgumentError(f"mine.get: {error}") from None
    if not names:
        raise ArgumentError("mine.get: name a value, as the minions' mine_functions do")
    values: dict[str, dict[str, Any]] = {name: {} for name in names}
    for value in await ctx.mine.values(Target(kind=tgt_type, expr=tgt), names):
        values[value.name][value.minion] = decode(value.packed, MAX_PACKED)
    return values[names[0]] if len(names) == 1 else values
