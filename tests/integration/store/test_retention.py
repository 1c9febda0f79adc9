from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import event

from master.store import DeliveryChange, JobFilter, OutboxBatch, Store, open_store
from shoal.clock import FakeClock

from .samples import NOW, answer, jid_at, job


def fill(store: Store, clock: FakeClock, jobs: int, returns: int) -> None:
    """Store `jobs` jobs, a second apart, each with `returns` answers; then let them expire."""
    answers = [answer(f"web{m}", jid_at(n)) for n in range(jobs) for m in range(returns)]
    store.commit_batch(jobs=[job(n) for n in range(jobs)], returns=answers)
    clock.advance(3600)


def close(store: Store, seconds: float, minions: tuple[str, ...]) -> None:
    """End the deliveries of one job."""
    ends = [
        DeliveryChange(jid=jid_at(seconds), minion=minion, state="expired", at=NOW, reason="")
        for minion in minions
    ]
    store.commit_batch(outbox=OutboxBatch(marks=ends))


def sweep(store: Store, cut: str, max_rows: int = 2000) -> list[int]:
    steps = [store.retention.step(cut, max_rows)]
    while steps[-1]:
        steps.append(store.retention.step(cut, max_rows))
    return steps


def left(store: Store) -> list[tuple[str, int]]:
    found = store.jobs.find(JobFilter())
    return [(each.jid, len(store.returns.for_job(each.jid))) for each in reversed(found)]


def test_jobs_older_than_a_time_go_with_their_returns(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=4, returns=2)
    sweep(store, store.retention.cut(before=NOW + 2))
    assert left(store) == [(jid_at(2), 2), (jid_at(3), 2)]
    assert store.returns.for_job(jid_at(0)) == ()


def test_only_the_newest_jobs_stay(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=4, returns=1)
    sweep(store, store.retention.cut(keep_jobs=3))
    assert left(store) == [(jid_at(n), 1) for n in (1, 2, 3)]


def test_only_the_newest_returns_stay_and_no_job_is_torn_apart(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=4, returns=3)
    sweep(store, store.retention.cut(keep_returns=4))
    assert left(store) == [(jid_at(2), 3), (jid_at(3), 3)]


def test_strictest_limit_counts(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=4, returns=1)
    sweep(store, store.retention.cut(before=NOW + 1, keep_jobs=1, keep_returns=100))
    assert left(store) == [(jid_at(3), 1)]


def test_without_a_limit_nothing_goes(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=2, returns=1)
    assert store.retention.cut() == ""
    assert store.retention.cut(keep_jobs=5, keep_returns=5) == ""
    assert sweep(store, "") == [0]
    assert len(left(store)) == 2


def test_sweep_goes_in_small_steps(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=3, returns=5)
    steps = sweep(store, store.retention.cut(before=NOW + 100), max_rows=4)
    assert sum(steps) == 3 + 15
    assert max(steps) <= 4 + 3
    assert left(store) == []


def test_job_that_may_still_be_fetched_stays(store: Store, clock: FakeClock) -> None:
    queued = job(0, mode="queue", expires=NOW + 7 * 86400)
    store.commit_batch(jobs=[queued, job(1)], returns=[answer("web1", queued.jid), answer("web1", jid_at(1))])
    clock.advance(3600)
    sweep(store, store.retention.cut(before=NOW + 100))
    assert left(store) == [(queued.jid, 1)]


def test_returns_of_unknown_jobs_go_too(store: Store, clock: FakeClock) -> None:
    store.returns.save([answer("web1", jid_at(0))])
    assert sum(sweep(store, store.retention.cut(before=NOW + 100))) == 1


def test_deliveries_go_with_their_job_in_small_steps(store: Store, clock: FakeClock) -> None:
    ids = tuple(f"web{number}" for number in range(7))
    store.commit_batch(jobs=[job(n, mode="queue", targets=ids) for n in (0, 1)], returns=[answer("web1")])
    silence = DeliveryChange(jid=jid_at(0), minion="web9", state="undeliverable", at=NOW, reason="unknown")
    store.commit_batch(outbox=OutboxBatch(silences=[silence]))
    close(store, 0, ids)
    clock.advance(3600)
    steps = sweep(store, store.retention.cut(before=NOW + 1), max_rows=3)
    assert sum(steps) == 1 + 1 + 8
    assert max(steps) <= 3 + 2
    assert store.deliveries.for_job(jid_at(0)) == ()
    assert len(store.deliveries.for_job(jid_at(1))) == 7


def test_job_with_open_unexpired_deliveries_stays(store: Store, clock: FakeClock) -> None:
    store.jobs.add(job(0, mode="queue", expires=NOW + 7 * 86400))
    clock.advance(3600)
    assert sweep(store, store.retention.cut(before=NOW + 100)) == [0]
    assert len(store.deliveries.for_job(jid_at(0))) == 2


def test_job_with_an_open_delivery_stays_whole_however_old(store: Store, clock: FakeClock) -> None:
    """Its time to begin is over, but it runs: the return will come."""
    ids = ("web1", "web2")
    store.commit_batch(jobs=[job(n, mode="queue", targets=ids) for n in (0, 1)], returns=[answer("web1")])
    close(store, 1, ids)
    clock.advance(3600)
    sweep(store, store.retention.cut(before=NOW + 2))
    assert left(store) == [(jid_at(0), 1)]
    close(store, 0, ids)
    sweep(store, store.retention.cut(before=NOW + 2))
    assert left(store) == []


def test_job_that_stays_among_others_does_not_stop_the_cut(store: Store, clock: FakeClock) -> None:
    fill(store, clock, jobs=5, returns=4)
    kept = job(2.5, mode="queue", expires=NOW + 7 * 86400)
    store.commit_batch(jobs=[kept], returns=[answer(f"web{n}", kept.jid) for n in range(4)])
    steps = sweep(store, store.retention.cut(before=NOW + 100), max_rows=3)
    assert sum(steps) == 5 + 20
    assert left(store) == [(kept.jid, 4)]


def test_step_costs_the_same_however_much_is_old(tmp_path: Path, clock: FakeClock) -> None:
    """Counted in instructions of SQLite's machine: no step may look at all of the table."""

    def cost(jobs: int) -> int:
        with open_store(f"sqlite:///{tmp_path}/{jobs}.db", clock) as store:
            boxes = tuple(f"web{n}" for n in range(100))
            queued = [job(n, mode="queue", targets=boxes) for n in range(jobs)]
            store.commit_batch(jobs=queued)
            for number in range(jobs):
                close(store, number, boxes)
            store.commit_batch(returns=[answer(box, each.jid) for each in queued for box in boxes])
            clock.advance(3600)
            ticks = 0

            def tick() -> None:
                nonlocal ticks
                ticks += 1

            def count(connection: Any, *_: object) -> None:
                connection.set_progress_handler(tick, 100)

            event.listen(store.database.engine, "checkout", count)
            assert store.retention.step(jid_at(jobs), max_rows=100) == 100
            return ticks

    assert cost(jobs=100) < 2 * cost(jobs=10)


def test_file_grows_no_more_once_as_much_goes_as_comes(tmp_path: Path, clock: FakeClock) -> None:
    path, sizes = tmp_path / "master.db", []
    for day in range(6):
        at = day * 86400
        with open_store(f"sqlite:///{path}", clock) as store:
            answers = [answer(f"web{n}", jid_at(at)) for n in range(2000)]
            store.commit_batch(jobs=[job(at)], returns=answers)
            clock.advance(86400)
            sweep(store, store.retention.cut(before=NOW + at - 2 * 86400 + 1))
        sizes.append(path.stat().st_size)  # closed: nothing is left in the write-ahead log
    assert sizes[0] < sizes[2]
    assert sizes[-1] < 1.1 * sizes[3], sizes
