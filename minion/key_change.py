"""How a box changes its keys without ever being without a pair that the master knows.

    asked     new keys are made and staged beside those in use; the master is asked, by the old pair, to know the
              box by the new one
    rotated   the master has them on record: connect with the staged pair
    accepted  while the staged pair is in use: it replaces the old one on the disk; only now the old one is gone

An answer can get lost, on either side of a restart. So whichever pair is denied, the other one is tried: the
staged one at once, the old one after the wait that the master asked for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from minion.membership import Membership
from pki.keys import NodeKeys
from pki.rotation import make_rotation
from pki.welcome import Welcome
from shoal.errors import ShoalError

log = logging.getLogger(__name__)

Use = Callable[[NodeKeys, float], None]  # connect with these keys, in so many seconds


class KeyChange:
    """See the module docstring."""

    def __init__(self, membership: Membership, minion_id: str, use: Use) -> None:
        self._membership = membership
        self._id = minion_id
        self._use = use
        self.keys = membership.keys()  # those in use
        self._on_trial = False  # they are the staged ones

    def ask(self, now: float) -> bytes:
        """Stage new keys; return the message that asks the master to know us by them.

        Staged ones that are left of an earlier try are used again: the master may have them on record.

        Raises:
            ConfigError, TrustError: there are no new keys, and nothing has changed.
        """
        membership = self._membership
        staged = membership.has_staged_keys()
        fresh = membership.staged_keys() if staged else membership.stage_keys()
        return make_rotation(self._id, membership.keys(), fresh, now)

    def rotated(self) -> None:
        """Take the master's word that it has the staged keys on record: use them."""
        if not self._on_trial:
            self._try_staged()

    def welcomed(self, welcome: Welcome) -> None:
        """Learn from what the master says to the pair in use."""
        if welcome.status == "accepted" and self._on_trial:
            self._settle()
        elif welcome.status == "denied" and self._on_trial:
            self._on_trial = False
            self._change(self._membership.keys(), welcome.retry_after_s)
        elif welcome.status == "denied" and self._membership.has_staged_keys():
            self._try_staged()

    def _try_staged(self) -> None:
        try:
            staged = self._membership.staged_keys()
        except ShoalError as error:
            log.error("the new keys cannot be used: %s", error, extra={"action": "rotation_failed"})
            return
        self._on_trial = True
        self._change(staged, 0.0)

    def _settle(self) -> None:
        try:
            self._membership.promote_keys()
        except ShoalError as error:  # both are still there, and the next start finds that out again
            log.error("the new keys cannot be kept: %s", error, extra={"action": "rotation_failed"})
            return
        self._on_trial = False
        log.info("using new keys", extra={"action": "rotated"})

    def _change(self, keys: NodeKeys, delay_s: float) -> None:
        self.keys = keys
        self._use(keys, delay_s)
