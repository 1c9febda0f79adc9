from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import event

from master.store import Store
from shoal.errors import StoreError
from shoal.wire import encode

from .samples import JID, NOW, answer, jid_at, job


def test_return_comes_back_as_it_was_stored(store: Store) -> None:
    full = answer(
        outcome="failed",
        retcode=-(2**31),
        packed=bytes(range(256)),
        started=NOW + 0.123456,
        duration_s=1e-6,
        trimmed=2**40,
        out="highstate",
    )
    assert store.returns.save([full]) == {(JID, "web1")}
    assert store.returns.get(JID, "web1") == full
    assert store.returns.get(JID, "web2") is None


def test_largest_numbers_that_the_wire_lets_through_are_stored(store: Store) -> None:
    assert store.returns.save([answer(retcode=2**31, trimmed=2**63)])
    stored = store.returns.get(JID, "web1")
    assert stored is not None
    assert (stored.retcode, stored.trimmed) == (2**31, 2**63 - 1)


def test_nul_in_a_minions_text_does_not_spoil_its_batch(store: Store) -> None:
    assert len(store.returns.save([answer("web1", out="ne\0sted"), answer("web2")])) == 2
    stored = store.returns.get(JID, "web1")
    assert stored is not None
    assert stored.out == "nested"


def test_repeated_return_is_ignored_and_the_first_stays(store: Store) -> None:
    store.returns.save([answer("web1", retcode=3), answer("web2")])
    again = [answer("web1", retcode=4), answer("web3"), answer("web3", retcode=5)]
    assert store.returns.save(again) == {(JID, "web3")}
    assert [(r.minion, r.retcode) for r in store.returns.for_job(JID)] == [
        ("web1", 3),
        ("web2", 0),
        ("web3", 0),
    ]


def test_batch_with_nothing_new_says_so(store: Store) -> None:
    batch = [answer(f"web{number}") for number in range(300)]
    assert len(store.returns.save(batch)) == 300
    assert store.returns.save(batch) == set()
    assert store.returns.save([]) == set()


def test_same_minion_answers_several_jobs(store: Store) -> None:
    other = jid_at(1)
    assert store.returns.save([answer(), answer(jid=other)]) == {(JID, "web1"), (other, "web1")}


@pytest.mark.parametrize("size", [1, 3, 4, 255, 256, 257, 1000])
def test_batch_of_any_size_is_stored_whole(store: Store, size: int) -> None:
    batch = [answer(f"box-{number:04d}", packed=encode(number)) for number in range(size)]
    assert len(store.returns.save(batch)) == size
    assert list(store.returns.for_job(JID)) == batch


def test_many_returns_take_few_statements(store: Store) -> None:
    # With a statement a row, the writer thread starves while the master's loop is busy (bulk.py).
    batch = [answer(f"box-{number:04d}") for number in range(1000)]
    statements: list[str] = []
    event.listen(
        store.database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]), named=False
    )
    store.returns.save(batch)
    store.returns.save(batch)
    assert len(statements) < 50


def test_return_without_a_minion_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="names no minion"):
        store.returns.save([answer("web1"), replace(answer(), minion="")])
    assert store.returns.for_job(JID) == ()


def test_returns_are_read_in_pages_by_id(store: Store) -> None:
    store.returns.save([answer(name) for name in ("b", "A", "a-1", "a1", "_x")])
    first = store.returns.for_job(JID, limit=3)
    rest = store.returns.for_job(JID, after=first[-1].minion, limit=3)
    assert [r.minion for r in first + rest] == ["A", "_x", "a-1", "a1", "b"]


def test_summary_counts_by_outcome(store: Store) -> None:
    store.jobs.add(job(targets=("web1", "web2", "web3", "web4")))
    store.returns.save([answer("web1"), answer("web2", retcode=2), answer("web3", outcome="timed_out")])
    summary = store.returns.summary(JID)
    assert (summary.targets, summary.returned, summary.failed) == (4, 3, 2)
    assert summary.outcomes == {"done": 2, "timed_out": 1}
    assert summary.last_stored_at == NOW


def test_summary_of_an_unknown_job_is_empty(store: Store) -> None:
    summary = store.returns.summary(JID)
    assert (summary.targets, summary.returned, summary.failed, summary.last_stored_at) == (0, 0, 0, 0.0)


def test_missing_are_those_who_have_not_answered(store: Store) -> None:
    store.jobs.add(job(targets=("web3", "web1", "web2")))
    store.returns.save([answer("web1"), answer("stranger")])
    assert store.returns.missing(JID) == ("web3", "web2")
    assert store.returns.missing(jid_at(9)) == ()
