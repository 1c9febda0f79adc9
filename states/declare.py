"""`@state` marks a function that plans: its first parameter is `ctx: Context`, its second `name`, it returns a `Plan`.

Parameters are typed as those of execution functions are, and bound by the same rules; values come from YAML with types
of their own. `**kwargs` takes what an SLS gives beyond them, else that is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from shoal.functions.function import function
from states.plan import Plan

Planner = TypeVar("Planner", bound=Callable[..., Plan])


def state(call: Planner, /) -> Planner:
    """Mark a state function."""
    return function(call)
