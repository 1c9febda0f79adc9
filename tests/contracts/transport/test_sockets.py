"""What only real sockets can get wrong: frames of a shape or size nobody allowed, queues that fill up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import zmq

from pki.keys import CurveKey
from shoal.errors import ConfigError
from shoal.transport import BROADCAST, REQUEST, own_topic, topic_owner
from shoal.zmq_transport.link import ZmqConnector
from tests.contracts.transport.network import MAX_PUBLISH, MAX_REQUEST, Network

CURVE_OVERHEAD = 33  # what a frame of CurveZMQ takes besides the message


def raw_socket(network: Network, kind: int, key: CurveKey | None = None) -> Any:
    """Return a bare socket with a good key, that can send what a link never would."""
    connector = network.wire.connector(key or CurveKey.generate())
    assert isinstance(connector, ZmqConnector)
    endpoint = network.endpoint
    socket = connector.socket(kind, endpoint, MAX_PUBLISH)
    port = endpoint.request_port if kind == zmq.DEALER else endpoint.publish_port
    socket.connect(f"tcp://{endpoint.host}:{port}")
    return socket


@pytest.fixture
def raw(real_network: Network) -> Iterator[Any]:
    """A bare DEALER."""
    socket = raw_socket(real_network, zmq.DEALER)
    yield socket
    socket.close(linger=0)


@pytest.fixture
def raw_reader(real_network: Network) -> Iterator[Any]:
    """A bare XSUB: the subscriber's socket that can send anything."""
    socket = raw_socket(real_network, zmq.XSUB)
    yield socket
    socket.close(linger=0)


@pytest.mark.parametrize("parts", [[b"a", b"b"], [b"", b"b"], [b"a", b"", b"c"]])
def test_request_of_several_parts_is_left_out_and_the_next_is_taken(
    real_network: Network, raw: Any, parts: list[bytes]
) -> None:
    raw.send_multipart(parts)
    raw.send(b"good")
    real_network.until(lambda: real_network.door.requests)
    real_network.settle()
    assert [frame for frame in real_network.door.frames() if not frame.startswith(b"probe")] == [b"good"]


def test_oversize_request_ends_the_connection_and_no_other(real_network: Network, raw: Any) -> None:
    other = real_network.reader()
    largest = bytes(MAX_REQUEST - CURVE_OVERHEAD)
    raw.send(largest)
    real_network.until(lambda: largest in real_network.door.frames())
    before = len(real_network.door.admitted)
    raw.send(largest + b"\0")
    real_network.until(lambda: _connected_again(real_network, before))
    raw.send(b"good again")
    real_network.until(lambda: b"good again" in real_network.door.frames())
    assert max(map(len, real_network.door.frames())) == len(largest)
    real_network.request(other, b"not my business")
    real_network.master.publish(own_topic(other.id), b"job")
    real_network.until(lambda: other.published_frames == [b"job"])


def _connected_again(network: Network, admitted: int) -> bool:
    """True when somebody has had to connect again."""
    return REQUEST in [domain for domain, _ in network.door.admitted[admitted:]]


def test_garbage_on_the_subscription_socket_is_no_subscription(
    real_network: Network, raw_reader: Any
) -> None:
    for garbage in (b"", b"\x07user message", b"\x02" + BROADCAST):
        raw_reader.send(garbage)
    raw_reader.send_multipart([b"user", b"message"])
    raw_reader.send(b"\x01fit")  # behind all that; nothing is granted in the same breath
    real_network.until(lambda: b"fit" in [topic for _, topic in real_network.door.asked])
    real_network.settle()
    asked = {topic for _, topic in real_network.door.asked if topic_owner(topic) is None}
    assert asked == {b"fit", BROADCAST}


def test_cancelled_subscription_says_by_whom(real_network: Network, raw_reader: Any) -> None:
    victim = real_network.reader()
    real_network.door.gone.clear()
    raw_reader.send(b"\x01" + own_topic(victim.id))
    raw_reader.send(b"\x00" + own_topic(victim.id))
    real_network.until(lambda: real_network.door.cancelled)
    ((who, topic),) = real_network.door.cancelled
    assert topic == own_topic(victim.id)
    assert who not in ("", victim.id)
    assert real_network.door.gone == []
    real_network.master.publish(own_topic(victim.id), b"job")
    real_network.until(lambda: victim.published_frames == [b"job"])


@pytest.mark.parametrize("attempt", range(10))
def test_user_messages_do_not_turn_a_grant_to_another_connection(real_network: Network, attempt: int) -> None:
    """See shoal/zmq_transport/master.py: such messages upset the count by which libzmq finds a grant's connection."""
    door, key = real_network.door, CurveKey.generate()
    theirs = own_topic(key.public.hex())
    sockets = [raw_socket(real_network, zmq.XSUB, each) for each in (key, None, None)]
    victim, spy, accomplice = sockets
    try:
        for socket in sockets:
            socket.send(b"\x01" + BROADCAST)
        real_network.until(lambda: len(door.asked) == 3)
        accomplice.send(b"\x07user message")  # in this order, if the network keeps it
        victim.send(b"\x01" + theirs)
        spy.send(b"\x01mine")
        real_network.until(lambda: {theirs, b"mine"} <= {topic for _, topic in door.asked})
        real_network.master.publish(theirs, b"secret")
        real_network.master.publish(BROADCAST, b"the end")
        for socket in (spy, accomplice):
            assert socket.recv_multipart() == [BROADCAST, b"the end"]
    finally:
        for socket in sockets:
            socket.close(linger=0)


def test_full_queue_is_told_to_the_sender(real_network: Network) -> None:
    real_network.stop_master()
    peer = real_network.peer()
    sent = [peer.link.send(b"%d" % number) for number in range(2000)]
    assert True in sent
    assert sent == sorted(sent, reverse=True), "once full it stays full"
    assert not sent[-1]
    real_network.start_master()
    real_network.until(lambda: len(real_network.door.requests) >= sent.count(True))
    assert real_network.door.frames() == [b"%d" % number for number in range(sent.count(True))]


def test_second_master_at_the_same_ports_is_told_which_setting_to_change(real_network: Network) -> None:
    with pytest.raises(ConfigError, match=r"cannot listen on tcp://127\.0\.0\.1.*publish_port"):
        real_network.wire.master(real_network.door)


def test_address_that_cannot_be_read_is_a_configuration_error(real_network: Network) -> None:
    with pytest.raises(ConfigError, match="bad master address"):
        real_network.peer(endpoint=replace(real_network.endpoint, host="no such host"))
