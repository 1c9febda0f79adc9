"""Runs and watches: each target's way through a job, readers that do not keep up, and what is kept in memory."""

from __future__ import annotations

import asyncio

from master.runs import MAX_ACTIVE_RUNS, MAX_KEPT_RUNS, MAX_WATCH_BYTES, Run, Runs, Silence, Watch
from shoal.returns import Return
from shoal.wire import encode


def answer(minion: str = "a", jid: str = "1", value: object = True) -> Return:
    return Return(
        jid=jid,
        minion=minion,
        fun="test.ping",
        outcome="done",
        retcode=0,
        packed=encode(value),
        started=0.0,
        duration_s=0.0,
    )


def sent(runs: Runs, jid: str, *minions: str, now: float = 0.0) -> Run:
    """Open a run and note that it went out."""
    run = runs.open(jid, "test.ping", minions)
    run.publish_done(minions, now)
    return run


# ----------------------------------------------------------------------- runs


def test_target_goes_from_sent_to_running_to_returned() -> None:
    run = sent(Runs(), "1", "a", "b")
    assert run.outstanding() == ["a", "b"]
    run.started("a", 5.0)
    assert run.running == {"a": 5.0}
    assert run.take(answer("a"))
    assert run.outstanding() == ["b"]
    assert run.running == {}


def test_return_is_taken_once_and_from_targets_alone() -> None:
    run = sent(Runs(), "1", "a")
    assert run.take(answer("a"))
    assert not run.take(answer("a"))
    assert not run.take(answer("stranger"))
    run.started("a", 9.0)
    run.started("stranger", 9.0)
    assert run.running == {}


def test_return_after_giving_up_is_still_taken() -> None:
    run = sent(Runs(), "1", "a")
    run.give_up("a")
    assert run.outstanding() == []
    assert run.take(answer("a"))


def test_everybody_who_watches_gets_each_return() -> None:
    run = sent(Runs(), "1", "a", "b")
    first, second = Watch(), Watch()
    run.watches.append(first)
    run.take(answer("a"))
    run.watches.append(second)
    run.take(answer("b"))
    assert [item.minion for item in first.take()] == ["a", "b"]
    assert [item.minion for item in second.take()] == ["b"]


def test_finished_runs_are_kept_up_to_a_number() -> None:
    runs = Runs()
    for number in range(MAX_KEPT_RUNS * 3):
        sent(runs, str(number), "a").take(answer("a", str(number)))
    assert runs.get("0") is None
    assert runs.get(str(MAX_KEPT_RUNS * 3 - 1)) is not None
    assert sum(runs.get(str(number)) is not None for number in range(MAX_KEPT_RUNS * 3)) == MAX_KEPT_RUNS


def test_runs_under_way_outlive_finished_ones() -> None:
    runs = Runs()
    sent(runs, "long", "a")
    for number in range(MAX_KEPT_RUNS * 3):
        sent(runs, str(number), "a").take(answer("a", str(number)))
    assert runs.get("long") is not None
    assert [run.jid for run in runs.active()] == ["long"]


def test_new_run_is_kept_however_many_are_under_way() -> None:
    """It has not gone out yet and nobody watches it yet, but its returns are about to come."""
    runs = Runs()
    for number in range(MAX_KEPT_RUNS + 10):
        sent(runs, str(number), "a")
    assert runs.get(runs.open("fresh", "test.ping", ["a"]).jid) is not None
    assert runs.get(runs.recall("late", "test.ping", ["a"], []).jid) is not None


def test_runs_under_way_are_bounded_too() -> None:
    runs = Runs()
    for number in range(MAX_ACTIVE_RUNS + 50):
        sent(runs, str(number), "a")
    assert len(runs.active()) == MAX_ACTIVE_RUNS
    assert runs.get("0") is None


def test_run_that_nobody_watches_expects_nobody_for_ever() -> None:
    runs = Runs()
    run = sent(runs, "1", "silent", "working", "lost", now=100.0)
    run.started("working", 1.0)
    run.started("lost", 1.0)
    runs.tidy(105.0, 10.0, lambda minion: minion == "working")
    assert run.outstanding() == ["silent", "working"]
    runs.tidy(111.0, 10.0, lambda minion: minion == "working")
    assert run.outstanding() == ["working"]


def test_recalled_run_knows_what_came_before() -> None:
    run = Runs().recall("1", "test.ping", ["a", "b"], ["a"])
    assert not run.take(answer("a"))
    assert run.stored == {"a"}
    assert run.take(answer("b"))


# -------------------------------------------------------------------- watches


def test_watch_hands_out_what_came_in_order_once() -> None:
    watch = Watch()
    silence = Silence("b", "sent", "Sent, not received", "…")
    watch.put(answer("a"))
    watch.put(silence)
    assert [item.minion for item in watch.take()] == ["a", "b"]
    assert watch.take() == []


def test_reader_that_does_not_keep_up_loses_values_and_no_return() -> None:
    watch = Watch()
    large = answer("a", value="x" * 4_000_000)
    fit = MAX_WATCH_BYTES // len(large.packed)
    for _ in range(fit + 5):
        watch.put(large)
    items = watch.take()
    assert len(items) == fit + 5
    values = [item.value() for item in items if isinstance(item, Return)]
    assert [len(value) > 1000 for value in values] == [True] * fit + [False] * 5
    assert "the reader does not keep up" in values[-1]
    watch.put(large)
    (again,) = watch.take()
    assert isinstance(again, Return)
    assert len(again.value()) > 1000, "who has caught up sees values again"


def test_waiting_ends_with_an_item_or_with_time() -> None:
    async def body() -> None:
        watch = Watch()
        await watch.wait(0.0)
        await watch.wait(0.001)
        asyncio.get_running_loop().call_soon(watch.put, answer())
        await asyncio.wait_for(watch.wait(3600.0), 30)
        assert len(watch.take()) == 1

    asyncio.run(body())
