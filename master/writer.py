"""Group commit: one thread writes to the store; whatever has come in the meantime goes into the next transaction.

When the store is away, what is to be written waits here, bounded: jobs still go out, and returns that do not
fit are dropped unacknowledged, so that their minions keep them and send them again. A store that says nothing at
all (a server that stands still, a host that vanished) counts as away after two seconds, and no order waits longer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from random import Random, SystemRandom
from typing import Any, Final, TypeVar

from master.store.delivery_rows import DeliveryChange, OutboxBatch
from master.store.facts import FactsRecord
from master.store.jobs import JobRecord
from master.store.returns import Key
from master.store.store import Store
from shoal.errors import ConflictError, JidTakenError, StoreError
from shoal.returns import Return

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Wanted = Mapping[Key, Sequence[str]]  # a return, and the returners that are to get it
_MAX_ROWS: Final = 5_000  # of one transaction
_MAX_BYTES: Final = 256 * 1024 * 1024  # of returns that wait
_RETRY_S: Final = 1.0
_CONFLICTS: Final = 4  # with another master, before a call is given up
_PAUSE_S: Final = 0.1  # at most, after the first; doubles: two that conflict must not go on in step
_PATIENCE_S: Final = 2.0  # with a store that neither takes nor refuses
_READERS: Final = 4
_SILENT: Final = "the store does not answer"


def _nobody(_returners: Collection[str]) -> None:
    """Tell no returner that something waits for it."""


class Writer:
    """The only one who writes to the store."""

    def __init__(
        self,
        store: Store,
        on_stored: Callable[[list[Return]], None],
        *,
        on_queued: Callable[[Collection[str]], None] = _nobody,
        retry_s: float = _RETRY_S,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._store = store
        self._retry_s = retry_s
        self._patience_s = patience_s
        self._on_stored = on_stored
        self._on_queued = on_queued
        self._random: Random = SystemRandom()
        self._thread = ThreadPoolExecutor(1, "store-writer")
        self._readers = ThreadPoolExecutor(_READERS, "store-reader")
        self._jobs: list[JobRecord] = []
        self._returns: list[Return] = []
        self._wanted: dict[Key, Sequence[str]] = {}  # of these returns, those that returners are to get
        self._facts: dict[str, FactsRecord] = {}
        self._marks: list[DeliveryChange] = []
        self._silences: list[DeliveryChange] = []
        self.outboxed: set[str] = set()  # jobs that have rows in the table of deliveries
        self._bytes = 0
        self._wake = asyncio.Event()
        self.dropped = 0
        self.away = False  # the last commit failed, or the store has stalled
        self.stalled = False  # a call has not come back for long
        self._left: set[asyncio.Future[Any]] = set()  # what nobody waits for any more

    def add_return(self, ret: Return, returners: Sequence[str] = ()) -> bool:
        """Queue a return, and with it its way to these returners; False when too much waits already."""
        size = len(ret.packed)
        if self._bytes + size > _MAX_BYTES:
            self.dropped += 1
            return False
        self._bytes += size + 256
        self._returns.append(ret)
        if returners:
            self._wanted[ret.jid, ret.minion] = returners
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
        if self.away:
            self._later(record)
            return
        adding = asyncio.ensure_future(self.call(self._store.jobs.add, record))
        if not await self._in_time(adding):
            adding.add_done_callback(lambda adding: self._later(record) if _error(adding) else None)
            return
        try:
            adding.result()
        except JidTakenError:
            raise
        except StoreError as error:
            log.error("%s; the job goes out and is stored later", error, extra={"action": "store_away"})
            self._later(record)

    async def promise(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run a store function on which a promise rests, soon or not at all.

        Raises:
            StoreError: the store refused, or has stalled. Then it may have been carried out, or still will be.
        """
        if self.stalled:
            raise StoreError(_SILENT)
        storing = asyncio.ensure_future(self.call(function, *args))
        if not await self._in_time(storing):
            self._leave(storing)
            raise StoreError(_SILENT)
        return storing.result()

    async def patiently(self, work: Awaitable[Result]) -> Result:
        """Wait for what an operator asked for, unless the store it needs has stalled: it then goes on by itself.

        Raises:
            StoreError: the store has stalled, or whatever `work` raises.
        """
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=self._patience_s))[0]:
                if not self.stalled:
                    await self._in_time(asyncio.ensure_future(self.call(self._probe)))
                if self.stalled and not task.done():
                    self._leave(task)
                    raise StoreError(f"{_SILENT}; what was asked for may still be done when it does")
        except asyncio.CancelledError:
            task.cancel()
            raise
        return task.result()

    async def call(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run a store function in the writer's turn. Raises what it raises."""
        work = partial(_persist, partial(function, *args), self._random)
        return await self._watched(self._thread, work)

    async def read(self, function: Callable[..., Result], *args: Any) -> Result:
        """Run a reading store function beside the writer."""
        return await self._watched(self._readers, partial(function, *args))

    async def _watched(self, pool: ThreadPoolExecutor, work: Callable[[], Result]) -> Result:
        future = asyncio.get_running_loop().run_in_executor(pool, work)
        future.add_done_callback(self._answered)
        return await future

    def _answered(self, future: asyncio.Future[Any]) -> None:
        if not future.cancelled():
            self.stalled = False

    async def _in_time(self, work: asyncio.Future[Any]) -> bool:
        """Wait for the store as long as that is bearable; False when it has not answered by then."""
        done, _ = await asyncio.wait({work}, timeout=self._patience_s)
        if not done:
            self.stalled = True
            self._note_away(f"no answer for {self._patience_s:g} s")
            self._wake.set()  # `run` asks until it answers
        return bool(done)

    def _leave(self, work: asyncio.Future[Any]) -> None:
        self._left.add(work)
        work.add_done_callback(_error)
        work.add_done_callback(self._left.discard)

    def _later(self, record: JobRecord) -> None:
        self._jobs.append(record)
        self._wake.set()

    def _note_away(self, why: object, *, trace: bool = False) -> None:
        if not self.away:
            extra = {"action": "store_away"}
            log.error("the store does not take anything: %s", why, extra=extra, exc_info=trace)
        self.away = True

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._busy or self.away:
                if not await self._commit():
                    await asyncio.sleep(self._retry_s)

    async def flush(self) -> None:
        """Write what waits, once."""
        if self._busy:
            await self._commit()

    def close(self) -> None:
        """End the threads; those of a stalled store are not waited for."""
        for pool in (self._thread, self._readers):
            pool.shutdown(wait=not self.stalled, cancel_futures=self.stalled)

    async def _commit(self) -> bool:
        jobs, self._jobs = self._jobs[:_MAX_ROWS], self._jobs[_MAX_ROWS:]
        returns, self._returns = self._returns[:_MAX_ROWS], self._returns[_MAX_ROWS:]
        facts, self._facts = self._facts, {}
        marks, self._marks = self._marks[:_MAX_ROWS], self._marks[_MAX_ROWS:]
        silences, self._silences = self._silences[:_MAX_ROWS], self._silences[_MAX_ROWS:]
        wanted = self._take_wanted(returns)
        outboxed = {ret.jid for ret in returns}
        if not self._store.shared.several:  # else another master may have made the deliveries
            outboxed &= self.outboxed
        outbox = OutboxBatch(marks=marks, silences=silences, outboxed=outboxed)
        try:
            writing = asyncio.ensure_future(self.call(self._write, jobs, returns, facts, outbox, wanted))
            await self._in_time(writing)
            await writing
        except Exception as error:  # whatever it is: nothing may be lost, and this loop must live
            self._note_away(error, trace=not isinstance(error, StoreError))
            self._jobs[:0], self._returns[:0] = jobs, returns
            self._wanted = {**wanted, **self._wanted}
            self._facts = {**facts, **self._facts}
            self._marks[:0], self._silences[:0] = marks, silences
            return False
        if self.away:
            log.warning("the store is back", extra={"action": "store_back"})
        self.away = False
        self._bytes -= sum(len(ret.packed) + 256 for ret in returns)
        self._on_stored(returns)
        if wanted:
            self._on_queued({name for names in wanted.values() for name in names})
        return True

    def _take_wanted(self, returns: list[Return]) -> Wanted:
        """Return what returners are to get of `returns`; no work when there are none."""
        if not self._wanted:
            return {}
        if not self._returns:
            wanted, self._wanted = self._wanted, {}
            return wanted
        keys = [(ret.jid, ret.minion) for ret in returns]
        return {key: self._wanted.pop(key) for key in keys if key in self._wanted}

    def _write(
        self,
        jobs: list[JobRecord],
        returns: list[Return],
        facts: dict[str, FactsRecord],
        outbox: OutboxBatch,
        wanted: Wanted,
    ) -> None:
        """Write all in one transaction; if that fails, find out whether one item is to blame."""
        try:
            self._store.commit_batch(
                jobs=jobs, returns=returns, facts=list(facts.values()), outbox=outbox, wanted=wanted
            )
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
                wanted=wanted,
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
        wanted: Wanted | None = None,
    ) -> None:
        try:
            self._store.commit_batch(
                jobs=jobs or (), returns=returns or (), facts=facts or (), outbox=outbox, wanted=wanted
            )
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


def _error(done: asyncio.Future[Any]) -> BaseException | None:
    """Return what went wrong, and have looked: asyncio complains of errors that nobody has seen."""
    return None if done.cancelled() else done.exception()
