"""Group commit: one thread writes to the store; whatever has come in the meantime goes into the next transaction.

When the store is away, what is to be written waits here, bounded: jobs still go out, and returns that do not
fit are dropped unacknowledged, so that their minions keep them and send them again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random, SystemRandom
from typing import Any, Final, TypeVar

from master.store.delivery_rows import DeliveryChange, OutboxBatch
from master.store.facts import FactsRecord
from master.store.jobs import JobRecord
from master.store.store import Store
from shoal.errors import ConflictError, JidTakenError, StoreError
from shoal.returns import Return

log = logging.getLogger(__name__)

Result = TypeVar("Result")
_MAX_ROWS: Final = 5_000  # of one transaction
_MAX_BYTES: Final = 256 * 1024 * 1024  # of returns that wait
_RETRY_S: Final = 1.0
_CONFLICTS: Final = 4  # with another master, before a call is given up
_PAUSE_S: Final = 0.1  # at most, after the first; doubles: two that conflict must not go on in step
_PATIENCE_S: Final = 2.0  # with a store that does not answer, before a job goes out without it


class Writer:
    """The only one who writes to the store."""

    def __init__(
        self, store: Store, on_stored: Callable[[list[Return]], None], *, retry_s: float = _RETRY_S
    ) -> None:
        self._store = store
        self._retry_s = retry_s
        self._on_stored = on_stored
        self._random: Random = SystemRandom()
        self._thread = ThreadPoolExecutor(1, "store-writer")
        self._jobs: list[JobRecord] = []
        self._returns: list[Return] = []
        self._facts: dict[str, FactsRecord] = {}
        self._marks: list[DeliveryChange] = []
        self._silences: list[DeliveryChange] = []
        self.outboxed: set[str] = set()  # jobs that have rows in the table of deliveries
        self._bytes = 0
        self._wake = asyncio.Event()
        self.dropped = 0
        self.away = False  # the last commit failed
        self._stuck = False  # a call has not come back for long

    def add_return(self, ret: Return) -> bool:
        """Queue a return; False when too much waits already."""
        size = len(ret.packed)
        if self._bytes + size > _MAX_BYTES:
            self.dropped += 1
            return False
        self._bytes += size + 256
        self._returns.append(ret)
        self._wake.set()
        return True

    def add_facts(self, record: FactsRecord) -> None:
        """Queue a minion's facts; a newer record replaces one that waits."""
        self._facts[record.minion] = record
        self._wake.set()

    def mark(self, change: DeliveryChange) -> None:
        """Queue a step of a delivery."""
        self._marks.append(change)
        self._wake.set()

    def silent(self, changes: list[DeliveryChange]) -> None:
        """Queue how it ended with targets of one `now` job that did not return."""
        self.outboxed.update(change.jid for change in changes)
        self._silences += changes
        self._wake.set()

    @property
    def _busy(self) -> bool:
        return bool(self._jobs or self._returns or self._facts or self._marks or self._silences)

    async def add_job(self, record: JobRecord) -> None:
        """Store a job now, before it goes out. With the store away it waits, and the job goes out all the same.

        Raises JidTakenError: another job has its jid.
        """
        if not self.away and not self._stuck:
            adding = asyncio.ensure_future(self.call(self._store.jobs.add, record))
            try:
                await asyncio.wait_for(asyncio.shield(adding), _PATIENCE_S)
                return
            except asyncio.TimeoutError:
                self._wait_for(adding, record)
                return
            except JidTakenError:
                raise
            except StoreError as error:
                log.error("%s; the job goes out and is stored later", error, extra={"action": "store_away"})
        self._jobs.append(record)
        self._wake.set()

    def _wait_for(self, adding: asyncio.Future[None], record: JobRecord) -> None:
        """Send jobs out without the store until it has answered: it stands still, or the way to it does."""
        self._stuck = True
        text = "the store has not answered for %g s; jobs go out and are stored later"
        log.error(text, _PATIENCE_S, extra={"action": "store_stuck"})

        def answered(adding: asyncio.Future[None]) -> None:
            self._stuck = False
            if adding.cancelled() or adding.exception() is None:
                return
            self._jobs.append(record)
            self._wake.set()

        adding.add_done_callback(answered)

    async def call(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run a store function in the writer's turn. Raises what it raises."""
        work = partial(_persist, partial(function, *args), self._random)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def read(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run a reading store function beside the writer."""
        return await asyncio.to_thread(function, *args)

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._busy:
                if not await self._commit():
                    await asyncio.sleep(self._retry_s)

    async def flush(self) -> None:
        """Write what waits, once."""
        if self._busy:
            await self._commit()

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=True)

    async def _commit(self) -> bool:
        jobs, self._jobs = self._jobs[:_MAX_ROWS], self._jobs[_MAX_ROWS:]
        returns, self._returns = self._returns[:_MAX_ROWS], self._returns[_MAX_ROWS:]
        facts, self._facts = self._facts, {}
        marks, self._marks = self._marks[:_MAX_ROWS], self._marks[_MAX_ROWS:]
        silences, self._silences = self._silences[:_MAX_ROWS], self._silences[_MAX_ROWS:]
        outboxed = {ret.jid for ret in returns}
        if not self._store.shared.several:  # else another master may have made the deliveries
            outboxed &= self.outboxed
        outbox = OutboxBatch(marks=marks, silences=silences, outboxed=outboxed)
        try:
            await self.call(self._write, jobs, returns, facts, outbox)
        except Exception as error:  # whatever it is: nothing may be lost, and this loop must live
            if not self.away:
                log.error(
                    "the store does not take anything: %s", error,
                    extra={"action": "store_away"}, exc_info=not isinstance(error, StoreError),
                )  # fmt: skip
            self.away = True
            self._jobs[:0], self._returns[:0] = jobs, returns
            self._facts = {**facts, **self._facts}
            self._marks[:0], self._silences[:0] = marks, silences
            return False
        if self.away:
            log.warning("the store is back", extra={"action": "store_back"})
        self.away = False
        self._bytes -= sum(len(ret.packed) + 256 for ret in returns)
        self._on_stored(returns)
        return True

    def _write(
        self, jobs: list[JobRecord], returns: list[Return], facts: dict[str, FactsRecord], outbox: OutboxBatch
    ) -> None:
        """Write all in one transaction; if that fails, find out whether one item is to blame."""
        try:
            self._store.commit_batch(jobs=jobs, returns=returns, facts=list(facts.values()), outbox=outbox)
            return
        except ConflictError:
            raise  # nothing is wrong with what it was given
        except Exception:  # of whatever kind: the probe tells whether it is the store or what it was given
            self._probe()
        for job in jobs:
            self._write_one(f"job {job.jid}", jobs=[job])
        for ret in returns:
            self._write_one(
                f"return {ret.jid} of {ret.minion}",
                returns=[ret],
                outbox=replace(outbox, marks=(), silences=()),
            )
        for record in facts.values():
            self._write_one(f"facts of {record.minion}", facts=[record])
        for change in outbox.silences:
            self._write_one(f"end of {change.jid} for {change.minion}", outbox=OutboxBatch(silences=[change]))
        for change in outbox.marks:
            self._write_one(f"delivery {change.jid} to {change.minion}", outbox=OutboxBatch(marks=[change]))

    def _probe(self) -> None:
        """Raise StoreError when the store is away, for whatever reason."""
        self._store.settings.put("probe", True)

    def _write_one(
        self,
        what: str,
        *,
        jobs: list[JobRecord] | None = None,
        returns: list[Return] | None = None,
        facts: list[FactsRecord] | None = None,
        outbox: OutboxBatch | None = None,
    ) -> None:
        try:
            self._store.commit_batch(jobs=jobs or (), returns=returns or (), facts=facts or (), outbox=outbox)
        except ConflictError:
            raise  # all of it is tried again: what is stored by now does no harm
        except Exception as error:
            self._probe()  # the store may have gone away in the middle: then no item is to blame
            log.error("%s cannot be stored: %s", what, error, extra={"action": "row_refused"})


def _persist(function: Callable[[], Result], random: Random) -> Result:
    """Call `function` again when the database undid it because another master was at the same rows."""
    for conflicts in range(_CONFLICTS):
        try:
            return function()
        except ConflictError as error:
            log.info("%s", error, extra={"action": "store_conflict"})
            time.sleep(random.uniform(0.0, _PAUSE_S * 2.0**conflicts))  # in the writer's own thread
    return function()
