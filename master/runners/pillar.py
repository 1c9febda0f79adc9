"""What the master gives to a box as pillar, and why it cannot."""

from __future__ import annotations

import base64
from typing import Any

from master.runners.context import RunnerContext
from shoal.functions.function import function


@function
async def show_pillar(
    ctx: RunnerContext, minion: str, pillarenv: str = "", *, unmask: bool = False
) -> dict[str, Any]:
    """Return the pillar of a minion as it would be made now; what is wrong is shown with file and line.

    Sealed values are stars unless `unmask=True`.

    CLI Example:

        shoal-run pillar.show_pillar web-1
        shoal-run pillar.show_pillar web-1 pillarenv=dev
    """
    show = ctx.pillar.opened if unmask else ctx.pillar.masked
    return dict(await show(minion, pillarenv))


@function
async def show_top(ctx: RunnerContext, minion: str = "", pillarenv: str = "") -> dict[str, Any]:
    """Return which SLS a minion gets from the top files, by environment; without a name, of all minions.

    CLI Example:

        shoal-run pillar.show_top web-1
        shoal-run pillar.show_top
    """
    if minion:
        return dict(await ctx.pillar.top(minion, pillarenv))
    return {each: await ctx.pillar.top(each, pillarenv) for each in ctx.roster.ids()}


@function
async def seal_key(ctx: RunnerContext) -> str:
    """Return the public key that values are sealed with, in base64; the first question makes it.

    CLI Example:

        shoal-run pillar.seal_key
    """
    return base64.b64encode(await ctx.pillar.beside(ctx.pillar.key.public)).decode()
