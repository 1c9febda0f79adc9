"""The box's own policy, from its configuration."""

from __future__ import annotations

from minion.config import MinionConfig
from pki.policy import Policy


def policy_of(config: MinionConfig) -> Policy:
    """Return which functions this box runs and which it does not."""
    return Policy(
        disabled_modules=frozenset(config.disable_modules),
        disabled_functions=config.disable_functions,
        allowed_functions=config.allowed_functions,
    )
