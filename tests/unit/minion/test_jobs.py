"""Jobs on their way in and returns on their way out: what is run, refused, reported, kept and sent again."""

from __future__ import annotations

import pytest

from minion.journal import NoJournal
from minion.reporter import RESEND_S
from shoal.job import EVERYONE, Job
from shoal.messages import JOB
from shoal.policy import Policy
from shoal.transport import BROADCAST
from tests.unit.minion.stage import BOX, Stage
from tests.unit.pki.fleet import Fleet


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_job_is_run_and_its_return_comes_home(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job(fun="test.ping")
    assert stage.executor.submitted == [job]
    ret = stage.answer(job, "pong")
    assert master.returns() == [ret]
    master.reply("ack", [job.jid])
    stage.settle()
    assert len(stage.outbox) == 0


def test_job_on_the_topic_of_all_is_run(stage: Stage) -> None:
    master = stage.online()
    now = stage.clock.time()
    sealed = stage.fleet.sealed_job(to=EVERYONE, issued=now, expires=now + 5)
    master.publish(JOB + sealed, BROADCAST)
    stage.settle()
    assert [job.to for job in stage.executor.submitted] == [EVERYONE]


def test_return_without_acknowledgement_goes_out_again(stage: Stage) -> None:
    master = stage.online()
    ret = stage.answer(master.send_job())
    stage.advance(4 * RESEND_S)
    assert 3 <= len(master.returns()) <= 6
    assert [each.jid for each in stage.outbox] == [ret.jid]


def test_return_waits_for_the_master_and_is_sent_when_it_is_back(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job()
    master.stop()
    ret = stage.answer(job)
    stage.advance(60)
    assert stage.minion.state == "connecting"
    master.start()
    stage.advance(60)
    assert ret in master.returns()


def test_return_goes_out_on_the_connection_of_a_hello_that_was_asked_for(stage: Stage) -> None:
    """The master restarted: it does not know the connection, so what came over it is lost."""
    master = stage.online()
    job = master.send_job()
    stage.advance(2)
    ret = stage.answer(job)
    assert master.returns() == [ret]
    master.reply("hello_first")
    stage.settle()
    assert master.returns() == [ret]


def test_busy_master_gets_its_returns_later(stage: Stage) -> None:
    master = stage.online()
    first = stage.answer(master.send_job())
    master.returns()
    master.reply("busy", {"retry_after_s": 20.0})
    stage.settle()
    second = stage.answer(master.send_job())
    stage.advance(19)
    assert master.returns() == []
    stage.advance(12)
    assert master.returns() == [first, second]


def test_start_of_a_job_and_running_jobs_are_told(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job(fun="test.sleep")
    stage.minion.jobs.started(job.jid, 12.5)
    stage.advance(10)
    assert master.got("started") == [{"jid": job.jid, "at": 12.5}]
    assert master.got("heartbeat") == [{"running": 1}]
    stage.answer(job)
    stage.advance(10)
    assert master.got("heartbeat") == [{"running": 0}]


def test_facts_and_events_go_to_the_master(stage: Stage) -> None:
    master = stage.online()
    master.reply("want_facts")
    stage.minion.send_event("disk", {"free": 1})
    stage.settle()
    assert master.got("facts") == [{"digest": b"digest", "grains": {"id": BOX, "os": "Debian"}}]
    assert master.got("event") == [{"tag": "disk", "data": {"free": 1}}]


def test_event_that_cannot_be_sent_is_dropped_and_the_minion_lives(stage: Stage) -> None:
    master = stage.online()
    stage.minion.send_event("bad", {"value": object()})
    stage.minion.send_event("good", {})
    stage.settle()
    assert [event["tag"] for event in master.got("event")] == ["good"]


# ------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fun": "cmd.run"}, "not allowed"),
        ({"issued": 1_800_000_000.0 - 90, "expires": 1_800_000_000.0 - 30}, "expired"),
        ({"expires": 1_800_000_000.0 + 99 * 86_400}, "bad lifetime"),
    ],
)
def test_refusal_that_the_master_can_do_something_about_is_reported(
    changes: dict[str, object], reason: str
) -> None:
    stage = Stage(policy=Policy(disabled_functions=("cmd.*",)))
    master = stage.online()
    job = master.send_job(**changes)
    assert stage.executor.submitted == []
    (ret,) = master.returns()
    assert (ret.jid, ret.outcome, ret.success) == (job.jid, "refused", False)
    assert ret.value().startswith(f"Refused by this minion: {reason}: job {job.jid}")
    assert stage.minion.counters == {f"job refused: {reason}": 1}


EARLY = {"issued": 1_800_000_000.0 + 86_400, "expires": 1_800_000_000.0 + 86_460}


def test_job_from_the_future_runs_when_the_master_says_that_it_is_that_late(stage: Stage) -> None:
    master = stage.online()
    master.welcome["time"] = EARLY["issued"] + 1
    job = master.send_job(**EARLY)
    assert stage.executor.submitted == []
    stage.advance(2)
    assert stage.executor.submitted == [job]
    assert stage.minion.counters == {"job refused: issued in the future": 1}


def test_job_from_the_future_is_refused_when_it_is_not_that_late_for_the_master(stage: Stage) -> None:
    master = stage.online()
    job = master.send_job(**EARLY)
    stage.advance(2)
    assert stage.executor.submitted == []
    (ret,) = master.returns()
    assert ret.value().startswith(f"Refused by this minion: issued in the future: job {job.jid}")
    assert stage.minion.counters == {"job refused: issued in the future": 2}


@pytest.mark.parametrize(
    ("changes", "reason"), [({"to": "box2"}, "wrong minion"), ({"fleet": Fleet(2).id}, "wrong fleet")]
)
def test_job_for_somebody_else_is_counted_and_gets_no_answer(changes: dict[str, str], reason: str) -> None:
    stage = Stage()
    master = stage.online()
    master.send_job(**changes)
    assert stage.executor.submitted == []
    assert master.returns() == []
    assert stage.minion.counters == {f"job refused: {reason}": 1}


def test_replayed_job_is_run_once_and_answered_once(stage: Stage) -> None:
    master = stage.online()
    sealed = JOB + stage.fleet.sealed_job()
    for _ in range(3):
        master.publish(sealed)
    stage.settle()
    (job,) = stage.executor.submitted
    ret = stage.answer(job)
    assert master.returns() == [ret]
    assert stage.minion.counters == {"job refused: replayed": 2}


def test_replay_after_its_expiry_does_not_replace_the_true_answer(stage: Stage) -> None:
    master = stage.online()
    sealed = JOB + stage.fleet.sealed_job()
    master.publish(sealed)
    stage.settle()
    (job,) = stage.executor.submitted
    stage.advance(60)
    master.publish(sealed)
    stage.settle()
    ret = stage.answer(job, "the true answer")
    master.publish(sealed)
    stage.settle()
    assert list(stage.outbox) == [ret]
    assert {each.outcome for each in master.returns()} == {"done"}
    assert stage.minion.counters == {"job refused: expired": 2}


class OnRecord(NoJournal):
    """A journal in which an earlier daemon has noted every job."""

    def recall(self, jid: str) -> Job | None:
        return Job(
            jid=jid,
            fleet="0" * 32,
            to=BOX,
            fun="test.ping",
            issued=1.0,
            expires=2.0,
            user="root",
            mode="queue",
        )


def test_job_that_an_earlier_daemon_has_taken_is_not_refused_when_it_comes_again_too_late() -> None:
    """It may still run in the executor, which has outlived that daemon and has not said so yet."""
    stage = Stage(journal=OnRecord())
    master = stage.online()
    now = stage.clock.time()
    master.send_job(mode="queue", issued=now - 90, expires=now - 30)
    assert master.returns() == []
    assert stage.minion.counters == {"job refused: expired": 1}


def test_job_of_a_stranger_is_counted_and_gets_no_answer(stage: Stage) -> None:
    master = stage.online()
    master.publish(JOB + Fleet(2).sealed_job())
    stage.settle()
    assert stage.executor.submitted == []
    assert master.returns() == []
    assert stage.minion.counters == {"publication refused: unknown signer": 1}


def test_job_from_before_this_process_began_is_not_run(stage: Stage) -> None:
    """After a restart nobody remembers which jobs were taken; one that is older could be a replay."""
    master = stage.online()
    master.send_job(issued=stage.clock.time() - 5)
    assert stage.executor.submitted == []
    assert stage.minion.counters == {"job refused: replayed": 1}


def test_clock_that_is_set_wrong_while_we_run_changes_no_verdict(stage: Stage) -> None:
    master = stage.online()
    now = stage.clock.time()
    for jump in (-86_400.0, 2 * 86_400.0, -400 * 86_400.0):
        stage.clock.jump(jump)
        job = master.send_job(issued=now, expires=now + 60)
        assert stage.executor.submitted[-1] == job
    assert stage.minion.counters == {}
