"""Jobs that the master takes back: not begun, under way, over, or never heard of."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from shoal.job import Job
from tests.unit.minion.stage import ScriptedMaster, Stage
from tests.unit.minion.test_queued_jobs import Script

UNHEARD = "20270115080000000099"


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def stage(script: Script) -> Stage:
    return Stage(journal=script)


def take_back(master: ScriptedMaster, job: Job) -> None:
    master.reply("cancel", {"jid": job.jid, "fun": job.fun, "expires": job.expires})


def outcomes(stage: Stage, master: ScriptedMaster) -> list[tuple[str, str]]:
    stage.settle()
    return [(ret.jid, ret.outcome) for ret in master.returns()]


def test_job_that_runs_is_sent_term_and_later_kill(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job(mode="queue")
    take_back(master, job)
    stage.settle()
    assert stage.executor.signals == [(job.jid, signal.SIGTERM)]
    stage.advance(11)
    assert stage.executor.signals == [(job.jid, signal.SIGTERM), (job.jid, signal.SIGKILL)]
    assert master.returns() == []


def test_job_that_ends_on_term_is_not_killed(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job()
    take_back(master, job)
    stage.settle()
    stage.answer(job)
    stage.advance(11)
    assert stage.executor.signals == [(job.jid, signal.SIGTERM)]


def test_job_that_waits_for_the_disk_never_begins(stage: Stage, script: Script) -> None:
    master = stage.online()
    script.start = "not_now"
    job = master.send_job(mode="queue", expires=stage.clock.time() + 3600)
    take_back(master, job)
    assert outcomes(stage, master) == [(job.jid, "cancelled")]
    script.start = "go"
    stage.advance(35)
    assert (stage.executor.submitted, stage.executor.signals) == ([], [])


def test_job_that_comes_after_its_cancel_does_not_run(stage: Stage) -> None:
    master = stage.online()
    now = stage.clock.time()
    values: dict[str, Any] = {"jid": UNHEARD, "issued": now, "expires": now + 60, "mode": "queue"}
    take_back(master, stage.fleet.job(**values))
    assert outcomes(stage, master) == [(UNHEARD, "cancelled")]
    master.send_job(**values)
    assert stage.executor.submitted == []


def test_job_that_has_ended_keeps_its_own_answer(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job()
    stage.answer(job)
    assert [ret.outcome for ret in master.returns()] == ["done"]
    take_back(master, job)
    assert outcomes(stage, master) == []
    master.reply("ack", [job.jid])
    take_back(master, job)
    assert outcomes(stage, master) == []
    assert stage.executor.signals == []


@pytest.mark.parametrize(
    "body", [None, {}, {"jid": UNHEARD}, {"jid": "x", "fun": "test.ping", "expires": 1.0}]
)
def test_malformed_cancel_is_refused(stage: Stage, body: Any) -> None:
    master = stage.online()
    master.reply("cancel", body)
    stage.settle()
    assert stage.minion.counters["reply refused: malformed"] == 1
