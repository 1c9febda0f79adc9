"""Carries out an order: resolve, allow, store, publish, watch; in batches if asked.

Every target ends up reported: returned, or silent with a reason, or skipped (`--failhard`). A minion that is not
connected is reported at once; one that gives no sign (a return, or word that it has begun) within the timeout is
given up; one that has begun is waited for as long as it stays connected. A return that comes after its minion
was given up, while others are still waited for, is reported as well.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from master.acl import Acl, Caller
from master.acl_rules import Call
from master.delivery_rules import DeliveryRule, delivery_of
from master.events import EventBus
from master.intake import IntakeError, Order
from master.outbox import Outbox
from master.publisher import Publisher
from master.roster import Roster
from master.runs import Run, Runs, Silence, Watch
from master.sessions import Sessions
from master.silence import SilenceWords
from master.store.delivery_rows import DeliveryChange
from master.store.delivery_state import OUTCOME_UNKNOWN, UNDELIVERABLE
from master.store.jobs import JobRecord
from master.targets import Resolved, choose_subset
from master.writer import Writer
from shoal.clock import Clock
from shoal.errors import JidTakenError, StoreError
from shoal.event import job_new
from shoal.ids import JidMaker
from shoal.job import MAX_JOB_BYTES, Job
from shoal.progress import JobProgress
from shoal.returns import Return
from shoal.targets import Target
from shoal.wire import encode

log = logging.getLogger(__name__)

NOBODY: Final = "No minions matched the target. No command was sent, no jid was assigned."
_TICK_S: Final = 1.0
_LOOK_S: Final = 0.1
_JIDS_TRIED: Final = 10
_ROOM: Final = 2048  # bytes of a job besides its arguments


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; `waiting` holds up to 20 ids with how far each of them is, for people."""

    waiting: dict[str, str]
    running: int
    returned: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What an order that does not say gets. Seconds."""

    timeout_s: float
    expires_s: float
    job_timeout_s: float


class Conductor:
    """See the module docstring."""

    def __init__(
        self,
        *,
        fleet: str,
        roster: Roster,
        acl: Acl,
        sessions: Sessions,
        runs: Runs,
        writer: Writer,
        publisher: Publisher,
        outbox: Outbox,
        store_job: Callable[[JobRecord], None],
        bus: EventBus,
        check_returners: Callable[[Sequence[str]], None],
        clock: Clock,
        now: Callable[[], float],
        defaults: Defaults,
        rules: Sequence[DeliveryRule],
        jids: JidMaker,
        random: Random,
    ) -> None:
        self._fleet = fleet
        self._roster = roster
        self._acl = acl
        self._sessions = sessions
        self._runs = runs
        self._writer = writer
        self._publisher = publisher
        self._outbox = outbox
        self._store_job = store_job
        self._bus = bus
        self._check_returners = check_returners
        self._clock = clock
        self._silence = SilenceWords(sessions, clock, now)
        self._now = now
        self._defaults = defaults
        self._rules = rules
        self._random = random
        self._jids = jids

    def preview(self, target: Target) -> list[str]:
        """Return who a target means now. Raises TargetError."""
        return list(self.resolve(target).ids)

    def resolve(self, target: Target) -> Resolved:
        """Return who a target means now, and what is odd about it. Raises TargetError."""
        return self._roster.resolve(target)

    async def begin(self, order: Order, caller: Caller) -> Performance:
        """Resolve, allow and store an order; it is published by going through the performance.

        Raises:
            TargetError, IntakeError: nothing was sent.
        """
        _check_possible(order)
        mode = order.mode or ("now" if order.batch else "")
        delivery = delivery_of(order.fun, mode, order.channel, order.queue_ttl_s, self._rules)
        self._acl.check_function(caller, order.fun)
        self._acl.check_target(caller, order.target)
        self._check_returners(order.returners)
        resolved = self.resolve(order.target)
        if not resolved.ids:
            raise IntakeError("no_match", " ".join([NOBODY, *(f"Note: {hint}." for hint in resolved.hints)]))
        targets = list(resolved.ids)
        if order.subset:
            targets = choose_subset(targets, order.subset, self._random)
            resolved = replace(resolved, missing=())
        self._acl.check_run(caller, _call(order), targets)
        now = self._now()
        job = Job(
            jid=self._jids.new(now),
            fleet=self._fleet,
            to="*",
            fun=order.fun,
            issued=now,
            expires=now + (delivery.ttl_s if delivery.mode != "now" else self._defaults.expires_s),
            user=caller.name,
            args=order.args,
            kwargs=order.kwargs,
            from_text=order.from_text,
            no_parse=order.no_parse,
            mode=delivery.mode,
            channel=delivery.channel,
            stream=order.stream,
            timeout_s=order.job_timeout_s or self._defaults.job_timeout_s,
            returners=order.returners,
        )
        size = len(encode(job.to_wire()))
        if size > MAX_JOB_BYTES - _ROOM:
            raise IntakeError(
                "usage", f"the arguments take {size} bytes; a job may have {MAX_JOB_BYTES - _ROOM}"
            )
        job = await self._keep_new(job, order, targets)
        run = self._runs.open(
            job.jid,
            job.fun,
            targets,
            kept=job.mode != "now",
            stream=job.stream,
            returners=job.returners,
        )
        self._announce(job, order, targets)
        return Performance(self, order, job, run, replace(resolved, ids=tuple(targets)))

    async def _keep_new(self, job: Job, order: Order, targets: list[str]) -> Job:
        """Store a job and return it, under another jid if this one is taken. Raises StoreError."""
        for _ in range(_JIDS_TRIED):
            try:
                await self._keep(job, _record(job, order, targets))
                return job
            except JidTakenError as error:
                log.info("%s: %s; trying the next", job.jid, error, extra={"action": "jid_taken"})
                job = replace(job, jid=self._jids.new(self._now()))
        raise StoreError(
            f"no free jid after {job.jid}: do the clocks of two masters agree, and their ids differ?"
        )

    async def _keep(self, job: Job, record: JobRecord) -> None:
        """Store a job. One that is to wait for its minions is not promised without the store. Raises StoreError."""
        if job.mode == "now":
            await self._writer.add_job(record)
            return
        try:
            await self._writer.promise(self._store_job, record)
        except JidTakenError:
            raise
        except StoreError as error:
            self._outbox.disown(job.jid)  # it may be in the store all the same, or get there
            raise StoreError(f"The job was neither kept nor sent: {error}") from None
        self._outbox.add(job, record.targets)

    def send(self, job: Job, run: Run, minions: Collection[str]) -> list[Silence]:
        """Publish `job` to some of its targets, `now` jobs as if issued now; return who was not there."""
        if job.mode == "now":
            now = self._now()
            job = replace(job, issued=now, expires=now + (job.expires - job.issued))
        sent = self._publisher.publish(job, minions)
        run.publish_done(sent.reached, self._clock.monotonic())
        if job.mode == "now":
            return [self._silence.absent(minion) for minion in sent.absent]
        self._outbox.sent(job.jid, sent.reached)
        return [self._silence.queued(minion, job) for minion in sent.absent]

    def judge_silence(self, job: Job, run: Run, timeout_s: float) -> list[Silence]:
        """Return the targets that are given up now."""
        now = self._clock.monotonic()
        silent = []
        for minion, sent_at in list(run.sent.items()):
            if minion in run.running:
                if not self._sessions.present(minion) and not self._still_expected(minion):
                    silent.append(self._silence.lost(minion, run.running[minion]))
            elif now - sent_at >= timeout_s:
                silent.append(
                    self._silence.no_sign(minion, timeout_s)
                    if job.mode == "now"
                    else self._silence.unsure(minion, job, received=minion in run.received)
                )
        for silence in silent:
            run.give_up(silence.minion)
        return silent

    def keep_silences(self, job: Job, silences: Collection[Silence]) -> None:
        """Let the store know why targets of a `now` job did not answer; a queued job's deliveries tell it anyway."""
        if job.mode != "now" or not silences:
            return
        at = self._now()
        self._writer.silent(
            [
                DeliveryChange(
                    jid=job.jid,
                    minion=silence.minion,
                    state=OUTCOME_UNKNOWN if silence.why == "lost" else UNDELIVERABLE,
                    at=at,
                    reason=f"{silence.label}. {silence.text}",
                )
                for silence in silences
            ]
        )

    def label(self, run: Run, minion: str) -> str:
        """Return how far a minion is that has the job and has not answered."""
        began = 0.0 if minion in run.received else None
        return self._silence.state(minion, run.running.get(minion, began))

    def timeout(self, order: Order) -> float:
        """Return how long to wait for a sign of each minion."""
        return order.timeout_s or self._defaults.timeout_s

    @property
    def clock(self) -> Clock:
        """The clock performances wait by."""
        return self._clock

    def _still_expected(self, minion: str) -> bool:
        """A minion that lost its connection keeps working and comes back: wait while its session may heal."""
        session = self._sessions.get(minion)
        return session is not None and self._sessions.alive(session)

    def _announce(self, job: Job, order: Order, targets: list[str]) -> None:
        if self._bus.busy:
            self._bus.publish(
                job_new(job.jid),
                {
                    "jid": job.jid,
                    "fun": job.fun,
                    "tgt": order.target.expr,
                    "tgt_type": order.target.kind,
                    "minions": targets,
                    "user": job.user,
                },
            )


class Performance:
    """One order being carried out. Iterate over it for what happens."""

    def __init__(self, conductor: Conductor, order: Order, job: Job, run: Run, resolved: Resolved) -> None:
        targets = list(resolved.ids)
        self.jid = job.jid
        self.fun = job.fun
        self.targets = targets
        self.missing = resolved.missing
        self.hints = resolved.hints
        self.returned = self.failed = self.silent = 0
        self.skipped: list[str] = []
        self._conductor = conductor
        self._order = order
        self._job = job
        self._run = run
        self._turns = run.turns = deque(targets)
        self._window = order.batch.size(len(targets)) if order.batch else len(targets)
        self._hold_until = 0.0  # --batch-wait
        self._next_look = 0.0
        self._out: set[str] = set()
        self._unanswered: dict[str, Silence] = {}
        self._watch = Watch()

    def publish_all(self) -> None:
        """Publish to everybody and let go (`--async`); why somebody was not there is kept."""
        absent = self._conductor.send(self._job, self._run, list(self._turns))
        self._turns.clear()
        self._conductor.keep_silences(self._job, absent)

    async def finish(self) -> None:
        """Go through all of it with nobody watching (`--async` in batches)."""
        async for _ in self:
            pass

    async def __aiter__(self) -> AsyncIterator[Any]:
        self._run.watches.append(self._watch)
        started = told = self._conductor.clock.monotonic()
        try:
            for minion in self.missing:
                self.silent += 1
                yield Silence(minion, "unknown", "Unknown", "There is no accepted minion with this id.")
            while True:
                for item in self._step():
                    yield item
                if len(self._out) + len(self.skipped) >= len(self.targets):
                    break
                now = self._conductor.clock.monotonic()
                if now - told >= _TICK_S and now - started >= _TICK_S:
                    told = now
                    yield self._progress()
                await self._watch.wait(self._patience())
        finally:
            self._run.watches.remove(self._watch)
            self._conductor.keep_silences(self._job, self._unanswered.values())

    def _step(self) -> list[Return | Silence | JobProgress]:
        """Take what came, give up who is due, then fill the window: a failure must be known before that."""
        items: list[Return | Silence | JobProgress] = [*self._watch.take(), *self._silences()]
        for item in items:
            if not isinstance(item, JobProgress):
                self._note(item)
        return [*items, *self._fill()]

    def _silences(self) -> list[Silence]:
        """Give up who is due. Not in every step: with 10,000 targets each look costs a millisecond."""
        conductor = self._conductor
        now = conductor.clock.monotonic()
        if now < self._next_look:
            return []
        self._next_look = now + _LOOK_S
        return conductor.judge_silence(self._job, self._run, conductor.timeout(self._order))

    def _note(self, item: Return | Silence) -> None:
        if item.minion in self._out:
            self.silent -= 1  # given up too early: its return came after all
            self._unanswered.pop(item.minion, None)
        self._out.add(item.minion)
        if isinstance(item, Return):
            self.returned += 1
            bad = not item.success
            self.failed += bad
        else:
            self.silent += 1
            self._unanswered[item.minion] = item
            bad = not item.kept
        if self._turns:
            self._hold_until = self._conductor.clock.monotonic() + self._order.batch_wait_s
            if bad and self._order.failhard:
                self.skipped.extend(self._turns)
                self._turns.clear()

    def _fill(self) -> list[Return | Silence]:
        """Publish to the next in turn while the window has room."""
        silences: list[Return | Silence] = []
        while self._turns and self._conductor.clock.monotonic() >= self._hold_until:
            room = self._window - len(self._run.sent)
            if room <= 0:
                break
            group = [self._turns.popleft() for _ in range(min(room, len(self._turns)))]
            self.skipped += [each for each in group if each in self._run.cancelled]
            group = [each for each in group if each not in self._run.cancelled]
            for silence in self._conductor.send(self._job, self._run, group):
                self._note(silence)
                silences.append(silence)
        return silences

    def _patience(self) -> float:
        """Return how long nothing can change by itself."""
        now = self._conductor.clock.monotonic()
        wait = _TICK_S
        if self._turns and self._hold_until > now:
            wait = min(wait, self._hold_until - now)
        oldest = next(iter(self._run.sent.values()), None)
        if oldest is not None:
            due = oldest + self._conductor.timeout(self._order) - now
            wait = min(wait, due) if due > 0 else wait
        return max(_LOOK_S / 10, wait)

    def _progress(self) -> Progress:
        run = self._run
        waiting = {each: self._conductor.label(run, each) for each in run.outstanding()[:20]}
        return Progress(waiting, len(self._run.running), self.returned, len(self.targets))


def _check_possible(order: Order) -> None:
    """Refuse what contradicts itself."""
    if order.batch and order.mode not in ("", "now"):
        raise IntakeError(
            "usage", "a batch goes out turn by turn, a job that is kept when its minion comes: one of the two"
        )


def _call(order: Order) -> Call:
    return Call(fun=order.fun, args=order.args, kwargs=order.kwargs, from_text=order.from_text)


def _record(job: Job, order: Order, targets: list[str]) -> JobRecord:
    return JobRecord(
        jid=job.jid,
        fun=job.fun,
        user=job.user,
        target_kind=order.target.kind,
        target=order.target.expr,
        delimiter=order.target.delimiter,
        issued=job.issued,
        expires=job.expires,
        args=job.args,
        kwargs=job.kwargs,
        from_text=job.from_text,
        no_parse=job.no_parse,
        mode=job.mode,
        channel=job.channel,
        stream=job.stream,
        timeout_s=job.timeout_s,
        returners=job.returners,
        metadata=order.metadata,
        targets=tuple(targets),
    )
