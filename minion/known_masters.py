"""Where the fleet's masters are, as the newest document says that this box believes."""

from __future__ import annotations

from collections.abc import Callable

from minion.endpoints import Endpoints
from pki.anchor import TrustAnchor
from pki.masters import MastersDocument, judge_masters
from shoal.clock import FloorClock


class KnownMasters:
    """Judges documents and keeps the newest; `keep` is told of each that is believed."""

    def __init__(
        self, anchor: TrustAnchor, endpoints: Endpoints, clock: FloorClock, keep: Callable[[bytes], None]
    ) -> None:
        self._anchor = anchor
        self._endpoints = endpoints
        self._clock = clock
        self._keep = keep
        self._data: bytes | None = None  # what `document` was read from
        self.document: MastersDocument | None = None

    def learn(self, data: bytes) -> None:
        """Take a document that a master has sent. Raises WireError, TrustError."""
        if data == self._data:
            return  # believed before
        document = judge_masters(data, self._anchor.root_public, self.document, self._clock.now())
        self._data = data
        if document is self.document:
            return
        self.use(document)
        self._keep(data)

    def use(self, document: MastersDocument) -> None:
        """Take addresses and revocations from a believed document."""
        self.document = document
        self._anchor.revoke(document.revoked)
        self._endpoints.use(document)
