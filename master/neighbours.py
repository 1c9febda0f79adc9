"""Masters that share a database: each looks, every few seconds, what the others have done. See docs/adr/0012.

1. Jobs that others have queued for minions that are connected here are taken into the outbox.
2. Keys, tags and grains that have changed are taken over; a key that lost its right is cut off here too.
3. Who is connected to another master is known, so that nobody is told that it is off.
4. The newest masters document goes to everybody, whoever made it.

The store is the truth and the only link: a master that is away misses nothing. What this master is changing at this
moment is left alone until the next look.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from master.keyring import KeyEntry
from master.keyroom import KeyRoom
from master.keystore import load_entries
from master.outbox import Outbox
from master.roster import Roster
from master.sessions import Sessions
from master.store.store import Store
from master.writer import Writer

log = logging.getLogger(__name__)

LOOK_S: Final = 2.0
_OVERLAP_S: Final = 30.0  # for clocks that differ and transactions that took their time
_GRAINS_AT_ONCE: Final = 200  # minions
_SEEN_S: Final = 15.0  # between two looks at who was heard of
_SEEN_LATELY_S: Final = 120.0
_MASTERS: Final = "masters_document"


class Neighbours:
    """See the module docstring."""

    def __init__(
        self,
        *,
        store: Store,
        writer: Writer,
        keys: KeyRoom,
        roster: Roster,
        sessions: Sessions,
        outbox: Outbox,
        greet_again: Callable[[str], None],
        use_masters: Callable[[bytes], bytes],
        now: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._writer = writer
        self._keys = keys
        self._roster = roster
        self._sessions = sessions
        self._outbox = outbox
        self._greet_again = greet_again
        self._use_masters = use_masters  # takes a document that may be newer, returns the one in use
        self._now = now
        self._monotonic = monotonic
        self._next_seen = 0.0
        self._digests = ("", "")
        self._missing: set[str] = set()  # peers that were known here at the last look, and not stored
        self._count = -1  # keys that were known here then
        self._since = now()  # when the last look began that saw everything
        self._reported: dict[str, float] = {}  # whose grains were taken over lately, and when they had come
        self._unread: set[str] = set()  # whose grains are to be taken over
        self._away = False

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
                self._away = False
            except Exception as error:  # the next look may do better, and there must be one
                if not self._away:
                    log.error(
                        "cannot see what other masters do: %s", error, extra={"action": "neighbours_unseen"}
                    )
                self._away = True
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Look once. Raises StoreError."""
        began = self._now()
        since = min(self._since, began) - _OVERLAP_S  # more after an outage: nothing may be missed by it
        fresh = await self._writer.read(self._store.shared.fresh_deliveries, since)
        self._outbox.found(fresh)
        digests = await self._writer.read(self._store.shared.digests)
        if digests[0] != self._digests[0] or self._missing or len(self._keys.peers()) != self._count:
            await self._take_keys()
        if digests[1] != self._digests[1]:
            await self._take_tags()
        self._digests = digests
        await self._take_grains(since)
        await self._take_masters()
        if began >= self._next_seen:
            self._next_seen = began + _SEEN_S
            await self._take_seen(began)
        self._since = began

    async def _take_keys(self) -> None:
        """Take over the keys, unless an operator is changing some here.

        Read in the writer's turn: what this master has decided is then stored, and known here, before it is read.
        A key that is not stored at two looks has been deleted by another master; at one, it may just have come.
        """
        entries = await self._writer.call(load_entries, self._store)
        if self._keys.changing:
            self._count = -1
            return
        missing = self._keys.peers() - {entry.peer for entry in entries}
        for peer in missing & self._missing:
            self._keys.unlearn(peer)
        self._missing = missing - self._missing
        for entry in sorted(entries, key=_denied_last):
            self._keys.learn(entry)
        self._count = len(entries) + len(self._missing)
        self._unread.update(each for each in self._roster.ids() if not self._roster.digest(each))
        self._digests = ("", "")  # who is new here has tags

    async def _take_grains(self, since: float) -> None:
        """Take over the grains that other masters have been told; of a minion that is here, its own word counts."""
        reported = await self._writer.read(self._store.shared.reported, since)
        self._unread.update(each for each, at in reported.items() if self._reported.get(each) != at)
        self._reported = reported
        self._unread = {each for each in self._unread if each in self._roster}
        wanted = [each for each in self._unread if not self._sessions.present(each)]
        for start in range(0, len(wanted), _GRAINS_AT_ONCE):
            part = wanted[start : start + _GRAINS_AT_ONCE]
            for minion, known in await self._writer.read(self._store.shared.grains, part):
                new = known["digest"] != self._roster.digest(minion)
                if new and minion in self._roster and not self._sessions.present(minion):
                    self._roster.set_grains(minion, known["grains"], known["digest"])
            self._unread.difference_update(part)

    async def _take_seen(self, now: float) -> None:
        seen = await self._writer.read(self._store.shared.seen, now - _SEEN_LATELY_S)
        monotonic = self._monotonic()
        self._sessions.seen_elsewhere({minion: monotonic - (now - at) for minion, at in seen.items()})

    async def _take_tags(self) -> None:
        tags = await self._writer.call(self._store.tags.all)
        for minion in self._roster.ids():
            if dict(self._roster.tags(minion)) != tags.get(minion, {}):
                self._roster.set_tags(minion, tags.get(minion, {}))
                self._greet_again(minion)

    async def _take_masters(self) -> None:
        stored = await self._writer.read(self._store.settings.get, _MASTERS, b"")
        in_use = self._use_masters(stored if isinstance(stored, bytes) else b"")
        if in_use != stored:
            await self._writer.call(self._store.settings.put, _MASTERS, in_use)


def _denied_last(entry: KeyEntry) -> bool:
    return entry.state == "denied"
