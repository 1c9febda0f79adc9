"""Who is connected: one session per accepted minion, made by its hello.

A session is bound to one connection (`route`). Messages of the same key over another connection are answered
"hello first", so a copied box (same key, two processes) always shows: its hello carries another `instance` while
the first session still answers. Presence needs both halves: the subscription (jobs can reach it) and the
request connection (it was heard of lately).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

_WHILE_READING: Final = 10
_ELSEWHERE_S: Final = 5.0  # later than here, for clocks that differ
_FORGET_S: Final = 120.0


@dataclass(slots=True)
class Session:
    """One connected minion."""

    id: str
    peer: str
    route: bytes
    instance: str
    address: str
    since: float  # epoch seconds
    heard: float  # monotonic
    version: str = ""
    probed: float = 0.0  # monotonic time of an unanswered probe because of a second hello, 0 = none
    running: set[str] = field(default_factory=set)


class Sessions:
    """All sessions, by minion id, and who reads which topic, by peer."""

    def __init__(self, monotonic: Callable[[], float], lost_after_s: float) -> None:
        self._monotonic = monotonic
        self._lost_after_s = lost_after_s
        self._by_id: dict[str, Session] = {}
        self._heard: dict[str, float] = {}  # monotonic, of those without a session
        self._elsewhere: dict[str, float] = {}  # monotonic, when another master had heard of it
        self._readers: dict[str, int] = {}  # peer -> subscriptions to its own topic, granted or not
        self._granted: set[str] = set()  # of these, who was granted one
        self._reading_all = 0  # subscriptions to the topic of all; beside each is one to an own topic
        self._reading_own = 0
        self._revoked: dict[str, float] = {}  # peers that lost their key while they were reading

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, minion_id: str) -> Session | None:
        """Return the session of a minion."""
        return self._by_id.get(minion_id)

    def put(self, session: Session) -> None:
        """Begin or replace a session."""
        self._by_id[session.id] = session
        self._revoked.pop(session.peer, None)  # an operator has accepted it again

    def drop(self, minion_id: str) -> Session | None:
        """End a session."""
        session = self._by_id.pop(minion_id, None)
        if session is not None:
            self._heard[minion_id] = session.heard
        return session

    def remember(self, minion_id: str, heard: float) -> None:
        """Note when a minion was heard of before this process began, on its monotonic clock (below its start)."""
        self._heard[minion_id] = heard

    def forget(self, minion_id: str) -> None:
        """Forget a minion whose key is gone."""
        self._heard.pop(minion_id, None)
        self._elsewhere.pop(minion_id, None)

    def seen_elsewhere(self, heard: Mapping[str, float]) -> None:
        """Note which minions other masters have heard of lately, on the monotonic clock."""
        self._elsewhere = dict(heard)

    def elsewhere(self, minion_id: str) -> bool:
        """Say whether a minion that is not here is connected to another master, as far as is known."""
        at = self._elsewhere.get(minion_id)
        if at is None or self._by_id.get(minion_id) is not None:
            return False
        last = self._heard.get(minion_id)
        return (last is None or at > last + _ELSEWHERE_S) and self._monotonic() - at < _FORGET_S

    def heard(self, minion_id: str) -> float | None:
        """Return when a minion was last heard of, on the monotonic clock; None: never."""
        session = self._by_id.get(minion_id)
        return session.heard if session is not None else self._heard.get(minion_id)

    def alive(self, session: Session) -> bool:
        """True while heartbeats come."""
        return self._monotonic() - session.heard < self._lost_after_s

    def over(self, session: Session) -> bool:
        """True when a session has been silent for so long that it may be dropped.

        One whose minion still reads its topic gets more time: a large result on a thin link is one message, and
        until it has arrived nothing else is heard.
        """
        patience = self._lost_after_s * (_WHILE_READING if self.reading(session.peer) else 1)
        return self._monotonic() - session.heard >= patience

    def present(self, minion_id: str) -> bool:
        """True when a job sent now would reach the minion."""
        session = self._by_id.get(minion_id)
        return session is not None and self.reading(session.peer) and self.alive(session)

    def reading(self, peer: str) -> bool:
        """True when `peer` reads its own topic."""
        return peer in self._granted

    def began_reading(self, peer: str, *, granted: bool) -> None:
        """Note a subscription to the own topic of `peer`, granted or not: each ends with one `stopped_reading`."""
        self._readers[peer] = self._readers.get(peer, 0) + 1
        if granted:
            self._granted.add(peer)
            self._reading_own += 1

    def stopped_reading(self, peer: str) -> bool:
        """Note the end of a subscription; True when it was the last one."""
        count = self._readers.get(peer, 0) - 1
        self._reading_own -= 1
        if count > 0:
            self._readers[peer] = count
            return False
        self._readers.pop(peer, None)
        self._granted.discard(peer)
        self._revoked.pop(peer, None)
        return True

    def nobody_reads(self) -> None:
        """Note the end of all subscriptions."""
        self._readers.clear()
        self._granted.clear()
        self._revoked.clear()
        self._reading_all = self._reading_own = 0

    @property
    def readers(self) -> Set[str]:
        """The peers that read their own topic, and so that of all."""
        return self._granted

    def began_reading_all(self) -> None:
        """Note a subscription to the topic of all, granted or not: each ends with one `stopped_reading_all`."""
        self._reading_all += 1

    def stopped_reading_all(self) -> None:
        """Note the end of one; whose it was is not known."""
        self._reading_all -= 1

    def revoke(self, peer: str) -> None:
        """Note that a key lost its right while it may be reading `all`."""
        if peer in self._readers:
            self._revoked[peer] = self._monotonic()

    @property
    def broadcast_is_safe(self) -> bool:
        """False while a peer without right may still read the topic of all.

        It can be a revoked one that is still connected, or, as nobody can tell whose a subscription to all is,
        one that subscribed to nothing else: our minions never do.
        """
        return not self._revoked and self._reading_all <= self._reading_own
