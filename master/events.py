"""The event bus inside the master: whoever listens gets a bounded queue of its own.

A listener that does not keep up loses its oldest events and is told how many; it never slows anybody else.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any, Final

from shoal.event import Event

QUEUE: Final = 10_000


class Subscription:
    """One listener's queue. Iterate with `async for`."""

    def __init__(self, pattern: str, size: int) -> None:
        self.pattern = pattern
        self.missed = 0
        self._queue: deque[Event] = deque()
        self._size = size
        self._wake = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queue `event`, dropping the oldest when full."""
        if len(self._queue) >= self._size:
            self._queue.popleft()
            self.missed += 1
        self._queue.append(event)
        self._wake.set()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Event:
        while not self._queue:
            self._wake.clear()
            await self._wake.wait()
        return self._queue.popleft()


class EventBus:
    """Hands events to those who asked for their tag (shell pattern)."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._subscriptions: list[Subscription] = []

    @property
    def busy(self) -> bool:
        """True when anybody listens; makers of costly events ask first."""
        return bool(self._subscriptions)

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
        """Tell everybody who asked for `tag`."""
        if not self._subscriptions:
            return
        event = Event(tag=tag, time=self._now(), data=data)
        for subscription in self._subscriptions:
            if subscription.pattern == "*" or fnmatchcase(tag, subscription.pattern):
                subscription.put(event)
