"""The box's own policy, from its configuration."""

from __future__ import annotations

from minion.config import MinionConfig
from shoal.policy import Policy


def policy_of(config: MinionConfig) -> Policy:
    """Return which functions this box runs and which it does not."""
    return Policy(
        disabled_modules=frozenset(config.disable_modules),
        disabled_functions=config.disable_functions,
        allowed_functions=config.allowed_functions,
    )


def disabled_patterns(config: MinionConfig) -> tuple[str, ...]:
    """Return the patterns of functions that this box does not run, under whichever of their names."""
    return (*(f"{module}.*" for module in config.disable_modules), *config.disable_functions)
