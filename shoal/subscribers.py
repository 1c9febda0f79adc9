"""Who reads what at the master's publish port: bookkeeping for `shoal/zmq_transport/master.py`, no sockets.

libzmq keeps a subscription as a path with a node for each byte, and when a connection ends it goes through all
paths of all connections, in the master's one thread (4.3.5, xpub.cpp, `xpipe_terminated`). With the own topics of
8,000 minions, 35 bytes each, that took 33 ms for each minion that went away; 3,000 took 24 s to stop. Hence:

1. Every minion asks for the same `MINE`; the master grants it a short number of its own below that (0.6 ms).
   The number is its key's for as long as the master runs, so what is on its way to one never reaches another.
2. What libzmq says at the end of a connection no longer tells whose it was. The connection's descriptor does:
   libzmq puts it on each subscription, and a socket monitor reports when one is accepted and when it is closed.
   A descriptor is used again, but not before its end was reported; so read the reports before a subscription.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from shoal.transport import own_topic, topic_owner

MINE: Final = b"me\0"
_NUMBER_BYTES: Final = 4


@dataclass(slots=True)
class _Reader:
    """One connection."""

    peer: str = ""  # known when it first asks
    topics: list[bytes] = field(default_factory=list)  # as asked for, granted or not, doubles too


class Subscribers:
    """Connections by descriptor, and the short topics that stand for own ones."""

    def __init__(self) -> None:
        self._readers: dict[int, _Reader] = {}
        self._short: dict[str, bytes] = {}  # peer -> its number, as a topic
        self._on_wire: dict[bytes, bytes] = {}  # own topic -> what it is called on the wire

    def accepted(self, descriptor: int) -> None:
        """Note a new connection."""
        self._readers[descriptor] = _Reader()

    def ended(self, descriptor: int) -> tuple[str, list[bytes]]:
        """Note the end of a connection; return whose it was and the topics it had asked for."""
        reader = self._readers.pop(descriptor, None)
        return (reader.peer, reader.topics) if reader else ("", [])

    def everybody_ended(self) -> None:
        """Note the end of all connections. The numbers stay."""
        self._readers.clear()

    def asked(self, descriptor: int, peer: str, wire: bytes) -> bytes | None:
        """Note a subscription; return the topic that `peer` means, or None when its connection has ended."""
        reader = self._readers.get(descriptor)
        if reader is None:
            return None
        topic = own_topic(peer) if wire == MINE and peer else wire
        reader.peer = peer
        reader.topics.append(topic)
        return topic

    def cancelled(self, descriptor: int, peer: str, wire: bytes) -> bytes:
        """Note that a peer takes a subscription back; return the topic that it means.

        One to all, or to what is another's, counts until the connection ends.
        """
        topic = own_topic(peer) if wire == MINE and peer else wire
        reader = self._readers.get(descriptor)
        if reader is not None and topic_owner(topic) == peer and topic in reader.topics:
            reader.topics.remove(topic)
        return topic

    def granted(self, peer: str, topic: bytes, wire: bytes) -> bytes:
        """Return what to grant `peer`, who asked for `wire` and means `topic`; its own is published as that now."""
        if wire == MINE:
            wire = self._short_topic(peer)
        if topic_owner(topic) == peer:
            self._on_wire[topic] = wire
        return wire

    def taken_back(self, peer: str, wire: bytes) -> bytes:
        """Return the topic that was granted `peer` for `wire`."""
        return self._short_topic(peer) if wire == MINE and peer else wire

    def on_wire(self, topic: bytes) -> bytes:
        """Return what `topic` is called on the wire."""
        return self._on_wire.get(topic, topic)

    def _short_topic(self, peer: str) -> bytes:
        short = self._short.get(peer)
        if short is None:
            short = self._short[peer] = MINE + len(self._short).to_bytes(_NUMBER_BYTES, "big")
        return short
