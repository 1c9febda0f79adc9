"""How many jobs run, how many wait, and what happens to the rest."""

from __future__ import annotations

import signal

from tests.integration.executor.rig import Rig, make_job


def test_jobs_wait_for_a_place_in_order(cold: Rig) -> None:
    rig = cold.up(process_count_max=2)
    jobs = [rig.send("sleep", 0.3) for _ in range(6)]
    most = 0
    while not all(job.jid in rig.returns for job in jobs):
        listed = rig.value("minion.running")
        most = max(most, sum(not job["queued"] for job in listed if job["fun"] == "probe.sleep"))
        rig.turn(0.02)
    assert most == 2
    began = [rig.returns[job.jid].started for job in jobs]
    assert began == sorted(began)
    assert all(rig.returns[job.jid].value() == "slept" for job in jobs)


def test_full_queue_refuses_at_once_and_says_so(cold: Rig) -> None:
    rig = cold.up(process_count_max=1, queue_max=1)
    first, second, third = (rig.send("sleep", 0.5) for _ in range(3))
    ret = rig.wait(third)
    assert (ret.outcome, ret.retcode) == ("refused", 1)
    assert "1 jobs run and 1 wait, as many as it may have" in ret.value()
    assert not rig.returns.keys() & {first.jid, second.jid}
    assert rig.value("test.ping") is True  # inline functions need no place
    assert rig.wait(first).success and rig.wait(second).success


def test_same_jid_runs_once(rig: Rig) -> None:
    job = rig.send("sleep", 0.4)
    rig.client.submit(job)
    rig.turn(0.05)
    rig.peer.say("run", job=job.to_wire())  # past the client's own check
    rig.wait(job)
    rig.turn(0.6)  # `Rig.take` refuses a second answer


def test_running_is_listed_as_salt_does(cold: Rig) -> None:
    rig = cold.up(process_count_max=1)
    job = rig.send("sleep", 30.0)
    queued = rig.send("value", "int")
    rig.until_started(job)
    shown = rig.value("minion.running")
    assert [entry["jid"] for entry in shown] == [job.jid, queued.jid]
    pid = shown[0].pop("pid")
    assert shown[0] == {
        "jid": job.jid,
        "fun": "probe.sleep",
        "arg": [30.0],
        "tgt": "*",
        "user": "root",
        "started": dict(rig.started)[job.jid],
        "queued": False,
    }
    assert pid > 1
    assert (shown[1]["queued"], shown[1]["pid"], shown[1]["started"]) == (True, 0, 0.0)
    assert rig.value("minion.find_job", queued.jid)["fun"] == "probe.value"
    assert rig.value("minion.find_job", "20200101000000000000") == {}
    rig.client.signal(job.jid, signal.SIGKILL)
    assert rig.wait(queued).value() == 42
    # One that has to wait gives a sign of life at once, and is announced as soon as it begins.
    assert [(jid, at > 0) for jid, at in rig.started] == [
        (queued.jid, False),
        (job.jid, True),
        (queued.jid, True),
    ]


def test_forked_job_sees_the_others_but_not_itself(rig: Rig) -> None:
    job = rig.send("sleep", 30.0)
    assert [entry["jid"] for entry in rig.value("others")] == [job.jid]
    rig.client.signal(job.jid, signal.SIGKILL)


def test_waiting_job_can_be_killed(cold: Rig) -> None:
    rig = cold.up(process_count_max=1)
    first = rig.send("sleep", 0.6)
    waiting = rig.send("sleep", 0.6)
    rig.until_started(first)
    assert rig.value("minion.term_job", waiting.jid).startswith("Signal 15 sent")
    ret = rig.wait(waiting)
    assert ret.outcome == "killed" and ret.value().endswith("before it began.")
    assert rig.wait(first).success


def test_submitted_before_the_executor_is_up_is_run_then(cold: Rig) -> None:
    rig = cold.up()
    rig.hang_up()
    rig.connect()
    jobs = [make_job("value", "int") for _ in range(5)]
    for job in jobs:
        rig.client.submit(job)
    assert [rig.wait(job).value() for job in jobs] == [42] * 5
