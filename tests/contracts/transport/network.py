"""A master and peers over either transport, on one `Loop`, with everything they are told written down."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from minion.loop import Loop
from pki.keys import CurveKey
from shoal.memory_transport import Fair, MemoryConnector, MemoryMasterTransport, MemoryNetwork
from shoal.timing import Timing
from shoal.transport import BROADCAST, Connector, Endpoint, Inbound, Link, MasterTransport, own_topic
from shoal.zmq_transport.link import ZmqConnector, shared_context
from shoal.zmq_transport.master import ZmqMasterTransport
from tests.fleet import free_ports

MAX_REQUEST = 64 * 1024
MAX_PUBLISH = 64 * 1024
PATIENCE_S = 30.0
QUICK = Timing(reconnect_ms=20, reconnect_max_ms=100)


@dataclass
class Door:
    """The master's handlers: lets everybody in and grants what is theirs, unless told otherwise."""

    refused: set[tuple[str, str]] = field(default_factory=set)  # (domain, peer)
    admitted: list[tuple[str, str]] = field(default_factory=list)
    asked: list[tuple[str, bytes]] = field(default_factory=list)  # (peer, topic)
    gone: list[bytes] = field(default_factory=list)  # connections that ended
    cancelled: list[tuple[str, bytes]] = field(default_factory=list)  # (peer, topic)
    reopened: int = 0  # how often all had to subscribe anew
    requests: list[Inbound] = field(default_factory=list)
    answer: Callable[[Inbound], None] = lambda _inbound: None

    def admit(self, domain: str, address: str, peer: str) -> bool:
        if (domain, peer) in self.refused:
            return False
        self.admitted.append((domain, peer))
        return True

    def grant(self, peer: str, topic: bytes) -> bool:
        self.asked.append((peer, topic))
        return topic in (BROADCAST, own_topic(peer))

    def left(self, topic: bytes, peer: str) -> None:
        if peer:
            self.cancelled.append((peer, topic))
        else:
            self.gone.append(topic)

    def all_left(self) -> None:
        self.reopened += 1

    def received(self, batch: list[Inbound]) -> None:
        for inbound in batch:
            self.requests.append(inbound)
            self.answer(inbound)

    def frames(self) -> list[bytes]:
        """Return what was asked, in the order of arrival."""
        return [inbound.frame for inbound in self.requests]


@dataclass
class Peer:
    """A minion's end: its key, its link, and what came over it."""

    key: CurveKey
    link: Link = field(init=False)
    published_frames: list[bytes] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)

    @property
    def id(self) -> str:
        """What the master must know it by."""
        return self.key.public.hex()

    @property
    def topics(self) -> tuple[bytes, ...]:
        """What it may read."""
        return (BROADCAST, own_topic(self.id))

    def published(self, frame: bytes) -> None:
        self.published_frames.append(frame)

    def replied(self, frame: bytes) -> None:
        self.replies.append(frame)


class Wire(Protocol):
    """What differs between the transports."""

    def master(self, door: Door) -> MasterTransport:
        """Open the master at the one place where it always is."""

    def connector(self, key: CurveKey) -> Connector:
        """Return what opens links under `key`."""

    def close(self) -> None:
        """Give back what is not a link or a master."""


class Network:
    """One master, any number of peers."""

    def __init__(self, loop: Loop, wire: Wire, endpoint: Endpoint) -> None:
        self.loop = loop
        self.wire = wire
        self.endpoint = endpoint
        self.door = Door()
        self.transport: MasterTransport | None = None
        self._peers: list[Peer] = []

    @property
    def master(self) -> MasterTransport:
        """The master that is up."""
        assert self.transport is not None
        return self.transport

    def start_master(self) -> MasterTransport:
        """Open the master."""
        self.transport = self.wire.master(self.door)
        return self.transport

    def stop_master(self) -> None:
        """Close the master without a word."""
        self.master.close()
        self.transport = None

    def peer(self, *, endpoint: Endpoint | None = None, key: CurveKey | None = None) -> Peer:
        """Return a peer whose link is open."""
        peer = Peer(key or CurveKey.generate())
        peer.link = self.wire.connector(peer.key).open(endpoint or self.endpoint, peer)
        self._peers.append(peer)
        return peer

    def reader(self) -> Peer:
        """Return a peer that reads its topics; the master has granted them."""
        peer = self.peer()
        peer.link.subscribe(peer.topics)
        self.until(lambda: {(peer.id, topic) for topic in peer.topics} <= set(self.door.asked))
        return peer

    def request(self, peer: Peer, frame: bytes) -> Inbound:
        """Send a request and return it as the master got it."""
        assert peer.link.send(frame)
        self.until(lambda: frame in self.door.frames())
        return next(inbound for inbound in self.door.requests if inbound.frame == frame)

    def until(self, condition: Callable[[], object]) -> None:
        """Turn the loop until `condition` holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "waited too long"
            self.loop.run_once(0.02)

    def settle(self) -> None:
        """Let everything arrive that is on its way: a round trip of somebody else, on both connections."""
        probe = self.reader()
        self.request(probe, b"probe of " + probe.id.encode())
        self.master.publish(own_topic(probe.id), b"settled")
        self.until(lambda: b"settled" in probe.published_frames)

    def close(self) -> None:
        """Close all that is open."""
        for peer in self._peers:
            peer.link.close()
        if self.transport is not None:
            self.transport.close()
        self.wire.close()
        self.loop.close()


class MemoryWire:
    """Everything in this process."""

    def __init__(self, loop: Loop, curve: CurveKey, endpoint: Endpoint) -> None:
        self._network = MemoryNetwork(Fair(loop))
        self._curve = curve
        self._endpoint = endpoint

    def master(self, door: Door) -> MasterTransport:
        endpoint = self._endpoint
        return MemoryMasterTransport(
            self._network, door, endpoint.host, endpoint.request_port, curve_key=self._curve.public
        )

    def connector(self, key: CurveKey) -> Connector:
        return MemoryConnector(self._network, key.public.hex())

    def close(self) -> None:
        pass


class ZmqWire:
    """Real sockets on loopback."""

    def __init__(self, loop: Loop, curve: CurveKey, endpoint: Endpoint) -> None:
        self._loop = loop
        self._curve = curve
        self._endpoint = endpoint
        self._context = shared_context(4096)

    def master(self, door: Door) -> MasterTransport:
        endpoint = self._endpoint
        return ZmqMasterTransport(
            self._loop,
            door,
            curve_secret=self._curve.secret,
            publish=f"tcp://{endpoint.host}:{endpoint.publish_port}",
            request=f"tcp://{endpoint.host}:{endpoint.request_port}",
            max_request_bytes=MAX_REQUEST,
            timing=QUICK,
        )

    def connector(self, key: CurveKey) -> ZmqConnector:
        return ZmqConnector(
            self._loop,
            curve_secret=key.secret,
            curve_public=key.public,
            max_publish_bytes=MAX_PUBLISH,
            timing=QUICK,
            context=self._context,
        )

    def close(self) -> None:
        self._context.destroy(linger=0)


def open_network(kind: str) -> Network:
    """Return a network of a kind, its master up."""
    loop = Loop()
    curve = CurveKey.generate()
    publish_port, request_port = free_ports(2)
    endpoint = Endpoint(
        host="127.0.0.1", publish_port=publish_port, request_port=request_port, curve_key=curve.public
    )
    wire: Wire = {"memory": MemoryWire, "zmq": ZmqWire}[kind](loop, curve, endpoint)
    network = Network(loop, wire, endpoint)
    network.start_master()
    return network
