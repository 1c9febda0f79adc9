"""Jobs and returns in the ledger: what it keeps over a restart, what it refuses, what it lets go."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from minion.ledger import Accepted, Ledger
from pki.seen import LINGER_S
from shoal.job import Job
from tests.integration.ledger.records import HOUR, NOW, a_job, a_return, jid

Reopen = Callable[[], Ledger]


def run(ledger: Ledger, number: int) -> None:
    """Take a job through everything but the acknowledgement."""
    ledger.accept(a_job(number), NOW)
    ledger.started(jid(number), NOW)
    ledger.finished(a_return(number))


def test_job_is_taken_once(ledger: Ledger, reopen: Reopen) -> None:
    assert ledger.accept(a_job(1), NOW) == Accepted(verdict="fresh")
    assert ledger.accept(a_job(1), NOW) == Accepted(verdict="known")
    assert reopen().accept(a_job(1), NOW).verdict == "known"


def test_unfinished_jobs_come_back_whole_and_in_order(ledger: Ledger, reopen: Reopen) -> None:
    jobs = [
        a_job(3, kwargs={"a": [1, b"x", None]}),
        a_job(1, approvals=(b"y",)),
        a_job(2, mode="desired", channel="c"),
    ]
    for job in jobs:
        ledger.accept(job, NOW)
    ledger.started(jid(1), NOW + 5)
    run(ledger, 4)
    entries = reopen().unfinished()
    assert [(entry.job, entry.state, entry.started_at) for entry in entries] == [
        (jobs[0], "accepted", None),
        (jobs[1], "started", NOW + 5),
        (jobs[2], "accepted", None),
    ]


def test_returns_come_back_whole_oldest_first_until_they_are_acknowledged(
    ledger: Ledger, reopen: Reopen
) -> None:
    kept = [
        a_return(3, {"k": [1, None]}),
        a_return(1, retcode=7, out="txt", trimmed=9),
        a_return(2, outcome="failed"),
    ]
    for ret in kept:
        ledger.finished(ret)
    ledger = reopen()
    assert list(ledger.unsent()) == kept
    assert ledger.unsent_count == 3
    assert list(ledger.unsent(skip={jid(1)})) == [kept[0], kept[2]]
    ledger.acknowledged([jid(3), jid(77), jid(3)])
    assert jid(3) not in ledger
    assert jid(1) in ledger
    ledger = reopen()
    assert list(ledger.unsent()) == kept[1:]
    assert ledger.unsent_count == 2


def test_returns_may_be_acknowledged_while_somebody_goes_through_them(ledger: Ledger) -> None:
    for number in range(5):
        ledger.finished(a_return(number))
    for ret in ledger.unsent():
        ledger.acknowledged([ret.jid])
    assert ledger.unsent_count == 0


def test_newer_return_of_a_job_replaces_one_that_waits_but_not_one_that_is_stored(ledger: Ledger) -> None:
    run(ledger, 1)
    ledger.finished(a_return(1, retcode=9))
    assert [ret.retcode for ret in ledger.unsent()] == [9]
    assert ledger.unsent_count == 1
    ledger.acknowledged([jid(1)])
    ledger.finished(a_return(1, retcode=10))
    assert list(ledger.unsent()) == []


def test_return_of_a_job_that_was_never_taken_survives_and_leaves_nothing(
    ledger: Ledger, reopen: Reopen
) -> None:
    ledger.finished(a_return(1))
    ledger = reopen()
    assert ledger.seen(jid(1))
    assert ledger.accept(a_job(1), NOW).verdict == "known"
    ledger.acknowledged([jid(1)])
    assert not ledger.seen(jid(1))
    assert list(ledger.tombstones()) == []


@pytest.mark.parametrize("way", ["never accepted", "done", "acknowledged", "cancelled"])
def test_job_must_not_begin_that_is_not_waiting(ledger: Ledger, way: str) -> None:
    if way == "cancelled":
        ledger.accept(a_job(1), NOW)
        ledger.finished(a_return(1, outcome="cancelled"))
    elif way != "never accepted":
        run(ledger, 1)
    if way == "acknowledged":
        ledger.acknowledged([jid(1)])
    assert ledger.started(jid(1), NOW) == 0
    assert ledger.unfinished() == []


def test_job_that_may_run_twice_begins_again(ledger: Ledger, reopen: Reopen) -> None:
    ledger.accept(a_job(1), NOW)
    assert ledger.started(jid(1), NOW) == 1
    assert reopen().started(jid(1), NOW + 60) == 2
    (entry,) = reopen().unfinished()
    assert (entry.runs, entry.started_at) == (2, NOW)


# ------------------------------------------------------------------ channels


def desired(number: int, channel: str = "highstate") -> Job:
    return a_job(number, mode="desired", channel=channel, fun="state.apply")


def test_newest_job_of_a_channel_ends_the_older_ones_that_wait(ledger: Ledger, reopen: Reopen) -> None:
    ledger.accept(desired(1), NOW)
    ledger.started(jid(1), NOW)
    ledger.accept(desired(2), NOW)
    ledger.accept(desired(3, "network"), NOW)
    ledger.accept(a_job(4), NOW)
    answer = ledger.accept(desired(5), NOW)
    assert answer == Accepted(verdict="fresh", superseded=(jid(2),))
    ledger = reopen()
    assert [entry.job.jid for entry in ledger.unfinished()] == [jid(1), jid(3), jid(4), jid(5)]
    (ret,) = ledger.unsent()
    assert (ret.jid, ret.outcome, ret.success) == (jid(2), "superseded", False)
    assert ret.value() == f"superseded by job {jid(5)}"


@pytest.mark.parametrize("newer", ["accepted", "started", "done", "stored"])
def test_older_job_of_a_channel_that_comes_late_does_not_run(ledger: Ledger, newer: str) -> None:
    ledger.accept(desired(9), NOW)
    if newer != "accepted":
        ledger.started(jid(9), NOW)
    if newer in ("done", "stored"):
        ledger.finished(a_return(9))
    if newer == "stored":
        ledger.acknowledged([jid(9)])
    assert ledger.accept(desired(8), NOW).verdict == "superseded"
    assert ledger.started(jid(8), NOW) == 0
    assert [ret.value() for ret in ledger.unsent() if ret.jid == jid(8)] == [f"superseded by job {jid(9)}"]


# ------------------------------------------------------------------ tombstones


def test_tombstone_stays_until_the_job_has_expired_and_a_little_longer(
    ledger: Ledger, reopen: Reopen
) -> None:
    run(ledger, 1)
    ledger.acknowledged([jid(1)])
    end = NOW + HOUR + LINGER_S
    assert ledger.prune(end - 1) == 0
    ledger = reopen()
    assert list(ledger.tombstones()) == [(jid(1), NOW + HOUR)]
    assert ledger.accept(a_job(1), end - 1).verdict == "known"
    assert ledger.prune(end) == 1
    assert not ledger.seen(jid(1))


def test_expiry_drops_nothing_that_still_waits(ledger: Ledger) -> None:
    ledger.accept(a_job(1), NOW)
    run(ledger, 2)
    assert ledger.prune(NOW + 1e9) == 0
    assert [entry.job.jid for entry in ledger.unfinished()] == [jid(1)]
    assert jid(2) in ledger


def test_ids_that_had_to_be_forgotten_count_as_seen_until_they_have_expired(
    ledger: Ledger, reopen: Reopen
) -> None:
    for number in range(1, 61):
        run(ledger, number)
    ledger.acknowledged([jid(number) for number in range(1, 61)])
    assert ledger.prune(NOW) == 10
    ledger = reopen()
    assert len(list(ledger.tombstones())) == 50
    assert all(ledger.seen(jid(number)) for number in range(1, 61))
    assert not ledger.seen(jid(61))
    end = NOW + HOUR + LINGER_S
    assert ledger.prune(end) == 50
    assert not any(ledger.seen(jid(number)) for number in range(1, 61))


# ------------------------------------------------------------------ the price


def test_job_costs_three_waits_for_the_disk_and_nothing_else_costs_any(ledger: Ledger) -> None:
    """By the ledger's own count: FULL commits that wrote something. Each is one fsync of the WAL."""
    run(ledger, 1)
    assert ledger.durable_commits == 3
    ledger.acknowledged([jid(1)])
    ledger.prune(NOW + 1e9)
    ledger.accept(a_job(2), NOW)
    assert ledger.durable_commits == 4
    ledger.accept(a_job(2), NOW)
    ledger.started(jid(77), NOW)
    list(ledger.unsent())
    assert ledger.durable_commits == 4
    ledger.finished(a_return(5))
    assert ledger.durable_commits == 5
