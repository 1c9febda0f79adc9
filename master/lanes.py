"""Admission lanes: what came in waits in a bounded queue of its kind, and each kind gets its turns.

1. Within a lane messages keep their order; between lanes there is none.
2. A round gives every lane up to its `weight` of messages; rounds go on until nothing waits or the turn's time
   is used up. The rest waits for the next turn of the event loop, so that sockets, timers and programs get theirs.
3. A full lane takes nothing more: whoever put it there tells the sender, or counts it.

So ten thousand hellos, at a millisecond each, cannot hold up a heartbeat, nor a flood of returns a hello.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from shoal.transport import Inbound

TURN_S: Final = 0.025  # of work in one turn of the event loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """How much of one kind may wait, and how many messages it may have served in a round."""

    weight: int
    max_messages: int
    max_bytes: int


class Lanes:
    """See the module docstring. `serve` must not raise; `soon` calls something in the loop's next turn."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        serve: Callable[[Inbound], None],
        *,
        soon: Callable[[Callable[[], None]], object],
        monotonic: Callable[[], float],
    ) -> None:
        self._lanes = dict(lanes)
        self._serve = serve
        self._soon = soon
        self._monotonic = monotonic
        self._queues: dict[str, deque[Inbound]] = {name: deque() for name in lanes}
        self._bytes = dict.fromkeys(lanes, 0)
        self._planned = False

    def put(self, name: str, inbound: Inbound) -> bool:
        """Let a message wait for its turn; False when its lane is full."""
        lane, queue, size = self._lanes[name], self._queues[name], len(inbound.frame)
        if len(queue) >= lane.max_messages or (queue and self._bytes[name] + size > lane.max_bytes):
            return False
        queue.append(inbound)
        self._bytes[name] += size
        return True

    def waiting(self, name: str) -> int:
        """Return how many messages wait in a lane."""
        return len(self._queues[name])

    def run(self) -> None:
        """Serve now, unless the rest of an earlier turn is to be served soon anyway."""
        if not self._planned:
            self._turn()

    def _turn(self) -> None:
        self._planned = False
        end = self._monotonic() + TURN_S
        while self._round(end):
            pass
        if any(self._queues.values()):
            self._planned = True
            self._soon(self._turn)

    def _round(self, end: float) -> bool:
        """Give each lane its share; False when nothing is left or the time is up. Each gets its share once."""
        left = False
        for name, queue in self._queues.items():
            count = min(self._lanes[name].weight, len(queue))
            for _ in range(count):
                inbound = queue.popleft()
                self._bytes[name] -= len(inbound.frame)
                self._serve(inbound)
            left = left or bool(queue)
        return left and self._monotonic() < end
