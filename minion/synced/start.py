"""Syncs all kinds once in a daemon's life, on its first connection: a box has what it needs without being asked.

Again on a later connection until it has worked, and when a manifest that it had cannot be believed any more. Not
where the box's own policy does not allow `saltutil.sync_all`. Each kind stays with the environment it came from.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Final

from minion.synced.syncing import Changed, Syncing
from shoal.policy import Policy

log = logging.getLogger(__name__)

_FUNCTION: Final = "saltutil.sync_all"


class StartSync:
    """See the module docstring."""

    def __init__(self, syncing: Syncing, policy: Policy) -> None:
        self._syncing = syncing
        self._waiting = 0
        self._allowed = not policy.refusal(_FUNCTION)
        self._done = False

    def online(self) -> None:
        """Begin, if that is still to be done."""
        if self._done or self._waiting or not self._allowed:
            return
        self._done = True
        for env, kinds in self._syncing.held.envs().items():
            self._waiting += 1
            self._syncing.sync(kinds, env, partial(self._synced, env))

    def again(self) -> None:
        """Take it as not done: what was held is not to be believed any more."""
        self._done = False

    def _synced(self, env: str, error: str, _changed: Changed) -> None:
        self._waiting -= 1
        if error:
            self._done = False
            log.warning("%s was not synced: %s", env, error, extra={"action": "start_sync_failed"})
