"""What waits for returners: stored with the return or not at all, in order, bounded, kept from retention."""

from __future__ import annotations

from typing import Any

import pytest

from master.store import Store
from shoal.clock import FakeClock
from shoal.errors import StoreError
from shoal.wire import encode

from .samples import JID, NOW, answer, jid_at, job

HOOK = "hook"


def queue(
    store: Store, *minions: str, jid: str = JID, names: tuple[str, ...] = (HOOK,), **changes: Any
) -> None:
    """Store returns that are wanted by `names`."""
    answers = [answer(minion, jid, **changes) for minion in minions]
    store.commit_batch(returns=answers, wanted={(each.jid, each.minion): names for each in answers})


def waiting(store: Store, name: str = HOOK, **limits: Any) -> list[tuple[str, str]]:
    options = {"max_rows": 1000, "max_bytes": 10**9, "arguments": False} | limits
    return [(copy.jid, copy.minion) for copy in store.dispatches.next_batch(name, **options)]


def test_each_returner_has_a_queue_of_its_own(store: Store) -> None:
    queue(store, "web1", names=("hook", "file"))
    queue(store, "web2", names=("file",))
    assert waiting(store) == [(JID, "web1")]
    assert waiting(store, "file") == [(JID, "web1"), (JID, "web2")]
    assert store.dispatches.returners() == {"hook", "file"}


def test_return_that_nobody_wants_is_queued_nowhere(store: Store) -> None:
    store.commit_batch(returns=[answer("web1"), answer("web2")], wanted={(JID, "web2"): (HOOK,)})
    assert waiting(store) == [(JID, "web2")]


def test_copy_has_what_the_return_and_its_job_say(store: Store) -> None:
    store.jobs.add(job(args=("ls",), kwargs={"cwd": "/"}, user="anna"))
    queue(store, "web1", retcode=3, packed=encode({"a": 1}), outcome="failed")
    (copy,) = store.dispatches.next_batch(HOOK, max_rows=9, max_bytes=9, arguments=True)
    assert (copy.fun, copy.user, copy.outcome, copy.retcode) == ("test.ping", "anna", "failed", 3)
    assert (copy.success, copy.value(), copy.started, copy.stored_at) == (False, {"a": 1}, NOW, NOW)
    assert (copy.args, copy.kwargs) == (("ls",), {"cwd": "/"})
    (copy,) = store.dispatches.next_batch(HOOK, max_rows=9, max_bytes=9, arguments=False)
    assert (copy.args, copy.kwargs) == (None, None)


@pytest.mark.parametrize("arguments", [False, True])
def test_return_whose_job_is_not_stored_yet_is_delivered(store: Store, arguments: bool) -> None:
    queue(store, "web1")
    (copy,) = store.dispatches.next_batch(HOOK, max_rows=9, max_bytes=9, arguments=arguments)
    assert (copy.user, copy.args) == ("", () if arguments else None)


def test_repeated_return_is_not_queued_again(store: Store) -> None:
    queue(store, "web1")
    store.dispatches.done(HOOK, [(JID, "web1")])
    queue(store, "web1")
    assert waiting(store) == []


def test_batch_that_fails_queues_nothing(store: Store) -> None:
    store.jobs.add(job())
    with pytest.raises(StoreError):
        store.commit_batch(jobs=[job()], returns=[answer()], wanted={(JID, "web1"): (HOOK,)})
    assert waiting(store) == []


def test_oldest_job_comes_first_and_bounds_hold(store: Store) -> None:
    queue(store, "b", "a", jid=jid_at(2), packed=encode("x" * 100))
    queue(store, "c", jid=jid_at(1), packed=encode("x" * 100))
    assert waiting(store) == [(jid_at(1), "c"), (jid_at(2), "a"), (jid_at(2), "b")]
    assert len(waiting(store, max_rows=2)) == 2
    assert len(waiting(store, max_bytes=210)) == 2
    assert waiting(store, max_bytes=1) == [(jid_at(1), "c")]


def test_only_what_was_delivered_is_forgotten(store: Store) -> None:
    queue(store, "a", "c", "e", names=("hook", "file"))
    queue(store, "b", jid=jid_at(1))
    store.dispatches.done(HOOK, [(JID, "a"), (JID, "e")])
    store.dispatches.done(HOOK, [])
    assert waiting(store) == [(JID, "c"), (jid_at(1), "b")]
    assert len(waiting(store, "file")) == 3


def test_dead_letters_are_told_and_come_again(store: Store, clock: FakeClock) -> None:
    queue(store, "a", "b", "c", names=("hook", "file"))
    store.dispatches.bury(HOOK, [(JID, "a")], "answered 400")
    clock.advance(5)
    store.dispatches.bury(HOOK, [(JID, "b")], "answered\0 413")
    assert waiting(store) == [(JID, "c")]
    state = store.dispatches.state(HOOK)
    assert (state.queued, state.oldest, state.dead) == (1, NOW, 2)
    letters = store.dispatches.dead(HOOK, 10)
    assert [(each.minion, each.reason, each.died_at) for each in letters] == [
        ("b", "answered 413", NOW + 5), ("a", "answered 400", NOW),
    ]  # fmt: skip
    assert len(store.dispatches.dead(HOOK, 1)) == 1
    assert store.dispatches.replay("file") == 0
    assert store.dispatches.replay(HOOK) == 2
    assert len(waiting(store)) == 3
    assert store.dispatches.state(HOOK).dead == 0


def test_many_dead_letters_come_again(store: Store) -> None:
    ids = [f"web{number:05d}" for number in range(5001)]
    queue(store, *ids)
    store.dispatches.bury(HOOK, [(JID, each) for each in ids], "down")
    assert store.dispatches.replay(HOOK) == 5001
    assert store.dispatches.state(HOOK).queued == 5001


def test_queue_is_bounded_by_rows_the_oldest_go(store: Store) -> None:
    for second in range(5):
        queue(store, "web1", jid=jid_at(second))
    store.dispatches.bury(HOOK, [(jid_at(0), "web1"), (jid_at(1), "web1")], "no")
    assert store.dispatches.trim(HOOK, before=0.0, max_rows=1) == 3
    assert waiting(store) == [(jid_at(4), "web1")]
    assert [each.jid for each in store.dispatches.dead(HOOK, 9)] == [jid_at(1)]


def test_queue_is_bounded_by_age(store: Store, clock: FakeClock) -> None:
    queue(store, "a", "b")
    store.dispatches.bury(HOOK, [(JID, "a")], "no")
    clock.advance(60)
    queue(store, "c", jid=jid_at(-99))  # a late answer: its job is older than what waits already
    assert store.dispatches.trim(HOOK, before=NOW + 1, max_rows=9) == 2
    assert waiting(store) == [(jid_at(-99), "c")]
    assert store.dispatches.trim(HOOK, before=NOW + 1, max_rows=9) == 0


@pytest.mark.parametrize("dead", [False, True])
def test_retention_leaves_what_waits(store: Store, clock: FakeClock, dead: bool) -> None:
    store.commit_batch(jobs=[job(), job(1)])
    queue(store, "web1", "web2")
    queue(store, "web1", jid=jid_at(1), names=())
    store.dispatches.done(HOOK, [(JID, "web1")])
    if dead:
        store.dispatches.bury(HOOK, [(JID, "web2")], "no")
    clock.advance(1000)
    cut = store.retention.cut(before=NOW + 500)
    assert store.retention.step(cut) == 2  # the other job and its return
    assert store.returns.get(JID, "web2") is not None
    assert store.dispatches.trim(HOOK, before=NOW + 900, max_rows=9) == 1
    assert store.retention.step(cut) == 3
    assert store.jobs.get(JID) is None


def test_one_master_at_a_time_serves_a_returner(store: Store) -> None:
    with store.dispatches.turn(HOOK) as mine, store.dispatches.turn("file") as other:
        assert (mine, other) == (True, True)
        with store.dispatches.turn(HOOK) as again:
            assert again is store.database.is_sqlite  # PostgreSQL: another connection, as another master's
    with store.dispatches.turn(HOOK) as mine:
        assert mine
