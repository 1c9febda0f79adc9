"""Token buckets: how much one source, or one key, may ask for. A bucket that is full again is forgotten."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from master.config import MasterConfig
from shoal.messages import MAX_REQUEST_BYTES, Verb

_MAX_KEYS: Final = 1_000_000
_SWEEP_S: Final = (
    1.0  # looking through all buckets costs; whoever fills them must not make us do it all the time
)
_BURST_S: Final = 5.0  # what a key did not use is kept for so long
_MIN_BURST: Final = 100.0  # the dearest verb must fit
_SIGNS_PER_S: Final = 5.0
_CONNECTIONS_PER_S: Final = 5.0
_SOURCES_MAX: Final = 10_000
_REPORTS_PER_S: Final = 1.0  # log lines on refused messages of one source; all are counted
_SIGNS: Final = frozenset({"hello", "heartbeat"})


class Bucket:
    """`rate` units a second, `burst` at once."""

    __slots__ = ("_at", "_burst", "_level", "_rate")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._at = now

    def take(self, units: float, now: float) -> bool:
        """Take `units` if they are there."""
        level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        if level < units:
            self._level = level
            return False
        self._level = level - units
        return True

    def full(self, now: float) -> bool:
        """True when nothing was taken for long enough."""
        return self._level + (now - self._at) * self._rate >= self._burst


class Buckets:
    """A bucket for each key, in bounded memory."""

    def __init__(self, rate: float, burst: float, monotonic: Callable[[], float], max_keys: int) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        self._max = max_keys
        self._buckets: dict[str, Bucket] = {}
        self._swept = 0.0

    def take(self, key: str, units: float = 1.0) -> bool:
        """Take from the bucket of `key`; with too many keys at once, new ones are refused."""
        now = self._monotonic()
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= self._max and now - self._swept >= _SWEEP_S:
                self._sweep(now)
            if len(self._buckets) >= self._max:
                return False
            bucket = self._buckets[key] = Bucket(self._rate, self._burst, now)
        return bucket.take(units, now)

    def _sweep(self, now: float) -> None:
        self._swept = now
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if not bucket.full(now)}


class Quotas:
    """What each known key may use, over however many connections and sessions it comes.

    Signs of life (hello, heartbeat) are counted apart: few are needed, and no flood of the same minion's
    other messages crowds them out.
    """

    def __init__(self, messages_per_s: float, bytes_per_s: float, monotonic: Callable[[], float]) -> None:
        def buckets(rate: float, burst: float) -> Buckets:
            return Buckets(rate, burst, monotonic, _MAX_KEYS)

        self._messages = buckets(messages_per_s, max(messages_per_s * _BURST_S, _MIN_BURST))
        self._bytes = buckets(bytes_per_s, max(bytes_per_s * _BURST_S, float(MAX_REQUEST_BYTES)))
        self._signs = buckets(_SIGNS_PER_S, _SIGNS_PER_S * 10)
        self._connections = buckets(_CONNECTIONS_PER_S, _CONNECTIONS_PER_S * 20)

    def take(self, peer: str, verb: Verb | None, size: int) -> bool:
        """Take what one message of an accepted key costs; `verb` is None for what is none."""
        if verb is None:
            return self._messages.take(peer) and self._bytes.take(peer, size)
        if verb.name in _SIGNS and size <= verb.max_bytes:
            return self._signs.take(peer)
        return self._messages.take(peer, verb.cost) and self._bytes.take(peer, size)

    def take_sign(self, peer: str) -> bool:
        """Take what a message of a key costs that may say hello and nothing else."""
        return self._signs.take(peer)

    def take_connection(self, peer: str) -> bool:
        """Take what a new connection costs."""
        return self._connections.take(peer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """All limits on what comes in."""

    quotas: Quotas
    guests: Buckets  # first contacts, by source
    waiters: Buckets  # messages of keys that are not accepted, by source
    reports: Buckets  # lines in the log on refused messages, by source

    @classmethod
    def of(cls, config: MasterConfig, monotonic: Callable[[], float]) -> Doors:
        """Return the limits that the configuration sets."""

        def buckets(per_s: float) -> Buckets:
            return Buckets(per_s, per_s * 20, monotonic, _SOURCES_MAX)

        return cls(
            quotas=Quotas(config.minion_messages_per_s, config.minion_bytes_per_s, monotonic),
            guests=buckets(config.joins_per_s),
            waiters=buckets(config.joins_per_s * 10),
            reports=buckets(_REPORTS_PER_S),
        )


def source_of(address: str) -> str:
    """Return what counts as one source: an IPv4 address, or the /64 network of an IPv6 one.

    Whoever has one IPv6 address mostly has all of its network.
    """
    plain = address.removeprefix("::ffff:")
    if ":" not in plain:
        return plain
    try:
        return str(ipaddress.ip_network((plain.partition("%")[0], 64), strict=False))
    except ValueError:
        return plain
