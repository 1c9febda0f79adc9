"""Where a master may be found: what the box was told when it joined, then the signed masters document.

Every address of every master is tried in turn, with each CURVE key it may answer with. The last one that
worked stays first. Host names are resolved by the transport at each connection, so a moved master is found.
"""

from __future__ import annotations

from collections.abc import Iterable

from pki.masters import MastersDocument
from shoal.transport import Endpoint


class Endpoints:
    """A ring of endpoints without doubles."""

    def __init__(self, first: Iterable[Endpoint]) -> None:
        self._joined = list(dict.fromkeys(first))
        self._ring = list(self._joined)
        self._at = 0

    def current(self) -> Endpoint:
        """Return the endpoint to try now."""
        return self._ring[self._at]

    def advance(self) -> None:
        """Go on to the next one: this one did not answer."""
        self._at = (self._at + 1) % len(self._ring)

    def use(self, document: MastersDocument) -> None:
        """Take over the masters' addresses from `document`, keeping the present endpoint in use."""
        present = self.current()
        told = [
            Endpoint(
                host=address,
                publish_port=entry.publish_port,
                request_port=entry.request_port,
                curve_key=key,
            )
            for entry in document.masters
            for key in entry.curve_keys()
            for address in entry.addresses
        ]
        self._ring = list(dict.fromkeys([present, *told, *self._joined]))
        self._at = 0

    def __len__(self) -> int:
        return len(self._ring)
