"""Asks minions to say hello, at a pace that the master can keep up with.

After a restart every connection comes back within seconds, and each needs a session. The master asks for the
hellos itself, `per_s` of them a second after a first second's worth at once: nobody is turned away, and who waits
for its turn keeps its connection.
"""

from __future__ import annotations

from collections.abc import Callable


class Invitations:
    """See the module docstring. `later` calls something after some seconds, in the loop's next turn at the soonest."""

    def __init__(
        self,
        per_s: float,
        later: Callable[[float, Callable[[], None]], object],
        monotonic: Callable[[], float],
    ) -> None:
        self._per_s = per_s
        self._later = later
        self._monotonic = monotonic
        self._waiting: set[str] = set()  # peers
        self._next = 0.0  # when the next would have its turn, had there been none at once

    def invite(self, peer: str, ask: Callable[[], None]) -> None:
        """Call `ask` when it is this peer's turn. One that waits already keeps its place."""
        if peer in self._waiting:
            return
        self._waiting.add(peer)
        now = self._monotonic()
        self._next = max(self._next, now - 1.0) + 1.0 / self._per_s
        self._later(max(0.0, self._next - now), lambda: self._ask(peer, ask))

    def _ask(self, peer: str, ask: Callable[[], None]) -> None:
        self._waiting.discard(peer)
        ask()
