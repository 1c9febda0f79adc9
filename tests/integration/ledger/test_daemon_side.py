"""How the daemon uses its ledger: when results are written down, what is left over after a restart, refusing disks."""

from __future__ import annotations

from typing import Any

import pytest

from minion.journal import Journal, LeftOver
from minion.ledger import Ledger
from minion.outbox import Outbox
from minion.spool import Spool
from shoal.errors import LedgerError
from tests.integration.ledger.conftest import Reopen
from tests.integration.ledger.records import HOUR, NOW, a_job, a_return, jid


class Refusing:
    """A ledger whose disk refuses while `refuses` is set."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.refuses = False

    def __getattr__(self, name: str) -> Any:
        if self.refuses:
            raise LedgerError("The ledger cannot be written: the disk is full")
        return getattr(self.ledger, name)

    def __contains__(self, key: object) -> bool:
        return bool(self.__getattr__("__contains__")(key))


def waiting(spool: Spool) -> list[str]:
    return [ret.jid for ret in spool.waiting(())]


def test_result_that_is_acknowledged_in_time_is_never_written(ledger: Ledger) -> None:
    spool = Spool(ledger, Outbox())
    spool.add(a_return(1))
    assert (len(spool), jid(1) in spool, waiting(spool)) == (1, True, [jid(1)])
    spool.acknowledged([jid(1)])
    assert (len(spool), jid(1) in spool, waiting(spool)) == (0, False, [])
    assert ledger.durable_commits == 0


def test_what_is_settled_is_there_after_a_restart(ledger: Ledger, reopen: Reopen) -> None:
    spool = Spool(ledger, Outbox())
    for number in range(3):
        spool.add(a_return(number))
    spool.settle()
    assert ledger.durable_commits == 1
    again = Spool(reopen(), Outbox())
    assert waiting(again) == [jid(0), jid(1), jid(2)]
    again.acknowledged([jid(1)])
    again.add(a_return(3))
    assert waiting(again) == [jid(0), jid(2), jid(3)]
    assert [ret.jid for ret in again.waiting({jid(0), jid(3)})] == [jid(2)]


def test_result_of_a_job_on_record_is_written_at_once(ledger: Ledger, reopen: Reopen) -> None:
    Journal(ledger).began(a_job(1, mode="now"), NOW)
    Spool(ledger, Outbox()).add(a_return(1))
    assert waiting(Spool(reopen(), Outbox())) == [jid(1)]


def test_disk_that_refuses_costs_nothing_but_the_file(
    ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Refusing(ledger)
    spool = Spool(disk, Outbox())  # type: ignore[arg-type]
    spool.add(a_return(1))
    spool.settle()
    disk.refuses = True
    spool.add(a_return(2))
    spool.settle()
    spool.settle()
    assert waiting(spool) == [jid(2)]
    assert jid(2) in spool
    spool.acknowledged([jid(1)])
    assert caplog.text.count("disk is full") == 1
    disk.refuses = False
    assert waiting(spool) == [jid(1), jid(2)]
    spool.settle()
    assert ledger.unsent_count == 2


def test_queued_job_is_kept_once_and_begins_once(ledger: Ledger, reopen: Reopen) -> None:
    journal = Journal(ledger)
    assert journal.accept(a_job(1), NOW) == "fresh"
    assert journal.accept(a_job(1), NOW) == "known"
    journal = Journal(reopen())
    assert journal.accept(a_job(1), NOW) == "known"
    assert journal.taken() == [(jid(1), NOW + HOUR)]
    assert journal.begin(jid(1), NOW) == "go"
    assert journal.begin(jid(2), NOW) == "ended"


def test_queued_job_that_the_disk_refuses_must_come_again(ledger: Ledger) -> None:
    disk = Refusing(ledger)
    journal = Journal(disk)  # type: ignore[arg-type]
    disk.refuses = True
    assert journal.accept(a_job(1), NOW) == "not_kept"
    assert journal.begin(jid(1), NOW) == "not_now"
    assert journal.left_over((), NOW) is None, "it is asked again"
    assert journal.taken() == []
    disk.refuses = False
    assert journal.accept(a_job(1), NOW) == "fresh"


def test_jobs_are_forgotten_when_their_time_is_over(ledger: Ledger) -> None:
    journal, spool = Journal(ledger), Spool(ledger, Outbox())
    for number in range(5):
        journal.accept(a_job(number), NOW)
        journal.begin(jid(number), NOW)
        spool.add(a_return(number))
    spool.acknowledged([jid(number) for number in range(4)])
    journal.prune(NOW + 1)
    assert len(journal.taken()) == 5
    journal.prune(NOW + 2 * HOUR)
    assert [each for each, _expires in journal.taken()] == [jid(4)], "its result is not home yet"


def test_left_over_jobs_run_or_are_answered_for(ledger: Ledger, reopen: Reopen) -> None:
    journal = Journal(ledger)
    for number in (1, 2, 3, 4, 5):
        journal.accept(a_job(number, expires=NOW + (10 if number == 2 else HOUR)), NOW)
    for number in (3, 4, 5):
        journal.begin(jid(number), NOW)
    Spool(ledger, Outbox()).add(a_return(5))
    journal.began(a_job(6, mode="now"), NOW + 1)
    left = Journal(reopen()).left_over({jid(4)}, NOW + 20)
    assert [job.jid for job in left.runnable] == [jid(1)]
    assert [(ret.jid, ret.outcome) for ret in left.answers] == [(jid(2), "expired")]
    assert [(job.jid, since) for job, since in left.resumable] == [(jid(3), NOW), (jid(6), NOW + 1)]


def test_job_that_may_have_expired_waits_for_the_masters_time(ledger: Ledger) -> None:
    journal = Journal(ledger)
    journal.accept(a_job(1), NOW)
    assert journal.left_over((), NOW + 2 * HOUR, sure=False) == LeftOver(doubtful=1)
    left = journal.left_over((), NOW + 1)
    assert left is not None
    assert [job.jid for job in left.runnable] == [jid(1)]


def test_job_that_was_interrupted_too_often_is_not_resumed(ledger: Ledger, reopen: Reopen) -> None:
    Journal(ledger).accept(a_job(1), NOW)
    for number in range(3):
        assert Journal(reopen()).begin(jid(1), NOW + number) == "go"
    left = Journal(reopen()).left_over((), NOW + 20)
    assert (left.runnable, left.resumable) == ([], [])
    assert [(ret.jid, ret.outcome, ret.started) for ret in left.answers] == [(jid(1), "outcome_unknown", NOW)]
    assert Journal(reopen()).begin(jid(1), NOW) == "worn_out"


def test_job_whose_result_went_home_while_the_disk_refused_is_not_taken_up_again(
    ledger: Ledger, reopen: Reopen
) -> None:
    disk = Refusing(ledger)
    journal, spool = Journal(ledger), Spool(disk, Outbox())  # type: ignore[arg-type]
    journal.accept(a_job(1), NOW)
    journal.begin(jid(1), NOW)
    disk.refuses = True
    spool.add(a_return(1))
    spool.acknowledged([jid(1)])
    disk.refuses = False
    spool.settle()
    assert Journal(reopen()).left_over((), NOW) == LeftOver()
