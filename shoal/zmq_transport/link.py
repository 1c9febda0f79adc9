"""A minion's end: DEALER, and after `subscribe` SUB, to one master that it trusts by its CURVE key."""

from __future__ import annotations

from typing import Any

import zmq

from shoal.errors import ConfigError
from shoal.pump import Pump
from shoal.subscribers import MINE
from shoal.timing import Timing
from shoal.transport import Endpoint, LinkHandlers, Scheduler, own_topic
from shoal.zmq_transport.sockets import NOWAIT, SLICE, descriptor, receive_parts, take_care


class ZmqConnector:
    """Opens links for one minion (or, in the swarm, for many that share a process)."""

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        curve_secret: bytes,
        curve_public: bytes,
        max_publish_bytes: int,
        timing: Timing | None = None,
        context: zmq.Context[Any] | None = None,
    ) -> None:
        self._scheduler = scheduler
        self._secret = curve_secret
        self._public = curve_public
        self._max_publish = max_publish_bytes
        self._timing = timing or Timing()
        self._context = context or zmq.Context(io_threads=1)
        self._owns_context = context is None

    def open(self, endpoint: Endpoint, handlers: LinkHandlers) -> ZmqLink:
        """Return a link to `endpoint`; it connects in the background and again after each break."""
        return ZmqLink(self, endpoint, handlers)

    def set_keys(self, curve_secret: bytes, curve_public: bytes) -> None:
        """Use new keys for links opened from now on."""
        self._secret = curve_secret
        self._public = curve_public

    def close(self) -> None:
        """End the context if it is ours."""
        if self._owns_context:
            self._context.destroy(linger=0)

    def socket(self, kind: int, endpoint: Endpoint, max_bytes: int) -> Any:
        """Return a socket with our keys, that trusts only `endpoint.curve_key`."""
        socket = self._context.socket(kind)
        take_care(socket, self._timing)
        socket.setsockopt(zmq.HEARTBEAT_IVL, self._timing.heartbeat_ms)
        socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, self._timing.heartbeat_timeout_ms)
        socket.setsockopt(zmq.RECONNECT_IVL, self._timing.reconnect_ms)
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, self._timing.reconnect_max_ms)
        socket.setsockopt(zmq.MAXMSGSIZE, max_bytes)
        socket.setsockopt(zmq.CURVE_SERVERKEY, endpoint.curve_key)
        socket.setsockopt(zmq.CURVE_PUBLICKEY, self._public)
        socket.setsockopt(zmq.CURVE_SECRETKEY, self._secret)
        return socket

    @property
    def scheduler(self) -> Scheduler:
        """The loop that links hang on."""
        return self._scheduler

    @property
    def own_topic(self) -> bytes:
        """The topic that only our key may read."""
        return own_topic(self._public.hex())

    @property
    def max_publish_bytes(self) -> int:
        """The largest frame a master may send us."""
        return self._max_publish


class ZmqLink:
    """DEALER, and after `subscribe` SUB, to one master."""

    def __init__(self, connector: ZmqConnector, endpoint: Endpoint, handlers: LinkHandlers) -> None:
        self._connector = connector
        self._endpoint = endpoint
        self._handlers = handlers
        self._dealer = connector.socket(zmq.DEALER, endpoint, connector.max_publish_bytes)
        self._dealer.setsockopt(zmq.SNDHWM, 1000)
        _connect(self._dealer, endpoint.host, endpoint.request_port)
        self._pump = Pump(connector.scheduler, descriptor(self._dealer), self._read_replies)
        self._sub: Any = None
        self._sub_pump: Pump | None = None

    def send(self, frame: bytes) -> bool:
        """Queue a request; False when a thousand already wait."""
        try:
            self._dealer.send(frame, NOWAIT)
        except zmq.Again:
            return False
        self._pump.kick()
        return True

    def subscribe(self, topics: tuple[bytes, ...]) -> None:
        """Open the SUB socket and read `topics`."""
        if self._sub is not None:
            return
        self._sub = self._connector.socket(zmq.SUB, self._endpoint, self._connector.max_publish_bytes)
        for topic in topics:
            self._sub.setsockopt(zmq.SUBSCRIBE, MINE if topic == self._connector.own_topic else topic)
        _connect(self._sub, self._endpoint.host, self._endpoint.publish_port)
        self._sub_pump = Pump(self._connector.scheduler, descriptor(self._sub), self._read_published)

    def close(self) -> None:
        """Close both sockets; what was not sent is dropped."""
        self._pump.close()
        self._dealer.close(linger=0)
        if self._sub_pump is not None:
            self._sub_pump.close()
            self._sub.close(linger=0)

    def _read_replies(self) -> bool:
        for _ in range(SLICE):
            try:
                parts = receive_parts(self._dealer)
            except zmq.Again:
                return False
            if len(parts) == 1:
                self._handlers.replied(parts[0])
            if self._dealer.closed:
                return False
        return True

    def _read_published(self) -> bool:
        for _ in range(SLICE):
            try:
                parts = receive_parts(self._sub)
            except zmq.Again:
                return False
            if len(parts) == 2:
                self._handlers.published(parts[1])
            if self._sub.closed:
                return False
        return True


def shared_context(max_sockets: int) -> zmq.Context[Any]:
    """Return a context for many minions in one process (the benchmark swarm)."""
    context: zmq.Context[Any] = zmq.Context(io_threads=1)
    context.set(zmq.MAX_SOCKETS, max_sockets)
    return context


def _connect(socket: Any, host: str, port: int) -> None:
    name = f"[{host}]" if ":" in host else host
    try:
        socket.connect(f"tcp://{name}:{port}")
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise ConfigError(f"bad master address {host!r}: {error.strerror}") from None
