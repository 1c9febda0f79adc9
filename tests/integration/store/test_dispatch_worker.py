"""One returner being served: order, back-off, smaller batches, dead letters, bounds; over both databases."""

from __future__ import annotations

import sqlite3
from random import Random
from typing import Any

import pytest

from master.dispatch.worker import Worker
from master.store import Store
from returners.contract import Batch
from returners.memory import MemoryOptions, MemoryReturner
from shoal.clock import FakeClock
from shoal.errors import ReceiverAwayError, RefusedError, StoreError, TryAgainError
from shoal.secret import Secret
from shoal.wire import encode

from .samples import JID, NOW, answer, jid_at

HOOK = "hook"


class Sample(MemoryReturner):
    """Takes what is not on its lists; notes how large each batch was."""

    def __init__(self, options: MemoryOptions) -> None:
        super().__init__(options)
        self.sizes: list[int] = []
        self.refuses: set[str] = set()
        self.chokes: set[str] = set()
        self.strange: Exception | None = None

    def deliver(self, batch: Batch) -> None:
        self.sizes.append(len(batch))
        ids = {copy.minion for copy in batch}
        if self.strange is not None:
            raise self.strange
        if ids & self.refuses:
            raise RefusedError("answered 400")
        if ids & self.chokes:
            raise TryAgainError("answered 500")
        super().deliver(batch)


class Desk:
    """A worker, its queue, and what it told."""

    def __init__(self, store: Store, clock: FakeClock, **options: Any) -> None:
        self.store, self.clock = store, clock
        known = {"type": "memory", "batch_max_rows": 8, "retry_max_s": 60.0, "tries_max": 6}
        made = MemoryOptions(**{**known, **options})
        self.sample = Sample(made)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.worker = Worker(
            HOOK, self.sample, made, queue=store.dispatches, tell=lambda *said: self.told.append(said), clock=clock,
            random=Random(7),
        )  # fmt: skip

    def queue(self, *minions: str, jid: str = JID) -> None:
        answers = [answer(minion, jid, packed=encode(minion)) for minion in minions]
        self.store.commit_batch(
            returns=answers, wanted={(each.jid, each.minion): (HOOK,) for each in answers}
        )

    def work(self, most: int = 1000) -> list[float]:
        """Let it work until nothing is queued; return how long it waited in between."""
        waits = []
        for _ in range(most):
            pause = self.worker.step()
            if pause is None:
                return waits
            waits.append(pause)
            self.clock.advance(pause)
        raise AssertionError(f"still at it after {most} steps: {self.worker.standing}")

    @property
    def taken(self) -> list[str]:
        return [minion for _, minion in self.sample.taken]


IDS = [f"web{number:02d}" for number in range(20)]


def test_everything_is_delivered_in_batches_and_order(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock)
    desk.queue(*reversed(IDS))
    assert desk.work() == [0.0, 0.0, 0.0]
    assert (desk.taken, desk.sample.sizes) == (IDS, [8, 8, 4])
    assert (desk.worker.standing.delivered, desk.told) == (20, [])
    assert store.dispatches.state(HOOK).queued == 0


def test_receiver_that_is_away_is_tried_for_as_long_as_it_takes(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock)
    desk.queue(*IDS)
    desk.sample.error = ReceiverAwayError("nobody there")
    waits = [desk.worker.step() or 0.0 for _ in range(50)]
    assert max(waits[:4]) <= 8.0  # 0.5 s, doubled each time,
    assert 30.0 < max(waits) <= 60.0  # up to retry_max_s,
    assert len({round(each, 3) for each in waits[10:]}) > 30  # with full jitter
    assert desk.told == [("away", {"error": "nobody there"})]
    standing = desk.worker.standing
    assert (standing.tries, standing.last_error, standing.last_success) == (50, "nobody there", 0.0)
    desk.sample.error = None
    desk.work()
    assert (desk.taken, desk.worker.standing.dead) == (IDS, 0)
    assert desk.told[1:] == [("back", {"tries": 50})]
    assert desk.worker.standing.tries == 0


def test_one_return_that_is_refused_is_found_and_the_others_arrive(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock)
    desk.queue(*IDS)
    desk.sample.refuses = {"web05"}
    assert set(desk.work()) == {0.0}
    assert desk.taken == [each for each in IDS if each != "web05"]
    (letter,) = store.dispatches.dead(HOOK, 9)
    assert (letter.minion, letter.reason) == ("web05", "answered 400")
    assert [what for what, _ in desk.told] == ["dead"], "it is neither away nor back"


def test_receiver_that_refuses_everything_is_spared(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock)
    ids = [f"web{number:03d}" for number in range(60)]
    desk.queue(*ids)
    desk.sample.refuses = set(ids)
    assert sum(desk.work()) > 100.0
    assert store.dispatches.state(HOOK).dead == 60
    desk.sample.refuses = set()
    assert store.dispatches.replay(HOOK) == 60
    desk.work()
    assert desk.taken == ids


@pytest.mark.parametrize("tries", [1, 6])
def test_return_that_the_receiver_chokes_on_does_not_stop_the_others_for_ever(
    store: Store, clock: FakeClock, tries: int
) -> None:
    desk = Desk(store, clock, tries_max=tries)
    desk.queue(*IDS)
    desk.sample.chokes = {"web03"}
    assert sum(desk.work()) > 0
    assert desk.taken == [each for each in IDS if each != "web03"]
    assert [each.minion for each in store.dispatches.dead(HOOK, 9)] == ["web03"]


def test_error_that_is_no_returners_says_where_and_no_value(
    store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk(store, clock)
    desk.queue("web1")
    desk.sample.strange = KeyError("a-value-of-a-return")
    assert desk.worker.step()
    assert desk.worker.standing.last_error.startswith("KeyError at test_dispatch_worker.py:")
    assert "a-value" not in caplog.text + str(desk.told) + str(desk.worker.standing)


def test_secret_in_an_error_is_stars(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock)
    desk.worker.options = _Told(type="memory")
    desk.sample.error = ReceiverAwayError("https://x/?key=open-sesame\nis away")
    desk.queue("web1")
    desk.worker.step()
    assert desk.worker.standing.last_error == "https://x/?key=****** is away"
    with pytest.raises(ReceiverAwayError, match=r"^https://x/\?key=\*{6} is away$"):
        desk.worker.check()


class _Told(MemoryOptions):
    def secrets(self) -> tuple[Secret, ...]:
        return (Secret("open-sesame"),)


def test_queue_that_grows_over_its_bound_loses_its_oldest_with_a_word(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock, queue_max_rows=5)
    desk.sample.error = ReceiverAwayError("gone")
    for second in range(8):
        desk.queue("web1", jid=jid_at(second))
    desk.worker.step()
    assert ("dropped", {"count": 3}) in desk.told
    assert (desk.worker.standing.dropped, store.dispatches.state(HOOK).queued) == (3, 5)
    desk.sample.error = None
    desk.work()
    assert [jid for jid, _ in desk.sample.taken] == [jid_at(second) for second in range(3, 8)]


def test_what_is_too_old_is_dropped_with_a_word(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock, queue_max_age_s=3600.0)
    desk.queue("web1")
    clock.advance(4000)
    desk.queue("web2")
    desk.work()
    assert (desk.taken, desk.worker.standing.dropped) == (["web2"], 1)


def test_delivered_once_although_the_store_went_away_just_then(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(store, clock)
    desk.queue("web1")

    def away(*_: object) -> None:
        raise StoreError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(store.dispatches, "done", away)
        assert desk.worker.step()
        assert desk.worker.step()
    desk.work()
    assert (desk.sample.sizes, store.dispatches.state(HOOK).queued) == ([1], 0)


def test_killed_before_the_note_means_delivered_twice_and_never_lost(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Desk(store, clock)
    first.queue("web1")
    with monkeypatch.context() as patch:
        patch.setattr(store.dispatches, "done", _killed)
        with pytest.raises(KeyboardInterrupt):
            first.worker.step()
    second = Desk(store, clock)
    second.work()
    assert (first.taken, second.taken) == (["web1"], ["web1"])


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_locked_database_is_waited_for(store: Store, clock: FakeClock) -> None:
    desk = Desk(store, clock)
    desk.queue("web1")
    other = sqlite3.connect(store.database.place, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        assert desk.worker.step()
    finally:
        other.rollback()
        other.close()
    desk.work()
    assert (desk.taken, desk.sample.sizes) == (["web1"], [1])
    assert desk.worker.standing.last_success >= NOW
