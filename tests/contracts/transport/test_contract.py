"""What master and minion may rely on, whichever transport carries their bytes."""

from __future__ import annotations

from dataclasses import replace

from pki.keys import CurveKey
from shoal.transport import BROADCAST, PUBLISH, REQUEST, own_topic
from tests.contracts.transport.network import Network


def test_request_arrives_and_its_answer_comes_back(network: Network) -> None:
    peer = network.peer()
    inbound = network.request(peer, b"hello")
    assert network.master.send(inbound.route, b"welcome")
    network.until(lambda: peer.replies == [b"welcome"])


def test_sender_is_the_authenticated_key_whatever_the_message_says(network: Network) -> None:
    victim, liar = network.peer(), network.peer()
    inbound = network.request(liar, victim.id.encode())
    assert inbound.peer == liar.id
    assert network.request(victim, b"me").peer == victim.id


def test_requests_keep_their_order(network: Network) -> None:
    peer = network.peer()
    sent = [b"%d" % number for number in range(500)]
    for frame in sent:
        assert peer.link.send(frame)
    network.until(lambda: len(network.door.requests) == len(sent))
    assert network.door.frames() == sent


def test_master_admits_each_connection_by_its_key(network: Network) -> None:
    peer = network.reader()
    network.request(peer, b"hello")
    assert set(network.door.admitted) == {(REQUEST, peer.id), (PUBLISH, peer.id)}


def test_peer_that_is_not_admitted_is_not_heard(network: Network) -> None:
    stranger = CurveKey.generate()
    network.door.refused.add((REQUEST, stranger.public.hex()))
    peer = network.peer(key=stranger)
    peer.link.send(b"let me in")
    network.settle()
    assert b"let me in" not in network.door.frames()


def test_peer_that_is_not_admitted_to_publications_reads_nothing(network: Network) -> None:
    pending = CurveKey.generate()
    network.door.refused.add((PUBLISH, pending.public.hex()))
    peer = network.peer(key=pending)
    peer.link.subscribe(peer.topics)
    network.settle()
    network.master.publish(BROADCAST, b"for all")
    network.master.publish(own_topic(peer.id), b"for you")
    network.settle()
    assert peer.published_frames == []
    assert [asked for asked in network.door.asked if asked[0] == peer.id] == []
    peer.link.close()
    network.settle()
    assert own_topic(peer.id) not in network.door.gone, "who never read does not leave"


def test_own_topic_reaches_its_owner_alone(network: Network) -> None:
    first, second = network.reader(), network.reader()
    network.master.publish(own_topic(first.id), b"for the first")
    network.settle()
    assert first.published_frames == [b"for the first"]
    assert second.published_frames == []


def test_topic_of_another_peer_is_not_granted(network: Network) -> None:
    victim = network.reader()
    spy = network.peer()
    spy.link.subscribe((own_topic(victim.id), b"", b"to\0"))
    network.until(lambda: (spy.id, own_topic(victim.id)) in network.door.asked)
    network.settle()
    network.master.publish(own_topic(victim.id), b"secret")
    network.master.publish(BROADCAST, b"for all who asked for it")
    network.settle()
    assert victim.published_frames == [b"secret", b"for all who asked for it"]
    assert spy.published_frames == []


def test_broadcast_reaches_everybody_once_and_in_order(network: Network) -> None:
    readers = [network.reader() for _ in range(5)]
    sent = [b"%d" % number for number in range(100)]
    for frame in sent:
        network.master.publish(BROADCAST, frame)
    network.settle()
    assert [reader.published_frames for reader in readers] == [sent] * 5


def test_leaving_is_noticed_once_for_each_topic(network: Network) -> None:
    peer = network.reader()
    network.door.gone.clear()
    peer.link.close()
    network.until(lambda: own_topic(peer.id) in network.door.gone)
    network.settle()
    assert sorted(network.door.gone) == sorted(peer.topics)


def test_refused_subscription_ends_with_a_leaving_too(network: Network) -> None:
    victim, spy = network.reader(), network.peer()
    spy.link.subscribe((own_topic(victim.id),))
    network.until(lambda: (spy.id, own_topic(victim.id)) in network.door.asked)
    spy.link.close()
    network.until(lambda: network.door.gone == [own_topic(victim.id)])
    network.master.publish(own_topic(victim.id), b"still yours")
    network.until(lambda: victim.published_frames == [b"still yours"])


def test_answer_to_a_peer_that_is_gone_is_refused(network: Network) -> None:
    peer = network.reader()
    inbound = network.request(peer, b"hello")
    peer.link.close()
    network.until(lambda: own_topic(peer.id) in network.door.gone)
    network.until(lambda: not network.master.send(inbound.route, b"too late"))
    assert not network.master.send(b"\0nobody", b"never was there")


def test_answer_goes_to_the_connection_that_asked(network: Network) -> None:
    key = CurveKey.generate()
    first, second = network.peer(key=key), network.peer(key=key)
    one, two = network.request(first, b"one"), network.request(second, b"two")
    assert one.peer == two.peer
    assert one.route != two.route
    assert network.master.send(two.route, b"for the second")
    network.until(lambda: second.replies == [b"for the second"])
    network.settle()
    assert first.replies == []


def test_link_finds_a_master_that_came_back(network: Network) -> None:
    peer = network.reader()
    before = network.request(peer, b"before")
    network.stop_master()
    network.door.asked.clear()
    network.start_master()
    after = network.request(peer, b"after")
    network.until(lambda: {topic for _, topic in network.door.asked} == set(peer.topics))
    network.settle()
    network.master.publish(own_topic(peer.id), b"job")
    network.until(lambda: peer.published_frames == [b"job"])
    assert network.master.send(after.route, b"answer")
    network.until(lambda: peer.replies == [b"answer"])
    assert before.peer == after.peer


def test_master_that_comes_later_is_found(network: Network) -> None:
    network.stop_master()
    peer = network.peer()
    for _ in range(20):
        network.loop.run_once(0.01)
    network.start_master()
    network.request(peer, b"here I am")


def test_master_with_another_key_is_not_believed(network: Network) -> None:
    other = replace(network.endpoint, curve_key=CurveKey.generate().public)
    peer = network.peer(endpoint=other)
    peer.link.send(b"are you the one")
    peer.link.subscribe(peer.topics)
    network.settle()
    assert b"are you the one" not in network.door.frames()
    assert [asked for asked in network.door.asked if asked[0] == peer.id] == []


def test_closed_link_says_and_hears_nothing_more(network: Network) -> None:
    peer = network.reader()
    inbound = network.request(peer, b"hello")
    network.master.send(inbound.route, b"on its way")
    network.master.publish(BROADCAST, b"on its way as well")
    peer.link.close()
    network.settle()
    assert peer.replies == []
    assert peer.published_frames == []


def test_link_may_be_closed_by_what_it_brings(network: Network) -> None:
    peer = network.reader()
    peer.replied = lambda _frame: peer.link.close()  # type: ignore[method-assign]
    inbound = network.request(peer, b"hello")
    for _ in range(3):
        network.master.send(inbound.route, b"go away")
    network.until(lambda: own_topic(peer.id) in network.door.gone)


def test_handler_that_fails_does_not_hold_up_the_next_request(network: Network) -> None:
    peer = network.peer()
    network.request(peer, b"first")

    def fail(_inbound: object) -> None:
        network.door.answer = lambda _inbound: None
        raise RuntimeError("a bug in a handler")

    network.door.answer = fail
    peer.link.send(b"poison")
    network.until(lambda: b"poison" in network.door.frames())
    network.request(peer, b"after it")


def test_hundred_peers_get_what_is_theirs(network: Network) -> None:
    network.door.answer = lambda inbound: (
        None if inbound.frame.startswith(b"probe") else _answer(network, inbound.route, inbound.frame)
    )
    peers = [network.peer() for _ in range(100)]
    for peer in peers:
        peer.link.subscribe(peer.topics)
        assert peer.link.send(peer.id.encode())
    network.until(lambda: all(peer.replies for peer in peers))
    network.until(lambda: len(network.door.asked) == 200)
    assert {(inbound.peer, inbound.frame) for inbound in network.door.requests} == {
        (peer.id, peer.id.encode()) for peer in peers
    }
    network.master.publish(BROADCAST, b"all")
    for peer in peers:
        network.master.publish(own_topic(peer.id), peer.id.encode())
    network.until(lambda: all(len(peer.published_frames) == 2 for peer in peers))
    assert all(peer.published_frames == [b"all", peer.id.encode()] for peer in peers)
    assert all(peer.replies == [peer.id.encode()] for peer in peers)


def _answer(network: Network, route: bytes, frame: bytes) -> None:
    assert network.master.send(route, frame)
