"""Queued jobs on the box: promised once they are on the disk, begun once, and again later when the disk refuses."""

from __future__ import annotations

import pytest

from minion.journal import Promise, Start
from shoal.job import Job
from tests.unit.minion.stage import Stage


class Script:
    """A journal that answers as it is told, and writes down what it was asked."""

    def __init__(self) -> None:
        self.promise: Promise = "fresh"
        self.start: Start = "go"
        self.told: list[tuple[str, str]] = []
        self.known: list[Job] = []

    def accept(self, job: Job, now: float) -> Promise:
        self.told.append(("accept", job.jid))
        return self.promise

    def begin(self, jid: str, now: float) -> Start:
        self.told.append(("begin", jid))
        return self.start

    def began(self, job: Job, at: float) -> None:
        self.told.append(("began", job.jid))

    def recall(self, jid: str) -> Job | None:
        return next((job for job in self.known if job.jid == jid), None)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def stage(script: Script) -> Stage:
    return Stage(journal=script)


def test_queued_job_is_promised_begun_and_run(stage: Stage, script: Script) -> None:
    master = stage.online()
    job = master.send_job(mode="queue")
    assert script.told == [("accept", job.jid), ("begin", job.jid)]
    assert master.got("received") == [{"jids": [job.jid]}]
    assert stage.executor.submitted == [job]


def test_job_that_comes_twice_is_acknowledged_twice_and_run_once(stage: Stage) -> None:
    master = stage.online()
    now = stage.clock.time()
    again = {"jid": "20270115080000000099", "issued": now, "expires": now + 60}
    job = master.send_job(mode="queue", **again)
    master.send_job(mode="queue", **again)
    stage.answer(job)
    master.send_job(mode="queue", **again)
    assert master.got("received") == [{"jids": [job.jid]}] * 3
    assert stage.executor.submitted == [job]
    assert len(master.returns()) == 1


def test_job_that_the_disk_does_not_take_is_not_acknowledged_and_may_come_again(
    stage: Stage, script: Script
) -> None:
    master = stage.online()
    now = stage.clock.time()
    again = {"jid": "20270115080000000099", "issued": now, "expires": now + 60}
    script.promise = "not_kept"
    master.send_job(mode="queue", **again)
    assert (master.got("received"), stage.executor.submitted) == ([], [])
    script.promise = "fresh"
    job = master.send_job(mode="queue", **again)
    assert master.got("received") == [{"jids": [job.jid]}]
    assert stage.executor.submitted == [job]


def test_job_known_from_before_a_restart_is_acknowledged_and_not_run(stage: Stage, script: Script) -> None:
    master = stage.online()
    script.promise = "known"
    job = master.send_job(mode="queue")
    assert master.got("received") == [{"jids": [job.jid]}]
    assert (stage.executor.submitted, len(stage.minion.jobs)) == ([], 0)


def test_beginning_that_the_disk_refuses_is_tried_again(stage: Stage, script: Script) -> None:
    master = stage.online()
    script.start = "not_now"
    job = master.send_job(mode="queue", expires=stage.clock.time() + 3600)
    assert (stage.executor.submitted, len(stage.minion.jobs)) == ([], 1)
    script.start = "go"
    stage.advance(35)
    assert stage.executor.submitted == [job]


def test_job_whose_time_is_over_before_it_could_begin_is_said_to_have_expired(
    stage: Stage, script: Script
) -> None:
    master = stage.online()
    script.start = "not_now"
    job = master.send_job(mode="queue", expires=stage.clock.time() + 45)
    stage.advance(65)
    assert stage.executor.submitted == []
    assert [(ret.jid, ret.outcome) for ret in master.returns()][:1] == [(job.jid, "expired")]
    assert len(stage.minion.jobs) == 0


def test_job_that_ended_meanwhile_does_not_begin(stage: Stage, script: Script) -> None:
    master = stage.online()
    script.start = "ended"
    master.send_job(mode="queue")
    assert (stage.executor.submitted, len(stage.minion.jobs)) == ([], 0)


def test_now_job_is_on_record_only_when_it_takes_a_while(stage: Stage, script: Script) -> None:
    master = stage.online()
    job = master.send_job()
    assert script.told == []
    stage.minion.jobs.started(job.jid, 0.0)
    assert script.told == [], "it waits for a place"
    stage.minion.jobs.started(job.jid, stage.clock.time())
    assert script.told == [("began", job.jid)]


def test_job_of_a_dead_executor_is_on_record_before_it_is_resumed(stage: Stage, script: Script) -> None:
    master = stage.online()
    job = master.send_job()
    stage.minion.jobs.lost(job.jid, job.fun, 7.0)
    assert script.told == [("began", job.jid), ("begin", job.jid)]
    assert stage.executor.resumed == [(job, 7.0)]
    assert master.returns() == []


def test_job_of_an_earlier_daemon_is_resumed_from_the_record(stage: Stage, script: Script) -> None:
    master = stage.online()
    script.known = [stage.fleet.job(jid="20270115080000000077")]
    stage.minion.jobs.adopted([job.jid for job in script.known])
    stage.minion.jobs.lost("20270115080000000077", "test.ping", 7.0)
    assert [job.jid for job, _since in stage.executor.resumed] == ["20270115080000000077"]
    assert master.returns() == []


def test_job_that_nobody_knows_any_more_is_said_to_be_unknown(stage: Stage) -> None:
    master = stage.online()
    stage.minion.jobs.lost("20270115080000000077", "test.ping", 7.0)
    stage.settle()
    assert [(ret.jid, ret.outcome, ret.started) for ret in master.returns()] == [
        ("20270115080000000077", "outcome_unknown", 7.0)
    ]
    assert stage.executor.resumed == []


def test_job_that_is_interrupted_again_and_again_is_answered_for(stage: Stage, script: Script) -> None:
    master = stage.online()
    job = master.send_job()
    script.start = "worn_out"
    stage.minion.jobs.lost(job.jid, job.fun, 7.0)
    stage.settle()
    assert [(ret.jid, ret.outcome) for ret in master.returns()] == [(job.jid, "outcome_unknown")]
    assert (stage.executor.resumed, len(stage.minion.jobs)) == ([], 0)


def test_resumption_that_the_disk_refuses_is_tried_again(stage: Stage, script: Script) -> None:
    master = stage.online()
    job = master.send_job()
    script.start = "not_now"
    stage.minion.jobs.lost(job.jid, job.fun, 7.0)
    assert stage.executor.resumed == []
    script.start = "go"
    stage.advance(35)
    assert stage.executor.resumed == [(job, 7.0)]
