"""A transport without sockets: master and minions in one process, for tests and simulations.

Messages are delivered through the scheduler, in order, unless a `Weather` says otherwise: it may drop a message,
deliver it twice or late. `Fair` does none of that, `Rough` all of it, worse than any TCP connection would. The
rules of `shoal/transport.py` hold: peers are keys, the master admits and grants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from shoal.errors import DeliveryError
from shoal.transport import PUBLISH, REQUEST, Endpoint, Inbound, LinkHandlers, MasterHandlers, Scheduler


class Weather(Protocol):
    """Decides what happens to one message on its way."""

    def deliver(self, hand_over: Callable[[], None]) -> None:
        """Call `hand_over` now, later, twice or never."""


class Fair:
    """Good weather: every message arrives once, in the next turn."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def deliver(self, hand_over: Callable[[], None]) -> None:
        """Hand over in the next turn."""
        self._scheduler.call_soon(hand_over)


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """What may happen to a message: chances from 0 to 1. A late one takes up to `late_s` seconds."""

    drop: float = 0.1
    double: float = 0.1
    late: float = 0.3
    late_s: float = 5.0


class Rough:
    """Bad weather: messages are dropped, doubled, and late, so that later ones overtake them.

    The same `random` and the same messages give the same weather.
    """

    def __init__(
        self, later: Callable[[float, Callable[[], None]], object], random: Random, odds: Odds
    ) -> None:
        """Take `later(seconds, callback)`, as event loops have it."""
        self._later = later
        self._random = random
        self._odds = odds
        self.counters: Counter[str] = Counter()

    def deliver(self, hand_over: Callable[[], None]) -> None:
        """Hand over as the dice say."""
        odds, dice = self._odds, self._random
        self.counters["messages"] += 1
        if dice.random() < odds.drop:
            self.counters["dropped"] += 1
            return
        copies = 2 if dice.random() < odds.double else 1
        self.counters["doubled"] += copies - 1
        for _ in range(copies):
            late = dice.random() < odds.late
            self.counters["late"] += late
            self._later(dice.uniform(0.0, odds.late_s) if late else 0.0, hand_over)


class MemoryNetwork:
    """Where memory transports meet: masters by (host, request port)."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self.masters: dict[tuple[str, int], MemoryMasterTransport] = {}


class MemoryMasterTransport:
    """The master's side; minions find it under its host and request port."""

    def __init__(
        self,
        network: MemoryNetwork,
        handlers: MasterHandlers,
        host: str,
        request_port: int,
        *,
        curve_key: bytes = b"",
    ) -> None:
        """Join `network`. With a `curve_key`, links that expect another one do not get through.

        Raises:
            DeliveryError: another master is at this place.
        """
        self._network = network
        self._handlers = handlers
        self._curve_key = curve_key
        self._address = (host, request_port)
        self._links: dict[bytes, MemoryLink] = {}
        self._next_route = 0
        if self._address in network.masters:
            raise DeliveryError(f"{host}:{request_port} is taken")
        network.masters[self._address] = self

    def publish(self, topic: bytes, frame: bytes) -> None:
        """Hand `frame` to every link that was granted `topic`."""
        for link in list(self._links.values()):
            if topic in link.granted:
                self._network.weather.deliver(lambda link=link: link.take_published(frame))  # type: ignore[misc]

    def send(self, route: bytes, frame: bytes) -> bool:
        """Hand `frame` to the link behind `route`."""
        link = self._links.get(route)
        if link is None:
            return False
        self._network.weather.deliver(lambda: link.take_reply(frame))
        return True

    def close(self) -> None:
        """Leave the network; links notice by silence."""
        self._network.masters.pop(self._address, None)
        for link in self._links.values():
            link.forget()
        self._links.clear()

    def attach(self, link: MemoryLink) -> bytes | None:
        """Admit a link and give it a route; None when refused."""
        if self._curve_key and link.expected_key != self._curve_key:
            return None  # CURVE: it could not read a word of ours
        if not self._handlers.admit(REQUEST, "memory", link.peer):
            return None
        self._next_route += 1
        route = self._next_route.to_bytes(5, "big")
        self._links[route] = link
        return route

    def detach(self, route: bytes, topics: set[bytes]) -> None:
        """Forget a link that closed."""
        if self._links.pop(route, None) is not None:
            for topic in topics:
                self._handlers.left(topic, "")

    def admits_reader(self, link: MemoryLink) -> bool:
        """Ask the master's policy whether the link may subscribe to anything."""
        return self._handlers.admit(PUBLISH, "memory", link.peer)

    def subscribe(self, link: MemoryLink, topic: bytes) -> bool:
        """Ask the master's policy for one subscription."""
        return self._handlers.grant(link.peer, topic)

    def take(self, inbound: Inbound) -> None:
        """Take one request."""
        if inbound.route in self._links:
            self._handlers.received([inbound])


class MemoryConnector:
    """Opens memory links for one peer (hex of its key)."""

    def __init__(self, network: MemoryNetwork, peer: str) -> None:
        self._network = network
        self._peer = peer

    def open(self, endpoint: Endpoint, handlers: LinkHandlers) -> MemoryLink:
        """Return a link; it attaches when the master is there."""
        return MemoryLink(self._network, endpoint, handlers, self._peer)


class MemoryLink:
    """A minion's side. It attaches again by itself when the master came back."""

    def __init__(self, network: MemoryNetwork, endpoint: Endpoint, handlers: LinkHandlers, peer: str) -> None:
        self.peer = peer
        self.expected_key = endpoint.curve_key
        self.granted: set[bytes] = set()
        self._wanted: tuple[bytes, ...] = ()
        self._asked: set[bytes] = set()
        self._network = network
        self._address = (endpoint.host, endpoint.request_port)
        self._handlers = handlers
        self._route: bytes | None = None
        self._closed = False

    def send(self, frame: bytes) -> bool:
        """Send a request; it is lost when no master is there."""
        master = self._master()
        if master is not None and self._route is not None:
            inbound = Inbound(self._route, self.peer, "memory", frame)
            self._network.weather.deliver(lambda: master.take(inbound))
        return True

    def subscribe(self, topics: tuple[bytes, ...]) -> None:
        """Ask for topics, now and after each reconnect."""
        self._wanted = topics
        self._master()

    def close(self) -> None:
        """Leave."""
        self._closed = True
        master = self._network.masters.get(self._address)
        if master is not None and self._route is not None:
            master.detach(self._route, self._asked)

    def forget(self) -> None:
        """The master closed: attach again at the next occasion."""
        self._route = None
        self.granted.clear()
        self._asked.clear()

    def take_published(self, frame: bytes) -> None:
        """Take a published frame."""
        if not self._closed:
            self._handlers.published(frame)

    def take_reply(self, frame: bytes) -> None:
        """Take an answer."""
        if not self._closed:
            self._handlers.replied(frame)

    def _master(self) -> MemoryMasterTransport | None:
        master = self._network.masters.get(self._address)
        if master is None or self._closed:
            return None
        if self._route is None:
            self._route = master.attach(self)
        missing = [topic for topic in self._wanted if topic not in self._asked]
        if self._route is not None and missing and master.admits_reader(self):
            for topic in missing:
                self._asked.add(topic)
                if master.subscribe(self, topic):
                    self.granted.add(topic)
        return master
