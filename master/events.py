"""The event bus inside the master: whoever listens gets a bounded queue of its own.

A listener that does not keep up loses its oldest events and is told how many; it never slows anybody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from master.backplane import EventBackplane
from shoal.event import Event
from shoal.wire import encode

QUEUE: Final = 10_000  # events of one listener,
QUEUE_BYTES: Final = 64 * 1024 * 1024  # and their bytes: an event may hold a whole return


class Subscription:
    """One listener's queue. Iterate with `async for`."""

    def __init__(self, pattern: str, size: int, max_bytes: int = QUEUE_BYTES) -> None:
        self.pattern = pattern
        self.missed = 0
        self._queue: deque[tuple[Event, int]] = deque()
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._wake = asyncio.Event()

    def put(self, event: Event, size: int) -> None:
        """Queue `event` of `size` bytes, dropping the oldest when full."""
        while self._queue and (len(self._queue) >= self._size or self._bytes + size > self._max_bytes):
            self._bytes -= self._queue.popleft()[1]
            self.missed += 1
        self._queue.append((event, size))
        self._bytes += size
        self._wake.set()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        while not self._queue:
            self._wake.clear()
            await self._wake.wait()
        event, size = self._queue.popleft()
        self._bytes -= size
        return event


class EventBus:
    """Hands events to those who asked for their tag (shell pattern)."""

    def __init__(self, now: Callable[[], float], backplane: EventBackplane) -> None:
        self._now = now
        self._subscriptions: list[Subscription] = []
        self._backplane = backplane
        backplane.listen(self._hand_out)

    @property
    def busy(self) -> bool:
        """True when anybody listens; makers of costly events ask first."""
        return bool(self._subscriptions) or self._backplane.wanted

    def subscribe(self, pattern: str = "*", size: int = QUEUE) -> Subscription:
        """Return a new subscription; give it back with `unsubscribe`."""
        subscription = Subscription(pattern or "*", size)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """End a subscription."""
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def publish(self, tag: str, data: dict[str, Any]) -> None:
        """Tell everybody who asked for `tag`, here and at the other masters."""
        if self.busy:
            event = Event(tag=tag, time=self._now(), data=data)
            self._hand_out(event)
            self._backplane.send(event)

    def _hand_out(self, event: Event) -> None:
        wanted = [
            subscription
            for subscription in self._subscriptions
            if subscription.pattern == "*" or fnmatchcase(event.tag, subscription.pattern)
        ]
        if wanted:
            size = len(encode(event.data))
            for subscription in wanted:
                subscription.put(event, size)
