"""ZeroMQ with CURVE and ZAP: the only file that knows zmq.

Master: XPUB in manual mode (each subscription is granted by hand) and ROUTER; a ZAP handler on the same thread
turns the peer's key into its `User-Id`, which libzmq then puts on every message and subscription.
Minion: SUB and DEALER.

A half-open TCP connection is noticed by both ends: by the minion's ZMTP heartbeats, which the master answers, and on
the master by the kernel's keepalive. Not by heartbeats of the master: libzmq looks for a timer by going through all
of them (poller_base.cpp, `cancel_timer`), twice for each beat. With 10,000 minions that kept its thread busy for good
(measured: pings of the fleet from 2.3 s to 7.4 s, connecting from 21 s to 38 s).

ZeroMQ's descriptors are edge-triggered: after an edge, and after each send, a socket must be read until empty.
`_Pump` does that, in slices, so that one busy socket does not starve the rest of the loop.

A manual XPUB gives a grant to the connection of the subscription that was read last, or so its manual says. In
truth it counts: each message that is read takes the next connection off a list, but only subscriptions put
theirs on it (libzmq 4.3.5, xpub.cpp, `_pending_pipes`). So after a message of any other kind, which our minions
never send, a grant would go to whoever subscribed next. Therefore nothing more is granted until the
queue has run empty, when both lists agree again.

Whoever says more on the publish port than any minion does could so keep all others from subscribing, and fill
libzmq's memory with topics. It cannot be hung up on alone: the port is closed and opened again, which
everybody else does not mind, and that peer is not let in there any more.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import zmq

from shoal.errors import ConfigError
from shoal.transport import (
    PUBLISH,
    REQUEST,
    Endpoint,
    Inbound,
    LinkHandlers,
    MasterHandlers,
    Scheduler,
    topic_owner,
)

log = logging.getLogger(__name__)

_SLICE: Final = 2000  # messages handled before others get a turn
_ZAP: Final = "inproc://zeromq.zap.01"
_MAX_SUBSCRIPTION_BYTES: Final = 1024
_NOWAIT: Final = int(zmq.NOBLOCK)
_MAX_TALK: Final = 200  # messages of one peer to the publish port; a minion sends two for each connection
_REBIND_S: Final = 2.0
_CANCEL: Final = b"\0"
_SUBSCRIBE: Final = b"\1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Connection care, in milliseconds. The defaults suit NAT and mobile links."""

    heartbeat_ms: int = 15_000
    heartbeat_timeout_ms: int = 30_000
    handshake_ms: int = 30_000
    reconnect_ms: int = 500
    reconnect_max_ms: int = 10_000


class _Pump:
    """Reads one socket whenever there is something, a slice at a time."""

    def __init__(self, scheduler: Scheduler, socket: Any, read: Callable[[], bool]) -> None:
        self._scheduler = scheduler
        self._read = read  # handles up to a slice; True when there may be more
        self._fd: int = socket.getsockopt(zmq.FD)
        self._planned = False
        self._closed = False
        scheduler.watch(self._fd, self._run)
        self.kick()

    def kick(self) -> None:
        """Look again soon: a send may have swallowed the edge."""
        if not self._planned:
            self._planned = True
            self._scheduler.call_soon(self._run_planned)

    def close(self) -> None:
        self._closed = True
        self._scheduler.unwatch(self._fd)

    def _run_planned(self) -> None:
        self._planned = False
        self._run()

    def _run(self) -> None:
        if self._closed:
            return
        more = True
        try:
            more = self._read()
        finally:  # a handler that failed is the loop's to log; what came after must not wait for the next edge
            if more and not self._closed:
                self.kick()


class ZmqMasterTransport:
    """The master's XPUB and ROUTER sockets."""

    def __init__(
        self,
        scheduler: Scheduler,
        handlers: MasterHandlers,
        *,
        curve_secret: bytes,
        publish: str,
        request: str,
        max_request_bytes: int,
        timing: Timing | None = None,
    ) -> None:
        """Bind both sockets (`publish` and `request` are like `tcp://0.0.0.0:4505`).

        Raises:
            ConfigError: an address cannot be bound; names it and says why.
        """
        self._timing = timing = timing or Timing()
        self._handlers = handlers
        self._scheduler = scheduler
        self._secret = curve_secret
        self._publish_address = publish
        self._talk: Counter[str] = Counter()  # messages to the publish port, by peer
        self._warned_of: set[str] = set()
        self._shut_out: set[str] = set()  # peers that may not come to the publish port any more
        self._context = zmq.Context(io_threads=1)
        self._zap = self._context.socket(zmq.ROUTER)
        self._zap.bind(_ZAP)
        self._xpub = self._publish_socket()
        self._router = self._server_socket(zmq.ROUTER, curve_secret, REQUEST, timing, max_request_bytes)
        self._router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._router.setsockopt(zmq.SNDHWM, 1000)
        self._in_step = True  # see the module docstring
        try:
            _bind(self._xpub, publish)
            _bind(self._router, request)
        except ConfigError:
            self._context.destroy(linger=0)
            raise
        self._pumps = [
            _Pump(scheduler, self._zap, self._read_zap),
            _Pump(scheduler, self._xpub, self._read_subscriptions),
            _Pump(scheduler, self._router, self._read_requests),
        ]

    def publish(self, topic: bytes, frame: bytes) -> None:
        """Send `frame` to all who were granted `topic`; slow readers miss it, others do not wait."""
        try:
            self._xpub.send(topic, _NOWAIT | zmq.SNDMORE)
            self._xpub.send(frame, _NOWAIT)
        except zmq.Again:
            log.warning("publish queue is full", extra={"action": "publish_full"})
        self._pumps[1].kick()

    def send(self, route: bytes, frame: bytes) -> bool:
        """Answer the peer behind `route`; False when it is gone or its queue is full."""
        try:
            self._router.send(route, _NOWAIT | zmq.SNDMORE)
            self._router.send(frame, _NOWAIT)
        except (zmq.Again, zmq.ZMQError):
            return False
        self._pumps[2].kick()
        return True

    def close(self) -> None:
        """Close the sockets and drop what was not sent."""
        for pump in self._pumps:
            pump.close()
        self._context.destroy(linger=0)

    def _publish_socket(self) -> Any:
        socket = self._server_socket(zmq.XPUB, self._secret, PUBLISH, self._timing, _MAX_SUBSCRIPTION_BYTES)
        socket.setsockopt(zmq.XPUB_MANUAL, 1)
        socket.setsockopt(zmq.SNDHWM, 4000)
        return socket

    def _server_socket(self, kind: int, secret: bytes, domain: str, timing: Timing, max_bytes: int) -> Any:
        socket = self._context.socket(kind)
        _care(socket, timing)
        socket.setsockopt(zmq.MAXMSGSIZE, max_bytes)
        socket.setsockopt(zmq.BACKLOG, 4096)
        socket.setsockopt(zmq.ZAP_DOMAIN, domain.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        return socket

    def _read_zap(self) -> bool:
        """Answer ZAP 1.0 requests (RFC 27): who may connect."""
        for _ in range(_SLICE):
            try:
                parts = self._zap.recv_multipart(_NOWAIT)
            except zmq.Again:
                return False
            route, _, version, request_id, domain, address, _, mechanism, *credentials = parts
            peer = credentials[0].hex() if mechanism == b"CURVE" and len(credentials) == 1 else ""
            ok = bool(peer) and not (domain == PUBLISH.encode() and peer in self._shut_out)
            ok = ok and self._handlers.admit(domain.decode(), address.decode(), peer)
            verdict = [b"200", b"OK", peer.encode()] if ok else [b"400", b"refused", b""]
            self._zap.send_multipart([route, b"", version, request_id, *verdict, b""])
        return True

    def _read_subscriptions(self) -> bool:
        for _ in range(_SLICE):
            try:
                message = self._xpub.recv(_NOWAIT, copy=False)
            except zmq.Again:
                self._in_step = True
                return False
            data, peer = message.bytes, _metadata(message, "User-Id")
            if peer and self._says_too_much(peer):
                self._reopen_publish(peer)
                return False
            if data[:1] == _SUBSCRIBE and not message.more:
                self._subscribed(peer, data[1:])
            elif data[:1] == _CANCEL and not message.more:
                self._cancelled(peer, data[1:])
            else:
                self._fall_out_of_step(peer)
        return True

    def _says_too_much(self, peer: str) -> bool:
        self._talk[peer] += 1
        return self._talk[peer] > _MAX_TALK

    def _reopen_publish(self, peer: str) -> None:
        """Hang up on everybody at the publish port, and let all but `peer` come back."""
        log.error(
            "a minion misuses the publish port and is kept out of it until the master restarts",
            extra={"action": "shut_out", "peer": peer[:16]},
        )
        self._shut_out.add(peer)
        self._talk.clear()
        self._pumps[1].close()
        self._xpub.close(linger=0)
        self._handlers.all_left()
        self._in_step = True
        self._xpub = self._publish_socket()
        end = time.monotonic() + _REBIND_S
        while True:  # the old socket is closed by another thread, which takes some milliseconds
            try:
                _bind(self._xpub, self._publish_address)
                break
            except ConfigError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)
        self._pumps[1] = _Pump(self._scheduler, self._xpub, self._read_subscriptions)

    def _subscribed(self, peer: str, topic: bytes) -> None:
        if self._handlers.grant(peer if self._in_step else "", topic) and self._in_step:
            self._xpub.setsockopt(zmq.SUBSCRIBE, topic)

    def _cancelled(self, peer: str, topic: bytes) -> None:
        if self._in_step:
            self._xpub.setsockopt(zmq.UNSUBSCRIBE, topic)
        if not peer:  # a connection has ended; its owner may begin anew
            self._talk.pop(topic_owner(topic) or "", None)
        self._handlers.left(topic, peer)

    def _fall_out_of_step(self, peer: str) -> None:
        if peer not in self._warned_of:
            self._warned_of.add(peer)
            log.warning(
                "a message that is no subscription came to the publish port",
                extra={"action": "subscription_refused", "peer": peer[:16]},
            )
        self._in_step = False

    def _read_requests(self) -> bool:
        router = self._router
        receive = router.recv
        batch: list[Inbound] = []
        more = True
        for _ in range(_SLICE):
            try:
                route = receive(_NOWAIT)
            except zmq.Again:
                more = False
                break
            message = receive(_NOWAIT, copy=False)
            if message.more:
                _drain(router)
                continue
            batch.append(
                Inbound(
                    route, _metadata(message, "User-Id"), _metadata(message, "Peer-Address"), message.bytes
                )
            )
        if batch:
            self._handlers.received(batch)
        return more


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
        _care(socket, self._timing)
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
        self._pump = _Pump(connector.scheduler, self._dealer, self._read_replies)
        self._sub: Any = None
        self._sub_pump: _Pump | None = None

    def send(self, frame: bytes) -> bool:
        """Queue a request; False when a thousand already wait."""
        try:
            self._dealer.send(frame, _NOWAIT)
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
            self._sub.setsockopt(zmq.SUBSCRIBE, topic)
        _connect(self._sub, self._endpoint.host, self._endpoint.publish_port)
        self._sub_pump = _Pump(self._connector.scheduler, self._sub, self._read_published)

    def close(self) -> None:
        """Close both sockets; what was not sent is dropped."""
        self._pump.close()
        self._dealer.close(linger=0)
        if self._sub_pump is not None:
            self._sub_pump.close()
            self._sub.close(linger=0)

    def _read_replies(self) -> bool:
        for _ in range(_SLICE):
            try:
                parts = self._dealer.recv_multipart(_NOWAIT)
            except zmq.Again:
                return False
            if len(parts) == 1:
                self._handlers.replied(parts[0])
            if self._dealer.closed:
                return False
        return True

    def _read_published(self) -> bool:
        for _ in range(_SLICE):
            try:
                parts = self._sub.recv_multipart(_NOWAIT)
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
    context.set(zmq.MAX_SOCKETS, max_sockets)  # setsockopt would set a default for sockets instead
    return context


def _care(socket: Any, timing: Timing) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.IPV6, 1)
    socket.setsockopt(zmq.IMMEDIATE, 0)
    socket.setsockopt(zmq.HANDSHAKE_IVL, timing.handshake_ms)
    socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
    socket.setsockopt(zmq.TCP_KEEPALIVE_IDLE, max(1, timing.heartbeat_ms // 1000))
    socket.setsockopt(zmq.TCP_KEEPALIVE_CNT, 3)
    socket.setsockopt(zmq.TCP_KEEPALIVE_INTVL, max(1, timing.heartbeat_timeout_ms // 3000))
    socket.setsockopt(zmq.TCP_MAXRT, timing.heartbeat_timeout_ms)


def _bind(socket: Any, address: str) -> None:
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        raise ConfigError(
            f"cannot listen on {address}: {error.strerror}; see interface, publish_port, ret_port"
        ) from None


def _connect(socket: Any, host: str, port: int) -> None:
    name = f"[{host}]" if ":" in host else host
    try:
        socket.connect(f"tcp://{name}:{port}")
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise ConfigError(f"bad master address {host!r}: {error.strerror}") from None


def _drain(socket: Any) -> bool:
    """Read the rest of a message that has more parts than allowed; True when there were any."""
    found = False
    while socket.getsockopt(zmq.RCVMORE):
        socket.recv(_NOWAIT)
        found = True
    return found


def _metadata(message: Any, name: str) -> str:
    try:
        return str(message.get(name))
    except zmq.ZMQError:
        return ""
