from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event, text

from master.store import Deliveries, DeliveryChange, OutboxBatch, Store
from master.store.delivery_state import FINAL_STATES, OPEN_STATES, may_follow
from shoal.clock import FakeClock
from shoal.errors import StoreError

from .samples import JID, NOW, answer, jid_at, job, key

DAY = 86_400.0
STATES = OPEN_STATES + FINAL_STATES


def add(store: Store, seconds: float = 0.0, *minions: str, mode: str = "queue", channel: str = "") -> str:
    """Store a job that is kept for a day; return its jid."""
    record = job(
        seconds, mode=mode, channel=channel, expires=NOW + seconds + DAY, targets=minions or ("web1", "web2")
    )
    store.jobs.add(record)
    return record.jid


def step(minion: str, state: str, jid: str = JID, reason: str = "", next_try: float = 0.0) -> DeliveryChange:
    return DeliveryChange(jid=jid, minion=minion, state=state, at=NOW + 9, reason=reason, next_try=next_try)


def counts(store: Store, jid: str) -> dict[str, int]:
    return dict(Counter(each.state for each in store.deliveries.for_job(jid)))


def ended(store: Store, jid: str, *silences: tuple[str, str, str]) -> None:
    """Store why targets of a `now` job were silent: (minion, state, reason)."""
    rows = [DeliveryChange(jid=jid, minion=m, state=s, at=NOW + 9, reason=r) for m, s, r in silences]
    store.commit_batch(outbox=OutboxBatch(silences=rows))


def states(deliveries: Deliveries, jid: str = JID) -> dict[str, str]:
    return {each.minion: each.state for each in deliveries.for_job(jid)}


@pytest.mark.parametrize("mode", ["queue", "desired"])
def test_job_that_is_kept_has_a_row_per_target(store: Store, mode: str) -> None:
    add(store, mode=mode, channel="highstate")
    assert states(store.deliveries) == {"web1": "queued", "web2": "queued"}
    record = store.jobs.get(JID)
    assert record is not None
    assert record.channel == "highstate"
    assert store.deliveries.for_job(JID)[0].expires == NOW + DAY


def test_now_job_has_none(store: Store) -> None:
    store.commit_batch(jobs=[job()], returns=[answer()])
    assert store.deliveries.for_job(JID) == ()


@pytest.mark.parametrize("old", STATES)
@pytest.mark.parametrize("new", STATES)
def test_database_moves_as_the_state_machine_says(store: Store, old: str, new: str) -> None:
    add(store, 0, "web1")
    if old != "queued":
        assert store.deliveries.mark([step("web1", old)]) == 1
    assert store.deliveries.mark([step("web1", new)]) == int(may_follow(old, new))
    assert states(store.deliveries) == {"web1": new if may_follow(old, new) else old}
    still_open = states(store.deliveries)["web1"] in OPEN_STATES
    assert bool(store.deliveries.waiting_for(["web1"], NOW)) == still_open


def test_steps_of_one_batch_are_taken_in_order(store: Store) -> None:
    add(store)
    batch = [step("web1", "returned"), step("web1", "received"), step("web1", "sent"), step("web9", "sent")]
    assert store.deliveries.mark(batch) == 3
    assert states(store.deliveries) == {"web1": "returned", "web2": "queued"}


def test_each_sending_is_an_attempt(store: Store) -> None:
    add(store, 0, "web1")
    store.deliveries.mark([step("web1", "sent", next_try=NOW + 60)])
    store.deliveries.mark([step("web1", "sent", next_try=NOW + 120, reason="again")])
    (row,) = store.deliveries.for_job(JID)
    assert (row.attempts, row.next_try, row.reason, row.updated_at) == (2, NOW + 120, "again", NOW + 9)


def test_unknown_state_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no state 'lost'"):
        store.deliveries.mark([step("web1", "lost")])


def test_return_moves_the_row_in_the_same_transaction(store: Store) -> None:
    add(store)
    store.commit_batch(returns=[answer()], outbox=OutboxBatch(outboxed={JID}))
    assert states(store.deliveries) == {"web1": "returned", "web2": "queued"}


def test_return_of_a_now_job_costs_no_statement(store: Store) -> None:
    said: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *s: said.append(s[2]), named=False)
    store.commit_batch(returns=[answer()], outbox=OutboxBatch(outboxed={jid_at(5)}))
    assert not [sql for sql in said if "deliveries" in sql]


def test_batch_that_fails_leaves_the_outbox_as_it_was(store: Store) -> None:
    add(store)
    with pytest.raises(StoreError):
        store.commit_batch(
            jobs=[job(1, mode="queue")],
            returns=[answer(minion="")],
            outbox=OutboxBatch(marks=[step("web1", "sent")]),
        )
    assert states(store.deliveries) == {"web1": "queued", "web2": "queued"}
    assert store.deliveries.for_job(jid_at(1)) == ()


def test_waiting_are_open_and_unexpired_oldest_first(store: Store) -> None:
    jids = [add(store, seconds) for seconds in (3, 1, 2)]
    store.deliveries.mark([step("web1", "cancelled", jids[2])])
    assert waiting(store, "web1") == {"web1": [jids[1], jids[0]]}
    assert waiting(store, "web1", limit=1) == {"web1": [jids[1]]}
    assert waiting(store, "web1", now=NOW + DAY + 1) == {"web1": [jids[0]]}


def test_waiting_of_many_minions_are_those_of_each(store: Store) -> None:
    jids = sorted(add(store, seconds) for seconds in (3, 1, 2))
    store.deliveries.mark([step("web2", "sent", jids[0]), step("web2", "received", jids[1])])
    assert waiting(store, "web1", "web2", "nobody", limit=2) == {"web1": jids[:2], "web2": jids[:2]}
    assert waiting(store, "web1", "web2", states=["queued"]) == {"web1": jids, "web2": jids[2:]}
    assert waiting(store) == {}


def waiting(store: Store, *minions: str, now: float = NOW, **options: Any) -> dict[str, list[str]]:
    """Return the jobs that wait for each of `minions`."""
    found = store.deliveries.waiting_for(minions, now, **options)
    return {minion: [each.jid for each in rows] for minion, rows in found.items()}


def test_what_has_not_begun_expires_in_batches(store: Store) -> None:
    add(store, 0, "a", "b", "c", "d")
    store.deliveries.mark([step("b", "sent"), step("c", "running")])
    assert store.deliveries.expire(NOW + 5) == ()
    first = store.deliveries.expire(NOW + DAY, limit=2)
    rest = store.deliveries.expire(NOW + DAY, limit=2)
    assert {d.minion for d in first + rest} == {"a", "b", "d"}
    assert {d.state for d in first + rest} == {"expired"}
    assert store.deliveries.expire(NOW + DAY) == ()
    assert states(store.deliveries) == {"a": "expired", "b": "expired", "c": "running", "d": "expired"}
    assert set(first + rest) < set(store.deliveries.for_job(JID))


def test_cancel_tells_what_the_box_must_be_asked(store: Store) -> None:
    add(store, 0, "a", "b", "c")
    store.deliveries.mark([step("b", "sent"), step("c", "returned")])
    done = store.deliveries.cancel(JID)
    assert [d.minion for d in done.cancelled] == ["a"]
    assert [(d.minion, d.state) for d in done.asked] == [("b", "sent")]
    assert states(store.deliveries) == {"a": "cancelled", "b": "cancelling", "c": "returned"}
    assert [(d.minion, d.state) for d in store.deliveries.cancel(JID).asked] == [("b", "cancelling")]


def test_what_another_master_may_have_sent_is_asked_back(store: Store) -> None:
    add(store, 0, "a")
    done = store.deliveries.cancel(JID, sure=False)
    assert (done.cancelled, [(d.minion, d.state) for d in done.asked]) == ((), [("a", "queued")])
    assert states(store.deliveries) == {"a": "cancelling"}


def test_cancel_is_given_up_when_the_job_expires(store: Store) -> None:
    add(store, 0, "a")
    store.deliveries.mark([step("a", "sent")])
    store.deliveries.cancel(JID)
    (row,) = store.deliveries.expire(NOW + DAY)
    assert (row.state, row.reason) == (
        "expired",
        "cancelled; the minion was not heard of before the job expired",
    )


def test_running_job_whose_minion_never_comes_back_has_an_unknown_outcome(store: Store) -> None:
    add(store, 0, "a")
    store.deliveries.mark([step("a", "running")])
    assert store.deliveries.expire(NOW + 8 * DAY) == ()
    assert store.deliveries.expire(NOW + 8 * DAY, NOW + DAY - 1) == ()
    (row,) = store.deliveries.expire(NOW + 8 * DAY, NOW + DAY)
    assert (row.state, row.reason) == (
        "outcome_unknown",
        "it began, and the minion was not heard of again",
    )
    store.commit_batch(returns=[answer("a")], outbox=OutboxBatch(outboxed={JID}))
    assert states(store.deliveries) == {"a": "returned"}


def test_cancel_for_one_minion(store: Store) -> None:
    add(store)
    assert [d.minion for d in store.deliveries.cancel(JID, "web2").cancelled] == ["web2"]
    assert states(store.deliveries) == {"web1": "queued", "web2": "cancelled"}


def test_newest_of_a_channel_supersedes_what_has_not_begun(store: Store) -> None:
    old = add(store, 0, "a", "b", "c", mode="desired", channel="highstate")
    other = add(store, 1, "a", mode="desired", channel="network")
    store.deliveries.mark([step("b", "running", old)])
    new = add(store, 2, "a", "b", mode="desired", channel="highstate")
    assert store.deliveries.for_job(old)[0].reason == f"superseded by job {new}"
    assert states(store.deliveries, old) == {"a": "superseded", "b": "running", "c": "queued"}
    assert states(store.deliveries, other) == {"a": "queued"}
    assert states(store.deliveries, new) == {"a": "queued", "b": "queued"}


def test_counts_and_open_jobs(store: Store) -> None:
    first, second = add(store, 0, "a", "b", "c"), add(store, 1, "a")
    store.deliveries.mark(
        [step("a", "sent", first), step("b", "expired", first), step("a", "returned", second)]
    )
    assert counts(store, first) == {"sent": 1, "expired": 1, "queued": 1}
    assert store.deliveries.open_jobs() == {first: {"a": "sent", "c": "queued"}}


def test_silences_of_a_now_job_are_kept_with_their_reason(store: Store) -> None:
    store.commit_batch(jobs=[job()], returns=[answer("web2")])
    ended(store, JID, ("web1", "undeliverable", "not connected"), ("web2", "expired", "late"))
    assert [(d.minion, d.state, d.reason) for d in store.deliveries.for_job(JID)] == [
        ("web1", "undeliverable", "not connected"),
        ("web2", "returned", ""),
    ]
    assert store.deliveries.open_jobs() == {}
    store.commit_batch(returns=[answer("web1")], outbox=OutboxBatch(outboxed={JID}))
    assert counts(store, JID) == {"returned": 2}


def test_silence_is_final(store: Store) -> None:
    with pytest.raises(StoreError, match="not the end"):
        ended(store, JID, ("web1", "sent", ""))


def test_deleted_key_ends_open_deliveries(store: Store) -> None:
    add(store)
    store.minions.put(key("web1"))
    store.minions.delete("web1")
    rows = {d.minion: (d.state, d.reason) for d in store.deliveries.for_job(JID)}
    assert rows == {"web1": ("undeliverable", "key deleted"), "web2": ("queued", "")}


@pytest.mark.parametrize("size", [1, 257, 4_100])
def test_many_rows_take_few_statements(store: Store, size: int) -> None:
    said: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *s: said.append(s[2]), named=False)
    minions = tuple(f"box-{number:05d}" for number in range(size))
    add(store, 0, *minions)
    assert store.deliveries.mark(step(minion, "sent") for minion in minions) == size
    assert counts(store, JID) == {"sent": size}
    assert len(said) < 60


@pytest.mark.parametrize(
    ("index", "condition"),
    [("open", "minion = 'web1'"), ("expires", "expires <= 5"), ("open", "minion IN ('a')")],
)
def test_queries_find_their_index(store: Store, clock: FakeClock, index: str, condition: str) -> None:
    if not store.database.is_sqlite:
        pytest.skip("PostgreSQL plans by the rows there are")
    with store.database.read() as connection:
        query = f"EXPLAIN QUERY PLAN SELECT jid FROM deliveries WHERE is_open AND {condition}"
        plan = str(connection.execute(text(query)).all())
    assert f"ix_deliveries_{index}" in plan
