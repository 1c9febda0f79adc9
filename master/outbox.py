"""Jobs that wait for their minions (`queue`): sent when one comes, and again until it says that it has the job.

The store's table of deliveries is the truth; in memory is only who has something waiting, and what is on its way.

1. A minion that can be reached is sent what waits for it, oldest first, some at a time: when it comes, and else
   within a second or two, for it may be heard again over a connection that was only slow.
2. What was sent and not acknowledged is sent again: when the minion comes anew, else with growing, random waits.
3. A delivery ends by the minion's return, which is stored in the same transaction, or with the job's expiry.
4. A job that is taken back is never sent again; a minion that may have it is asked, again and again, to end it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from functools import partial
from itertools import islice
from random import Random
from typing import Any, Final

from master.publisher import Publisher
from master.sessions import Sessions
from master.store.deliveries import Cancelled, Delivery
from master.store.delivery_rows import DeliveryChange
from master.store.delivery_state import CANCELLING, QUEUED, RECEIVED, RUNNING, SENT
from master.store.jobs import JobRecord
from master.store.store import Store
from master.writer import Writer
from shoal.errors import StoreError
from shoal.ids import jid_time
from shoal.job import EVERYONE, Job

log = logging.getLogger(__name__)

_AT_ONCE: Final = 20  # jobs for one minion on their way; what it acknowledges makes room
_SETTLE_S: Final = 0.1  # a subscription counts in the next turn, and a hello mostly comes with it
_LOOK_S: Final = 1.0
_PATIENCE_S: Final = 5.0  # for an acknowledgement; doubles with each attempt
_MAX_PATIENCE_S: Final = 600.0
_LOST_AFTER_S: Final = (
    7 * 86400.0
)  # after its expiry, a job that has begun and of which nobody has heard again
_KNOWN_S: Final = 45 * 86400.0  # a job lives for 31 days at most, and `_LOST_AFTER_S` after that all is over
_HEARD_S: Final = 86400.0  # in which every minion that is still there has come
_KEPT_JOBS: Final = 200
_LIMIT: Final = _AT_ONCE * 5  # rows of one minion that are looked at together
_MINIONS_AT_ONCE: Final = 200
_TO_SEND: Final = (QUEUED, SENT, CANCELLING)


class Outbox:
    """See the module docstring."""

    def __init__(
        self,
        *,
        fleet: str,
        store: Store,
        writer: Writer,
        sessions: Sessions,
        now: Callable[[], float],
        random: Random,
    ) -> None:
        self._fleet = fleet
        self._store = store
        self._writer = writer
        self.publisher: Publisher | None = None  # set once the sockets are there
        self._sessions = sessions
        self._now = now
        self._random = random
        self._since = now()
        self._waiting: set[str] = set()  # minions that may have something waiting
        # Minion -> job -> when it is sent again over this connection; never, once the minion has answered: the
        # store may not know yet.
        self._due: dict[str, dict[str, float]] = {}
        self._jobs: dict[str, Job] = {}  # those that were sent last
        self._held: set[str] = set()  # jobs that are being taken back at this moment
        self._next_look: dict[str, float] = {}  # minions that may have something unsent, and when to look
        self._wanted: dict[str, None] = {}  # minions to look after now, in order
        self._looking: frozenset[str] = frozenset()  # minions whose rows are being read
        self._busy = False  # looking after those that are wanted
        self._tasks: set[asyncio.Task[None]] = set()

    def load(self) -> None:
        """Learn from the store who has something waiting. Raises StoreError."""
        for jid, minions in self._store.deliveries.open_jobs().items():
            self._writer.outboxed.add(jid)
            self._expect(minions)

    def add(self, job: Job, minions: Collection[str]) -> None:
        """Take a job that is in the store with its deliveries; whoever ordered it sends it to those who are there."""
        self._writer.outboxed.add(job.jid)
        self._keep(job)
        soon = self._now() + _LOOK_S
        absent = []
        for minion in minions:
            if not self._sessions.present(minion) or minion in self._looking:
                absent.append(minion)
            else:
                self._waiting.add(minion)
                self._due.setdefault(minion, {})[job.jid] = soon
        self._expect(absent)

    def found(self, deliveries: Iterable[tuple[str, str, str]]) -> None:
        """Take (job, minion, state) that another master has stored, or left, and that are to be sent from here."""
        for jid, minion, state in deliveries:
            if not self._sessions.present(minion):
                continue
            due = self._due.setdefault(minion, {})
            if state == CANCELLING and due.get(jid) == math.inf:
                del due[jid]  # it has the job from here, and another master has taken that back
            if jid not in due:
                self._writer.outboxed.add(jid)
                self._expect([minion])

    def sent(self, jid: str, minions: Iterable[str], attempts: int = 0) -> None:
        """Note that a job went out to these minions."""
        now = self._now()
        for minion in minions:
            wait = min(_PATIENCE_S * 2.0 ** min(attempts, 10), _MAX_PATIENCE_S) * self._random.uniform(
                0.5, 1.5
            )
            self._due.setdefault(minion, {})[jid] = now + wait
            self._mark(jid, minion, SENT, now + wait)

    def came(self, minion: str) -> None:
        """A minion can be reached: send what waits for it, also what was sent over an earlier connection."""
        if minion in self._waiting or self._store.shared.several:  # another master may have left something
            self._due.pop(minion, None)
            asyncio.get_running_loop().call_later(_SETTLE_S, self._look_soon, minion)

    def received(self, minion: str, jids: Iterable[str]) -> None:
        """A minion has these jobs on its disk."""
        for jid in jids:
            if jid in self._writer.outboxed or self._store.shared.several:
                self._due.setdefault(minion, {})[jid] = math.inf
                self._mark(jid, minion, RECEIVED)
        if minion in self._next_look:
            self._look_soon(minion)

    def started(self, minion: str, jid: str) -> None:
        """A minion is at a job, which may be none that waits for its minions."""
        if jid in self._writer.outboxed:
            self._due.setdefault(minion, {})[jid] = math.inf
        elif not self._store.shared.several:
            return
        self._mark(jid, minion, RUNNING)  # of another master's job, if it is one that is kept

    def returned(self, minion: str, jid: str) -> None:
        """A minion's answer is on its way to the store, which ends the delivery."""
        if jid in self._writer.outboxed:
            self._due.setdefault(minion, {})[jid] = math.inf

    def ended(self, minion: str, jids: Iterable[str]) -> None:
        """These answers of a minion are in the store, and their deliveries at their end."""
        due = self._due.get(minion)
        if due is None:
            return
        if minion in self._looking:  # the rows that are being read may be older
            self._wanted[minion] = None
            return
        for jid in jids:
            due.pop(jid, None)
        if not due:
            del self._due[minion]

    async def cancel(self, jid: str, minion: str) -> Cancelled:
        """Take a job back, from one minion or (for "") all: what was never sent is cancelled, others are asked.

        Raises StoreError.
        """
        self._held.add(jid)
        try:
            await self._writer.flush()  # what was sent is known to be
            # That something was sent is stored a moment later; a master that was killed in it has not stored it,
            # and one beside this one may not have yet.
            sure = jid_time(jid) >= self._since and not self._store.shared.several
            cancel = partial(self._store.deliveries.cancel, jid, minion or None, sure=sure)
            done = await self._writer.call(cancel)
        finally:
            self._held.discard(jid)
        for each in (*done.cancelled, *done.asked):
            self._due.get(each.minion, {}).pop(jid, None)
        for each in done.asked:
            self._waiting.add(each.minion)
            self._look_soon(each.minion)
        return done

    def disown(self, jid: str) -> None:
        """Cancel a job that was refused to who ordered it, as soon as the store answers: it may be in there."""
        self._held.add(jid)
        self._start(self._disown(jid))

    async def _disown(self, jid: str) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._writer.away:
                continue
            try:
                await self.cancel(jid, "")
                return
            except StoreError as error:
                self._held.add(jid)
                log.error("cannot take job %s back: %s", jid, error, extra={"action": "outbox_unread"})

    def ask_to_cancel(self, record: JobRecord, minion: str) -> bool:
        """Ask a minion to end a job that is not kept, once; False when it is not there."""
        assert self.publisher is not None
        return self.publisher.cancel(job_of(record, self._fleet), minion)

    async def run(self) -> None:
        """Look after what is on its way, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            self.look_around()

    def look_around(self) -> None:
        """Look after those for whom it is time."""
        now = self._now()
        due = {minion for minion, at in self._next_look.items() if at <= now}
        due.update(
            minion for minion, jobs in self._due.items() if min(jobs.values(), default=math.inf) <= now
        )
        for minion in due:
            self._look_soon(minion)

    async def expire(self) -> int:
        """End deliveries whose job has expired; return how many. Raises StoreError."""
        now = self._now()
        # A master that was away itself must hear its minions first.
        lost_before = now - _LOST_AFTER_S if now - self._since >= _HEARD_S else 0.0
        ended = await self._writer.call(self._store.deliveries.expire, now, lost_before)
        for each in ended:
            self._due.get(each.minion, {}).pop(each.jid, None)
        forgotten = time.strftime("%Y%m%d", time.gmtime(now - _KNOWN_S))  # how their jids begin
        self._writer.outboxed = {jid for jid in self._writer.outboxed if jid >= forgotten}
        return len(ended)

    # ------------------------------------------------------------------ sending

    def _expect(self, minions: Collection[str]) -> None:
        """Note that something waits for these."""
        self._waiting.update(minions)
        self._wanted.update(dict.fromkeys(self._looking.intersection(minions)))
        self._next_look.update(dict.fromkeys(minions, self._now() + _LOOK_S))

    def _look_soon(self, minion: str) -> None:
        """Look what waits for a minion, together with others."""
        if not self._sessions.present(minion):
            return
        self._wanted[minion] = None
        if not self._busy:
            self._busy = True
            self._start(self._look())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        try:
            while self._wanted:
                minions = list(islice(self._wanted, _MINIONS_AT_ONCE))
                for minion in minions:
                    del self._wanted[minion]
                await self._look_after(minions)
        finally:
            self._busy = False

    async def _look_after(self, minions: list[str]) -> None:
        self._looking = frozenset(minions)
        try:
            waiting = self._store.deliveries.waiting_for
            found = await self._writer.read(waiting, minions, self._now(), _LIMIT, _TO_SEND)
            for minion in minions:
                rows = found.get(minion, [])
                if not rows and minion not in self._wanted:
                    self._waiting.discard(minion)
                    self._due.pop(minion, None)
                for row in self._ready(minion, rows):
                    await self._send(minion, row)
        except StoreError as error:
            self._next_look.update(dict.fromkeys(minions, self._now() + _LOOK_S))
            log.error("cannot look for jobs: %s", error, extra={"action": "outbox_unread"})
        finally:
            self._looking = frozenset()

    def _ready(self, minion: str, rows: Sequence[Delivery]) -> Sequence[Delivery]:
        """Return what is to be sent now of what waits for a minion; note when to look for the rest."""
        now, due = self._now(), self._due.get(minion, {})
        if (
            len(rows) < _LIMIT
        ):  # these are all: what was due and is not among them was superseded, say, or expired
            waiting = {row.jid for row in rows}
            for jid in [jid for jid, at in due.items() if at <= now and jid not in waiting]:
                del due[jid]
        ready = [row for row in rows if _is_due(row, due.get(row.jid, 0.0), now)]
        room = max(0, _AT_ONCE - sum(now < at < math.inf for at in due.values()))
        if len(ready) > room or len(rows) == _LIMIT:
            self._next_look[minion] = now + _LOOK_S
        elif any(row.state == CANCELLING for row in rows):
            self._next_look[minion] = now + _PATIENCE_S  # whatever the minion says of it meanwhile
        else:
            self._next_look.pop(minion, None)
        return ready[:room]

    async def _send(self, minion: str, row: Delivery) -> None:
        due = self._due.get(minion, {}).get(row.jid, 0.0)
        if row.jid in self._held or not _is_due(row, due, self._now()):
            return  # on its way
        job = self._jobs.get(row.jid) or await self._recall(row.jid)
        assert self.publisher is not None
        if job is None:
            return
        if row.state == CANCELLING and self.publisher.cancel(job, minion):
            self._due.setdefault(minion, {})[row.jid] = self._now() + _PATIENCE_S
        elif row.jid in self._held:
            return
        elif row.state != CANCELLING and self.publisher.publish(job, [minion]).reached:
            self.sent(row.jid, [minion], row.attempts)
        else:
            self._next_look[minion] = self._now() + _LOOK_S

    async def _recall(self, jid: str) -> Job | None:
        record = await self._writer.read(self._store.jobs.get, jid)
        return None if record is None else self._keep(job_of(record, self._fleet))

    def _keep(self, job: Job) -> Job:
        if len(self._jobs) >= _KEPT_JOBS:
            del self._jobs[next(iter(self._jobs))]
        self._jobs[job.jid] = job
        return job

    def _mark(self, jid: str, minion: str, state: str, next_try: float = 0.0) -> None:
        now = self._now()
        self._writer.mark(DeliveryChange(jid=jid, minion=minion, state=state, at=now, next_try=next_try))


def _is_due(row: Delivery, at: float, now: float) -> bool:
    """Say whether a row is to be sent; one that is to be ended is, also when its minion says that it has it."""
    return at <= now or (row.state == CANCELLING and at == math.inf)


def job_of(record: JobRecord, fleet: str) -> Job:
    return Job(
        jid=record.jid,
        fleet=fleet,
        to=EVERYONE,
        fun=record.fun,
        issued=record.issued,
        expires=record.expires,
        user=record.user,
        args=record.args,
        kwargs=dict(record.kwargs),
        from_text=record.from_text,
        no_parse=record.no_parse,
        mode=record.mode,
        channel=record.channel,
        stream=record.stream,
        timeout_s=record.timeout_s,
        returners=record.returners,
        approvals=record.approvals,
    )
