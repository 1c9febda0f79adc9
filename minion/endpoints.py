"""Where a master may be found: what the box was told when it joined, then the signed masters document.

Every address of every master is tried in turn, with each CURVE key it may answer with. Order:

1. the present one, if it has worked (a new document is no reason to leave a master that answers)
2. what the document says, in its order
3. the addresses the box was told, with the keys of the document: they may be the only ones it can reach (NAT),
   and after a key rotation the key it was told is an old one
4. what the box was told, as it is

Host names are resolved by the transport at each connection, so a moved master is found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pki.masters import MastersDocument
from shoal.transport import Endpoint


class Endpoints:
    """A ring of endpoints without doubles."""

    def __init__(self, first: Iterable[Endpoint]) -> None:
        self._told = list(dict.fromkeys(first))
        self._ring = list(self._told)
        self._home: list[Endpoint] = []  # of the first master in the document
        self._at = 0
        self._worked = False
        self.rounds = 0  # how often the whole ring was tried since one of it worked

    def __len__(self) -> int:
        return len(self._ring)

    def current(self) -> Endpoint:
        """Return the endpoint to try now."""
        return self._ring[self._at]

    def worked(self) -> None:
        """Note that a master answers at the present one."""
        self._worked = True
        self.rounds = 0

    def advance(self) -> None:
        """Go on to the next one: this one did not answer."""
        self._worked = False
        self._at = (self._at + 1) % len(self._ring)
        self.rounds += self._at == 0

    def home(self) -> Endpoint | None:
        """Return where the first master of the document is; None while that is the present one, or not known."""
        keys = {place.curve_key for place in self._home}
        return None if not self._home or self.current().curve_key in keys else self._home[0]

    def go_home(self) -> None:
        """Let the first master of the document be the next to be tried."""
        self._ring = list(dict.fromkeys([*self._home, *self._ring]))
        self._at = 0
        self._worked = False

    def use(self, document: MastersDocument) -> None:
        """Take over the masters' addresses and keys from `document`."""
        present = [self.current()] if self._worked else []
        listed = [
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
        first = {key for entry in document.masters[:1] for key in entry.curve_keys()}
        self._home = [place for place in listed if place.curve_key in first]
        told = [replace(place, curve_key=key) for place in self._told for key in _keys(document, place)]
        self._ring = list(dict.fromkeys([*present, *listed, *told, *self._told]))
        self._at = 0


def _keys(document: MastersDocument, told: Endpoint) -> list[bytes]:
    """Return the keys of the master that `told` led to; of all masters if its key is in none of them any more."""
    keys = [entry.curve_keys() for entry in document.masters]
    same = [some for some in keys if told.curve_key in some]
    return [key for some in (same or keys) for key in some]
