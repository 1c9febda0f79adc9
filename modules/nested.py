"""Runs an execution function from within another, as if it had been asked for itself.

The box's own say holds for it too (`shoal/policy.py`, `modules/blackout.py`): the name that is really going to run
is looked at, under each of its names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modules import blackout
from modules.context import Context
from modules.result import Result
from shoal.errors import ModuleError
from shoal.functions.signature import bind
from shoal.policy import Policy


def call(
    ctx: Context, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], *, from_text: bool = True
) -> Any:
    """Return what function `name` returns; with `from_text`, texts among its arguments are words of a command line.

    Raises:
        UnknownFunctionError, ArgumentError, ModuleError: it does not exist, does not take these, or is refused here.
        Exception: whatever the function raises.
    """
    function = ctx.registry.get(name)
    policy = Policy.from_settings(ctx.settings)
    for each in (function.name, *function.aliases):
        if refusal := policy.refusal(each):
            raise ModuleError(f"refused by this minion: {refusal}")
    bound_args, bound_kwargs = bind(function, args, kwargs, from_text=from_text)
    if refusal := blackout.forbids(ctx, function, name, bound_args, bound_kwargs):
        raise ModuleError(f"refused by this minion: {refusal}")
    value = function.call(ctx, *bound_args, **bound_kwargs)
    return value.value if isinstance(value, Result) else value
