"""What one master tells the others at once, beside the store: the seam for a message bus between masters.

Events of one master are seen only there until something carries them (docs/adr/0012). An implementation for a message
bus takes the place of `LocalBackplane` where the master is put together; nobody else knows which one it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from shoal.event import Event


class EventBackplane(Protocol):
    """Carries events between the masters of one fleet."""

    @property
    def wanted(self) -> bool:
        """False when nobody else is to be told: then nobody makes costly events for them."""

    def send(self, event: Event) -> None:
        """Pass an event of this master on to the others; must not block, may drop what they cannot take."""

    def listen(self, take: Callable[[Event], None]) -> None:
        """Hand the others' events to `take`, from now on."""

    def close(self) -> None:
        """End it."""


class LocalBackplane:
    """A master that is told nothing and tells nothing: the others learn from the store."""

    wanted = False

    def send(self, event: Event) -> None:
        """Nobody is to be told."""

    def listen(self, take: Callable[[Event], None]) -> None:
        """Nothing ever comes."""

    def close(self) -> None:
        """There is nothing to end."""
