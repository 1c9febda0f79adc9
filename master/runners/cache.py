"""What the master knows of its minions without asking them."""

from __future__ import annotations

from typing import Any

from master.runners.context import RunnerContext
from shoal.functions.function import function
from shoal.targets import Target


@function
def grains(ctx: RunnerContext, tgt: str = "*", expr_form: str = "compound") -> dict[str, Any]:
    """Return the grains that the master knows, of the minions that a target means.

    `expr_form` is the kind of target, as in Salt: `glob`, `list`, `grain`, `pcre`, `compound` …

    CLI Example:

        shoal-run cache.grains
        shoal-run cache.grains 'G@os:Debian and T@site:paris'
    """
    found = ctx.conductor.preview(Target(kind=expr_form, expr=tgt))
    return {minion: dict(ctx.roster.grains(minion)) for minion in found}
