"""Results until the daemon says it has them, and what else it should know.

1. A result is sent when the link has room, and dropped when it is acknowledged; over `max_bytes` the largest
   values are replaced by a text, so that return codes are never lost. While a daemon is behind with them
   (`crowded`), no more jobs are begun: with the usual limits nothing is cut then.
2. After a new daemon has greeted, everything not acknowledged goes out again.
3. Requests wait for a daemon, the newest `_EVENTS` of them; started jobs are told to a present daemon only:
   a new one gets the list of running jobs with the greeting.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from typing import Any, Final

from minion.executor.link import HIGH_WATER, Link
from shoal.returns import Return
from shoal.wire import encode

log = logging.getLogger(__name__)

_EVENTS: Final = 100
_OVERHEAD: Final = 512  # what a result costs beside its value
_WORTH_DROPPING: Final = 1024


class Outbox:
    """Holds what goes to the daemon."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._kept: dict[str, Return] = {}  # oldest first
        self._unsent: deque[str] = deque()
        self._bytes = 0
        self._events: deque[dict[str, Any]] = deque(maxlen=_EVENTS)
        self._link: Link | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, jid: str) -> bool:
        return jid in self._kept

    @property
    def crowded(self) -> bool:
        """True when a daemon is there and much waits for it."""
        return self._link is not None and self._bytes > self.max_bytes // 4

    def kept(self) -> list[Return]:
        """Return the results that nobody has acknowledged, oldest first."""
        return list(self._kept.values())

    def put(self, ret: Return) -> None:
        """Take a result."""
        self._kept[ret.jid] = ret
        self._bytes += len(ret.packed) + _OVERHEAD
        self._unsent.append(ret.jid)
        if self._bytes > self.max_bytes:
            self._shrink()
        self._pump()

    def acknowledge(self, jid: str) -> None:
        """Forget the result of `jid`: the daemon has it."""
        ret = self._kept.pop(jid, None)
        if ret is not None:
            self._bytes -= len(ret.packed) + _OVERHEAD

    def request(self, message: dict[str, Any]) -> None:
        """Take something a job asks of the daemon."""
        self._events.append(message)
        self._pump()

    def tell(self, message: dict[str, Any]) -> None:
        """Send something that is of use only to a daemon that is there."""
        if self._link is not None and self._link.pending < HIGH_WATER:
            self._link.send(message)

    def attach(self, link: Link) -> None:
        """Send everything over `link` from now on."""
        self._link = link
        link.on_drained = self._pump
        self._unsent = deque(self._kept)
        self._pump()

    def detach(self) -> None:
        """Keep everything: there is no daemon."""
        self._link = None

    def _pump(self) -> None:
        link = self._link
        while link is not None and link.pending < HIGH_WATER and (self._events or self._unsent):
            if self._events:
                link.send(self._events.popleft())
                continue
            ret = self._kept.get(self._unsent.popleft())
            if ret is not None:
                link.send({"op": "return", "ret": ret.to_wire()})

    def _shrink(self) -> None:
        for jid, ret in sorted(self._kept.items(), key=lambda item: len(item[1].packed), reverse=True):
            size = len(ret.packed)
            if self._bytes <= self.max_bytes or size < _WORTH_DROPPING:
                break
            text = f"The result of {size} bytes was dropped: too many results waited for the minion's daemon."
            self._kept[jid] = replace(ret, packed=encode(text), trimmed=ret.trimmed + size)
            self._bytes -= size - len(self._kept[jid].packed)
            log.warning("dropped a waiting result", extra={"action": "executor_result_dropped", "jid": jid})
