"""The event bus: bounded queues, and a slow listener that harms nobody but itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from master.backplane import LocalBackplane
from master.events import QUEUE, QUEUE_BYTES, EventBus, Subscription
from shoal.event import Event


def run(body: Callable[[EventBus], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(_run(body), 30))


async def _run(body: Callable[[EventBus], Awaitable[None]]) -> None:
    await body(EventBus(lambda: 12.0, LocalBackplane()))


async def take(subscription: Subscription, count: int) -> list[Event]:
    return [await subscription.__anext__() for _ in range(count)]


def test_listeners_get_what_they_asked_for_in_order() -> None:
    async def body(bus: EventBus) -> None:
        jobs, everything = bus.subscribe("shoal/job/*"), bus.subscribe("")
        bus.publish("shoal/job/1/new", {"n": 1})
        bus.publish("shoal/auth", {"n": 2})
        bus.publish("shoal/job/1/ret/a", {"n": 3})
        assert [event.data["n"] for event in await take(jobs, 2)] == [1, 3]
        assert [event.data["n"] for event in await take(everything, 3)] == [1, 2, 3]
        assert (await take(bus_of(bus), 1))[0].time == 12.0

    def bus_of(bus: EventBus) -> Subscription:
        late = bus.subscribe()
        bus.publish("x", {})
        return late

    run(body)


def test_listener_waits_for_the_next_event() -> None:
    async def body(bus: EventBus) -> None:
        subscription = bus.subscribe()
        asyncio.get_running_loop().call_soon(bus.publish, "x", {})
        assert (await subscription.__anext__()).tag == "x"

    run(body)


def test_without_listeners_an_event_costs_nothing() -> None:
    bus = EventBus(lambda: 0.0, LocalBackplane())
    assert not bus.busy
    bus.publish("x", {"not sent": object()})


def test_slow_listener_loses_its_oldest_events_and_is_told_how_many() -> None:
    async def body(bus: EventBus) -> None:
        slow, quick = bus.subscribe(size=3), bus.subscribe()
        for number in range(10):
            bus.publish("x", {"n": number})
        assert slow.missed == 7
        assert [event.data["n"] for event in await take(slow, 3)] == [7, 8, 9]
        assert quick.missed == 0
        assert len(await take(quick, 10)) == 10

    run(body)


def test_queue_is_bounded_in_number_by_default() -> None:
    async def body(bus: EventBus) -> None:
        slow = bus.subscribe()
        for number in range(QUEUE + 5):
            bus.publish("x", {"n": number})
        assert slow.missed == 5

    run(body)


def test_queue_is_bounded_in_bytes() -> None:
    """An event may hold a whole return: 10,000 of these would be 40 GiB."""

    async def body(bus: EventBus) -> None:
        slow = bus.subscribe()
        value = "x" * (4 * 1024 * 1024)
        for number in range(25):
            bus.publish("x", {"n": number, "return": value})
        kept = 25 - slow.missed
        assert kept == QUEUE_BYTES // len(value) - 1, "each is a little larger than its value"
        assert [event.data["n"] for event in await take(slow, kept)] == list(range(25 - kept, 25))
        bus.publish("x", {"return": "x" * 2 * QUEUE_BYTES})
        bus.publish("x", {"small": True})
        assert [list(event.data) for event in await take(slow, 1)] == [["small"]], "the largest goes as well"

    run(body)


def test_ended_subscription_gets_nothing_more() -> None:
    async def body(bus: EventBus) -> None:
        subscription = bus.subscribe()
        bus.unsubscribe(subscription)
        bus.unsubscribe(subscription)
        assert not bus.busy

    run(body)
