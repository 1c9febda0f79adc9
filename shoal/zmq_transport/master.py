"""The master's end: XPUB in manual mode (each subscription is granted by hand) and ROUTER.

A ZAP handler on the same thread turns the peer's key into its `User-Id`, which libzmq then puts on every message
and subscription.

A half-open connection is noticed by the minion's ZMTP heartbeats, and on the master by the kernel's keepalive. The
master has no heartbeats of its own: libzmq goes through all timers to cancel one (poller_base.cpp), twice a beat.
With 9,900 minions its thread was soon busy with nothing else; pings of the fleet went from 2.3 s to 7.4 s.

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
import struct
import threading
import time
from collections import Counter
from typing import Any, Final

import zmq

from shoal.errors import ConfigError
from shoal.pump import Pump
from shoal.subscribers import Subscribers
from shoal.timing import Timing
from shoal.transport import PUBLISH, REQUEST, Inbound, MasterHandlers, Scheduler
from shoal.zmq_transport.sockets import NOWAIT, NOWAIT_MORE, SLICE, descriptor, receive_parts, take_care

log = logging.getLogger(__name__)

_SLICE_BYTES: Final = 16 * 1024 * 1024  # and their bytes: all of a slice is in memory at once
_REQUESTS_WAITING: Final = 100  # of one peer, each up to the largest return; more waits at its end
_ZAP: Final = "inproc://zeromq.zap.01"
_MAX_SUBSCRIPTION_BYTES: Final = 512  # CURVE's handshake takes 300
_SUBSCRIPTIONS_WAITING: Final = 16  # of each connection
_MAX_TALK: Final = 200  # messages of one peer to the publish port; a minion sends two for each connection
_REBIND_S: Final = 2.0
_CLOSE_S: Final = 1.0
_CANCEL: Final = b"\0"
_SUBSCRIBE: Final = b"\1"
_EVENT: Final = struct.Struct("=Hi")  # of a socket monitor: event, descriptor
_ACCEPTED: Final = int(zmq.EVENT_ACCEPTED)
_DISCONNECTED: Final = int(zmq.EVENT_DISCONNECTED)


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
        self._opened = 0  # how often the publish port was
        self._talk: Counter[str] = Counter()  # messages to the publish port, by peer
        self._warned_of: set[str] = set()
        self._shut_out: set[str] = set()  # peers that may not come to the publish port any more
        self._context = zmq.Context(io_threads=1)
        self._zap = self._context.socket(zmq.ROUTER)
        self._zap.bind(_ZAP)
        self._subscribers = Subscribers()
        self._xpub, self._reports = self._publish_sockets()
        self._router = self._server_socket(zmq.ROUTER, curve_secret, REQUEST, timing, max_request_bytes)
        self._router.setsockopt(zmq.ROUTER_MANDATORY, 1)
        self._router.setsockopt(zmq.SNDHWM, 1000)
        self._router.setsockopt(zmq.RCVHWM, _REQUESTS_WAITING)
        self._in_step = True  # see the module docstring
        try:
            _bind(self._xpub, publish)
            _bind(self._router, request)
        except ConfigError:
            self._context.destroy(linger=0)
            raise
        self._zap_pump = Pump(scheduler, descriptor(self._zap), self._read_zap)
        self._request_pump = Pump(scheduler, descriptor(self._router), self._read_requests)
        self._publish_pumps = self._watch_publish()

    def publish(self, topic: bytes, frame: bytes) -> None:
        """Send `frame` to all who were granted `topic`; slow readers miss it, others do not wait."""
        try:
            self._xpub.send(self._subscribers.on_wire(topic), NOWAIT_MORE)
            self._xpub.send(frame, NOWAIT)
        except zmq.Again:
            log.warning("publish queue is full", extra={"action": "publish_full"})
        self._publish_pumps[0].kick()

    def send(self, route: bytes, frame: bytes) -> bool:
        """Answer the peer behind `route`; False when it is gone or its queue is full."""
        try:
            self._router.send(route, NOWAIT_MORE)
            self._router.send(frame, NOWAIT)
        except (zmq.Again, zmq.ZMQError):
            return False
        self._request_pump.kick()
        return True

    def close(self) -> None:
        """Close the sockets and drop what was not sent."""
        for pump in (self._zap_pump, self._request_pump, *self._publish_pumps):
            pump.close()
        # Ten thousand connections take libzmq 7 s to take down. Who stops does not wait for all of that: the
        # kernel is quicker when the process ends.
        closing = threading.Thread(target=self._context.destroy, kwargs={"linger": 0}, daemon=True)
        closing.start()
        closing.join(_CLOSE_S)

    def _publish_sockets(self) -> tuple[Any, Any]:
        """Return the XPUB socket and the one with reports of its connections."""
        socket = self._server_socket(zmq.XPUB, self._secret, PUBLISH, self._timing, _MAX_SUBSCRIPTION_BYTES)
        socket.setsockopt(zmq.XPUB_MANUAL, 1)
        # libzmq takes in all that waits before it returns (xpub.cpp, `xread_activated`), and keeps every topic as
        # a tree with a node a byte: with its usual queue, one peer that never stopped kept it, and us, for good.
        socket.setsockopt(zmq.RCVHWM, _SUBSCRIPTIONS_WAITING)
        socket.setsockopt(zmq.SNDHWM, 4000)
        self._opened += 1
        place = f"inproc://reports-{self._opened}"
        socket.monitor(place, zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        reports = self._context.socket(zmq.PAIR)
        reports.setsockopt(zmq.RCVHWM, 0)  # a full queue would stop libzmq's thread
        reports.connect(place)
        return socket, reports

    def _watch_publish(self) -> tuple[Pump, Pump]:
        subscriptions = Pump(self._scheduler, descriptor(self._xpub), self._read_subscriptions)
        return subscriptions, Pump(self._scheduler, descriptor(self._reports), self._read_reports)

    def _server_socket(self, kind: int, secret: bytes, domain: str, timing: Timing, max_bytes: int) -> Any:
        socket = self._context.socket(kind)
        take_care(socket, timing)
        socket.setsockopt(zmq.MAXMSGSIZE, max_bytes)
        socket.setsockopt(zmq.BACKLOG, 4096)
        socket.setsockopt(zmq.ZAP_DOMAIN, domain.encode())
        socket.setsockopt(zmq.CURVE_SECRETKEY, secret)
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        return socket

    def _read_zap(self) -> bool:
        """Answer ZAP 1.0 requests (RFC 27): who may connect."""
        for _ in range(SLICE):
            try:
                parts = receive_parts(self._zap)
            except zmq.Again:
                return False
            route, _, version, request_id, domain, address, _, mechanism, *credentials = parts
            peer = credentials[0].hex() if mechanism == b"CURVE" and len(credentials) == 1 else ""
            ok = bool(peer) and not (domain == PUBLISH.encode() and peer in self._shut_out)
            ok = ok and self._handlers.admit(domain.decode(), address.decode(), peer)
            verdict = [b"200", b"OK", peer.encode()] if ok else [b"400", b"refused", b""]
            for part in (route, b"", version, request_id, *verdict):
                self._zap.send(part, NOWAIT_MORE)
            self._zap.send(b"", NOWAIT)
        return True

    def _read_subscriptions(self) -> bool:
        for _ in range(SLICE):
            try:
                message = self._xpub.recv(NOWAIT, copy=False)
            except zmq.Again:
                self._in_step = True
                return False
            data, peer = message.bytes, _metadata(message, "User-Id")
            if peer and self._says_too_much(peer):
                self._reopen_publish(peer)
                return False
            if not peer and data[:1] == _CANCEL:
                continue  # a connection has ended; the reports say which
            if data[:1] == _SUBSCRIBE and not message.more:
                self._subscribed(message, peer, data[1:])
            elif data[:1] == _CANCEL and not message.more:
                self._cancelled(message, peer, data[1:])
            else:
                self._fall_out_of_step(peer)
        return True

    def _read_reports(self) -> bool:
        """Learn which connections to the publish port have begun and ended."""
        for _ in range(SLICE):
            try:
                event, _place = receive_parts(self._reports)
            except zmq.Again:
                return False
            number, descriptor = _EVENT.unpack(event)
            if number == _ACCEPTED:
                self._subscribers.accepted(descriptor)
            elif number == _DISCONNECTED:
                peer, topics = self._subscribers.ended(descriptor)
                self._talk.pop(peer, None)  # it may begin anew
                for topic in topics:
                    self._handlers.left(topic, "")
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
        for pump in self._publish_pumps:
            pump.close()
        self._xpub.close(linger=0)
        self._reports.close(linger=0)
        self._subscribers.everybody_ended()
        self._handlers.all_left()
        self._in_step = True
        self._xpub, self._reports = self._publish_sockets()
        end = time.monotonic() + _REBIND_S
        while True:  # the old socket is closed by another thread, which takes some milliseconds
            try:
                _bind(self._xpub, self._publish_address)
                break
            except ConfigError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.005)
        self._publish_pumps = self._watch_publish()

    def _subscribed(self, message: Any, peer: str, wire: bytes) -> None:
        while self._read_reports():
            pass
        topic = self._subscribers.asked(_source(message), peer, wire)
        if topic is None:
            return  # it has ended while its word was on the way
        if self._handlers.grant(peer if self._in_step else "", topic) and self._in_step:
            self._xpub.setsockopt(zmq.SUBSCRIBE, self._subscribers.granted(peer, topic, wire))

    def _cancelled(self, message: Any, peer: str, wire: bytes) -> None:
        topic = self._subscribers.cancelled(_source(message), peer, wire)
        if self._in_step:
            self._xpub.setsockopt(zmq.UNSUBSCRIBE, self._subscribers.taken_back(peer, wire))
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
        left, more = _SLICE_BYTES, True
        while left > 0:
            try:
                route = receive(NOWAIT)
            except zmq.Again:
                more = False
                break
            message = receive(NOWAIT, copy=False)
            left -= len(message) + _SLICE_BYTES // SLICE
            if message.more:
                receive_parts(router)  # nobody of ours sends more than one part
                continue
            peer, address = _metadata(message, "User-Id"), _metadata(message, "Peer-Address")
            batch.append(Inbound(route, peer, address, message.bytes))
        if batch:
            self._handlers.received(batch)
        return more


def _bind(socket: Any, address: str) -> None:
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        raise ConfigError(
            f"cannot listen on {address}: {zmq.strerror(error.errno or 0)}; see interface, publish_port, ret_port"
        ) from None


def _metadata(message: Any, name: str) -> str:
    try:
        return str(message.get(name))
    except zmq.ZMQError:
        return ""


def _source(message: Any) -> int:
    """Return the descriptor of the connection that `message` came on."""
    return int(_metadata(message, "__fd") or -1)
