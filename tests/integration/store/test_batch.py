"""Group commit: one transaction for whatever the master's loop has gathered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from master.store import JobFilter, Store
from shoal.errors import StoreError

from .samples import JID, NOW, answer, facts, jid_at, job, key


def test_batch_stores_everything_at_once(store: Store) -> None:
    store.minions.put(key())
    new = store.commit_batch(
        jobs=[job(), job(1)],
        returns=[answer(), answer(), answer("web2")],
        facts=[facts()],
        seen={"web1": NOW + 9},
    )
    assert new == {(JID, "web1"), (JID, "web2")}
    assert len(store.jobs.find(JobFilter())) == 2
    stored = store.facts.get("web1")
    assert stored is not None
    assert stored.last_seen == NOW + 9


def test_empty_batch_is_harmless(store: Store) -> None:
    assert store.commit_batch() == set()


def test_batch_that_fails_stores_nothing(store: Store) -> None:
    store.jobs.add(job())
    with pytest.raises(StoreError):
        store.commit_batch(jobs=[job(1), job()], returns=[answer()])
    assert store.jobs.get(jid_at(1)) is None
    assert store.returns.for_job(JID) == ()
    assert store.commit_batch(returns=[answer()]) == {(JID, "web1")}


def test_each_return_is_new_for_one_writer_only(store: Store) -> None:
    batches = [[answer(f"web{(n * step) % 97}") for n in range(97)] for step in (1, 2, 3, 5, 7, 11)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda batch: store.commit_batch(returns=batch), batches))
    assert sum(len(new) for new in results) == 97
    assert len(set().union(*results)) == 97


def test_readers_and_writers_do_not_disturb_each_other(store: Store) -> None:
    def write(number: int) -> int:
        return len(store.commit_batch(jobs=[job(number)], returns=[answer("web1", jid_at(number))]))

    def read(number: int) -> int:
        return len(store.jobs.find(JobFilter())) + len(store.returns.for_job(jid_at(number)))

    with ThreadPoolExecutor(8) as pool:
        reads = [pool.submit(read, number) for number in range(25)]
        writes = [pool.submit(write, number) for number in range(25)]
        assert sum(each.result() for each in writes) == 25
        assert all(each.result() >= 0 for each in reads)
    assert len(store.jobs.find(JobFilter())) == 25
