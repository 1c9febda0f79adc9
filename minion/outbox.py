"""Returns on their way, in memory: each is kept until the master says that it is stored. See `spool.py`.

Bounded by bytes: when it is full, large values are trimmed to an explaining text first, the oldest before the
newest, then the oldest returns go. Return codes and outcomes are the last to be lost.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator
from dataclasses import replace
from typing import Final

from shoal.returns import Return
from shoal.wire import encode

log = logging.getLogger(__name__)

_SMALL: Final = 2048  # values up to this size are not worth trimming
_OVERHEAD: Final = 512  # what a return costs besides its value


class Outbox:
    """Unacknowledged returns by job id, oldest first."""

    def __init__(self, max_bytes: int = 16 * 1024 * 1024) -> None:
        self._max = max_bytes
        self._held: dict[str, Return] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, jid: object) -> bool:
        return jid in self._held

    def __iter__(self) -> Iterator[Return]:
        return iter(list(self._held.values()))

    def add(self, ret: Return) -> None:
        """Keep `ret`, making room if need be."""
        self.remove(ret.jid)
        self._held[ret.jid] = ret
        self._bytes += len(ret.packed) + _OVERHEAD
        if self._bytes > self._max:
            self._make_room()

    def remove(self, jid: str) -> bool:
        """Forget the return of `jid`; False when there is none."""
        ret = self._held.pop(jid, None)
        if ret is None:
            return False
        self._bytes -= len(ret.packed) + _OVERHEAD
        return True

    def acknowledged(self, jids: Iterable[str]) -> None:
        """Forget what the master has stored."""
        for jid in jids:
            self.remove(jid)

    def waiting(self, skip: Container[str]) -> Iterator[Return]:
        """Yield what waits, oldest first, without the jids in `skip`."""
        return (ret for ret in self if ret.jid not in skip)

    def settle(self) -> None:
        """There is no other place."""

    def _make_room(self) -> None:
        for jid, ret in list(self._held.items()):
            if self._bytes <= self._max:
                return
            if len(ret.packed) > _SMALL:
                self._trim(jid, ret)
        while self._bytes > self._max and len(self._held) > 1:
            oldest = next(iter(self._held))
            log.error(
                "return dropped: outbox full", extra={"action": "return_dropped", "job": {"jid": oldest}}
            )
            self.remove(oldest)

    def _trim(self, jid: str, ret: Return) -> None:
        cut = len(ret.packed)
        packed = encode(f"[{cut} bytes of output dropped: the outbox of this minion was full]")
        self._held[jid] = replace(ret, packed=packed, trimmed=ret.trimmed + cut)
        self._bytes -= cut - len(packed)
