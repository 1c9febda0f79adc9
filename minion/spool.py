"""Returns until the master has stored them, in the minion's ledger when memory is not enough.

1. A return waits in memory as long as the master answers: mostly it is acknowledged within milliseconds, and the
   box's flash is spared.
2. `settle` writes down what still waits: when there is no connection, when an acknowledgement is late, and before
   the daemon stops. A return of a job that the ledger knows is written down at once.
3. When the disk takes nothing, memory serves, within its own bound, until the disk takes again. Of jobs on record
   whose returns went home that way the ledger is told later that they have ended, or a restart would take them up.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Iterable, Iterator
from typing import Final, Protocol

from minion.ledger.ledger import Ledger
from minion.outbox import Outbox
from shoal.errors import LedgerError
from shoal.returns import Return

log = logging.getLogger(__name__)

_MAX_ENDED: Final = 10_000


class Waiting(Protocol):
    """Where returns wait: `Outbox`, in memory only, or `Spool`."""

    def __len__(self) -> int: ...

    def __contains__(self, jid: object) -> bool: ...

    def add(self, ret: Return) -> None:
        """Keep `ret`."""

    def acknowledged(self, jids: Iterable[str]) -> None:
        """Forget what the master has stored."""

    def waiting(self, skip: Container[str]) -> Iterator[Return]:
        """Yield what waits, oldest first, without the jids in `skip`."""

    def settle(self) -> None:
        """Bring what waits where it survives this process, if there is such a place."""


class Spool:
    """See the module docstring."""

    def __init__(self, ledger: Ledger, memory: Outbox) -> None:
        self._ledger = ledger
        self._memory = memory
        self._refused = False  # the last write failed
        self._unwritten: set[str] = set()  # jobs that may be on record and whose returns are in memory only
        self._ended: dict[str, None] = {}  # of those, the ones the master has by now, oldest first

    def __len__(self) -> int:
        return len(self._memory) + self._on_disk()

    def __contains__(self, jid: object) -> bool:
        """True when a job has ended and its return, or the word that it has ended, waits here."""
        return jid in self._memory or (isinstance(jid, str) and (jid in self._ended or self._is_on_disk(jid)))

    def add(self, ret: Return) -> None:
        """Keep `ret`."""
        self._memory.add(ret)
        if self._on_record(ret.jid):
            self._unwritten.add(ret.jid)
            self._write(ret)

    def acknowledged(self, jids: Iterable[str]) -> None:
        """Forget what the master has stored."""
        written = []
        for jid in jids:
            if not self._memory.remove(jid):
                written.append(jid)
            elif jid in self._unwritten:
                self._unwritten.discard(jid)
                self._ended[jid] = None
        self._note_ended()
        if not written:
            return
        try:
            self._ledger.acknowledged(written)
        except LedgerError as error:  # they go out once more, and the master knows them
            self._complain(error)

    def waiting(self, skip: Container[str]) -> Iterator[Return]:
        """Yield what waits, oldest first, without the jids in `skip`."""
        try:
            yield from self._ledger.unsent(skip)
        except LedgerError as error:
            self._complain(error)
        yield from self._memory.waiting(skip)

    def settle(self) -> None:
        """Write down what waits in memory."""
        self._write(*self._memory.waiting(()))
        self._note_ended()

    def _write(self, *returns: Return) -> None:
        if not returns:
            return
        try:
            self._ledger.finished(*returns)
        except LedgerError as error:
            self._complain(error)
            return
        self._unwritten.difference_update(ret.jid for ret in returns)
        self._memory.acknowledged([ret.jid for ret in returns])
        self._refused = False

    def _note_ended(self) -> None:
        if not self._ended:
            return
        while len(self._ended) > _MAX_ENDED:
            del self._ended[next(iter(self._ended))]
        try:
            self._ledger.ended(self._ended)
            self._ended.clear()
        except LedgerError as error:
            self._complain(error)

    def _on_record(self, jid: str) -> bool:
        try:
            return self._ledger.seen(jid)
        except LedgerError as error:
            self._complain(error)
            return True  # it may be

    def _on_disk(self) -> int:
        try:
            return self._ledger.unsent_count
        except LedgerError as error:
            self._complain(error)
            return 0

    def _is_on_disk(self, jid: str) -> bool:
        try:
            return jid in self._ledger
        except LedgerError as error:
            self._complain(error)
            return False

    def _complain(self, error: LedgerError) -> None:
        """Log the first of a row of failures."""
        if not self._refused:
            log.error("%s; returns wait in memory", error, extra={"action": "ledger_failed"})
        self._refused = True
