"""What was synced to this box, for a program beside the daemon or without it: judged anew, by the keys on the disk.

A caller who may not read the minion's state does without; so does one whose box has left its fleet.
"""

from __future__ import annotations

import logging

from minion.membership import Membership
from minion.synced.held import Held, read_held
from minion.synced.shelf import Shelf
from pki.anchor import TrustAnchor
from shoal.errors import ShoalError
from shoal.paths import Paths

log = logging.getLogger(__name__)


def held_here(paths: Paths, shelf: Shelf) -> Held:
    """Return the manifests that count on this box; what cannot be believed is logged and does not."""
    try:
        membership = Membership(paths)
        anchor = TrustAnchor(membership.joined().root_key)
        masters = membership.masters(anchor.root_public)
    except ShoalError as error:
        log.warning("nothing that was synced is loaded: %s", error, extra={"action": "synced_not_loaded"})
        return Held()
    if masters is not None:
        anchor.revoke(masters.revoked)
    held, wrong = read_held(shelf, anchor)
    for line in wrong:
        log.warning("%s", line, extra={"action": "synced_not_loaded"})
    return held
