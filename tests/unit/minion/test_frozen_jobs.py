"""Kept jobs in a blackout: they wait on the box, begin when it ends, expire with the reason, and can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from minion.journal import NoJournal, Start
from shoal.cancel import Cancel
from shoal.job import Job
from tests.unit.minion.stage import Stage

WHY = "test.ping is not listed, and there is a blackout by its grains (minion_blackout)"


class Weather:
    """Says whether there is a blackout."""

    def __init__(self) -> None:
        self.why = WHY

    def __call__(self, job: Job) -> str:
        return "" if job.fun == "test.version" else self.why


@pytest.fixture
def weather() -> Weather:
    return Weather()


@pytest.fixture
def stage(weather: Weather) -> Stage:
    return Stage(holds=weather)


def _kept(stage: Stage, **changes: Any) -> dict[str, Any]:
    return {"mode": "queue", "expires": stage.clock.time() + 3600, **changes}


def test_kept_jobs_wait_and_begin_in_order_when_the_facts_say_so(stage: Stage, weather: Weather) -> None:
    master = stage.online()
    jobs = [master.send_job(**_kept(stage)) for _ in range(3)]
    assert [body["jids"] for body in master.got("received")] == [[job.jid] for job in jobs]
    assert (stage.executor.submitted, len(stage.minion.jobs)) == ([], 0)
    stage.minion.jobs.look_again()
    assert stage.executor.submitted == []
    weather.why = ""
    stage.minion.jobs.look_again()
    assert stage.executor.submitted == jobs


def test_job_that_is_listed_or_not_kept_goes_its_way(stage: Stage) -> None:
    master = stage.online()
    listed = master.send_job(**_kept(stage, fun="test.version"))
    now = master.send_job()
    assert stage.executor.submitted == [listed, now], "a `now` job is refused where it would run"


def test_end_of_a_blackout_is_noticed_without_a_word(stage: Stage, weather: Weather) -> None:
    master = stage.online()
    job = master.send_job(**_kept(stage))
    stage.advance(65)
    assert stage.executor.submitted == []
    weather.why = ""
    stage.advance(35)
    assert stage.executor.submitted == [job]


def test_waiting_is_logged_once(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.online().send_job(**_kept(stage))
    stage.advance(95)
    assert [record.getMessage() for record in caplog.records if "waits" in record.message] == [
        f"a job waits: {WHY}"
    ]


def test_job_that_expires_meanwhile_says_why_it_did_not_begin(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job(**_kept(stage, expires=stage.clock.time() + 45))
    stage.advance(65)
    ret = master.returns()[0]
    assert (ret.jid, ret.outcome, ret.value()) == (job.jid, "expired", f"It expired before it began. {WHY}")
    assert job.jid not in {each.jid for each in stage.executor.submitted}


def test_waiting_job_that_is_taken_back_never_begins(stage: Stage, weather: Weather) -> None:
    master = stage.online()
    job = master.send_job(**_kept(stage))
    stage.minion.jobs.cancel(Cancel(jid=job.jid, fun=job.fun, expires=job.expires))
    stage.settle()
    assert [(ret.jid, ret.outcome) for ret in master.returns()] == [(job.jid, "cancelled")]
    weather.why = ""
    stage.advance(35)
    assert stage.executor.submitted == []


def test_interrupted_job_waits_too_and_is_resumed(stage: Stage, weather: Weather) -> None:
    stage.online()
    job = stage.fleet.job(jid="20270115080000000099", mode="queue", fun="test.ping")
    stage.minion.jobs.resume(job, 1000.0)
    assert job.jid in stage.minion.jobs
    assert stage.executor.resumed == []
    weather.why = ""
    stage.minion.jobs.look_again()
    assert stage.executor.resumed == [(job, 1000.0)]


def test_interrupted_job_that_is_taken_back_is_of_unknown_outcome(stage: Stage) -> None:
    master = stage.online()
    job = stage.fleet.job(jid="20270115080000000099", mode="queue", fun="test.ping")
    stage.minion.jobs.resume(job, 1000.0)
    stage.minion.jobs.cancel(Cancel(jid=job.jid, fun=job.fun, expires=job.expires))
    stage.settle()
    assert [(ret.jid, ret.outcome) for ret in master.returns()] == [(job.jid, "outcome_unknown")]


def test_job_that_waited_for_the_disk_waits_for_the_blackout_then(weather: Weather) -> None:
    class Full(NoJournal):
        start: Start = "not_now"

        def begin(self, jid: str, now: float) -> Start:
            return self.start

    journal, why = Full(), weather.why
    weather.why = ""
    stage = Stage(holds=weather, journal=journal)
    master = stage.online()
    job = master.send_job(**_kept(stage))
    assert len(stage.minion.jobs) == 1
    weather.why, journal.start = why, "go"
    stage.advance(35)
    assert (stage.executor.submitted, len(stage.minion.jobs)) == ([], 0)
    weather.why = ""
    stage.minion.jobs.look_again()
    assert stage.executor.submitted == [job]
