"""What master and minion need of a transport: authenticated peers, topics, requests. No policy here.

Two implementations pass the same contract suite: `shoal/zmq_transport/` (the real one) and
`shoal/memory_transport.py` (in one process, for tests and simulations). Rules both keep:

1. A peer is its CURVE public key, as lower-case hex, taken from the authenticated connection. Nothing that a
   message says changes it.
2. The master decides for each connection (`admit`) and each subscription (`grant`).
3. `send` and `publish` never block; `send` says whether the peer can still be reached.
4. All callbacks come on the thread that runs the scheduler.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

PUBLISH: Final = "publish"  # the domain of port 4505: topics
REQUEST: Final = "request"  # the domain of port 4506: hello, returns, events

BROADCAST: Final = b"all\0"


def own_topic(peer: str) -> bytes:
    """Return the topic only `peer` (hex of its key) may read.

    It is made from the key and not from the minion id, so that a key whose id was given to another box keeps
    no subscription to that box's jobs. All own topics have one length, so none is a prefix of another.
    """
    return b"to\0" + bytes.fromhex(peer)


def topic_owner(topic: bytes) -> str | None:
    """Return the peer an own topic belongs to, or None when it is not an own topic."""
    return topic[3:].hex() if len(topic) == 35 and topic.startswith(b"to\0") else None


class Scheduler(Protocol):
    """The event loop a transport hangs on: the minion's `Loop`, or asyncio through an adapter."""

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call `callback` whenever `fd` is readable."""

    def unwatch(self, fd: int) -> None:
        """Forget `fd`."""

    def call_soon(self, callback: Callable[[], None]) -> None:
        """Call `callback` in the next turn."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One request from a minion. `route` is good for one answer; `address` is where it came from."""

    route: bytes
    peer: str
    address: str
    frame: bytes


class MasterHandlers(Protocol):
    """What a master transport asks and tells."""

    def admit(self, domain: str, address: str, peer: str) -> bool:
        """Say whether the key `peer` from `address` may connect to `domain`."""

    def grant(self, peer: str, topic: bytes) -> bool:
        """Say whether `peer` may read `topic`. An empty `peer` is one that cannot be told: it may not."""

    def left(self, topic: bytes, peer: str) -> None:
        """Note that a subscription to `topic` has ended, granted or not.

        `peer` is who cancelled it, empty when its connection ended (whose that was is not known then).
        """

    def all_left(self) -> None:
        """Note that all subscriptions have ended at once; who is still there subscribes again."""

    def received(self, batch: list[Inbound]) -> None:
        """Handle requests, in the order of arrival."""


class MasterTransport(Protocol):
    """The master's two sockets."""

    def publish(self, topic: bytes, frame: bytes) -> None:
        """Send `frame` to all who were granted `topic`."""

    def send(self, route: bytes, frame: bytes) -> bool:
        """Answer the peer behind `route`; False when it is gone or does not read."""

    def close(self) -> None:
        """Give everything back. What was not sent is dropped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a master listens and which CURVE key it must have (32 bytes)."""

    host: str
    publish_port: int
    request_port: int
    curve_key: bytes


class LinkHandlers(Protocol):
    """What a minion's link tells."""

    def published(self, frame: bytes) -> None:
        """Handle a frame that came on a topic of ours."""

    def replied(self, frame: bytes) -> None:
        """Handle an answer on the request connection."""


class Link(Protocol):
    """A minion's connection to one master."""

    def send(self, frame: bytes) -> bool:
        """Send a request; False when the queue is full."""

    def subscribe(self, topics: tuple[bytes, ...]) -> None:
        """Start to read topics. Call it once the master has accepted us."""

    def close(self) -> None:
        """Give everything back."""


class Connector(Protocol):
    """Opens links."""

    def open(self, endpoint: Endpoint, handlers: LinkHandlers) -> Link:
        """Return a link that connects, and reconnects, by itself."""
