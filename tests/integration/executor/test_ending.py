"""Jobs that must be ended: by time, by an operator, by the kernel's limits; with all they have started."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.executor.rig import Rig, alive, children


@pytest.fixture(scope="module")
def one(module_rig: Rig) -> Rig:
    """One executor for all cases here."""
    return module_rig


def _wait_for(path: Path, rig: Rig) -> str:
    rig.until(lambda: path.exists() and path.read_text())
    return path.read_text()


def test_timeout_lets_finally_blocks_run(one: Rig, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ret = one.run("sleep", 30.0, str(mark), timeout_s=0.3)
    assert ret.outcome == "timed_out"
    assert ret.value() == "The job was killed: it took longer than 0.3 s."
    assert 0.3 <= ret.duration_s < 3
    assert mark.read_text() == "cleaned up"


def test_timeout_kills_what_ignores_sigterm(one: Rig) -> None:
    ret = one.run("stubborn", 30.0, timeout_s=0.3)
    assert ret.outcome == "timed_out"
    assert 0.6 <= ret.duration_s < 5


def test_function_that_ends_within_the_grace_time_has_timed_out_all_the_same(one: Rig) -> None:
    assert one.run("stubborn", 0.4, timeout_s=0.2).outcome == "timed_out"


@pytest.mark.parametrize("ignore_term", [False, True])
def test_timeout_ends_children_and_strays(one: Rig, tmp_path: Path, ignore_term: bool) -> None:
    mark = tmp_path / "mark"
    job = one.send("family", str(mark), ignore_term=ignore_term, timeout_s=0.8)
    pids = [int(pid) for pid in _wait_for(mark, one).split()]
    assert all(alive(pid) for pid in pids)
    assert one.wait(job).outcome == "timed_out"
    one.until(lambda: not any(alive(pid) for pid in pids), 3)


@pytest.mark.parametrize("ignore_term", [False, True])
def test_kill_job_ends_everything_at_once(one: Rig, tmp_path: Path, ignore_term: bool) -> None:
    mark = tmp_path / "mark"
    job = one.send("family", str(mark), ignore_term=ignore_term)
    pids = [int(pid) for pid in _wait_for(mark, one).split()]
    assert one.value("minion.kill_job", job.jid) == f"Signal 9 sent to job {job.jid}"
    ret = one.wait(job)
    assert ret.outcome == "killed"
    assert "killed by SIGKILL, sent by root (" in ret.value()
    one.until(lambda: not any(alive(pid) for pid in pids), 3)


def test_term_job_is_not_followed_by_kill(one: Rig, tmp_path: Path) -> None:
    job = one.send("sleep", 30.0, str(tmp_path / "mark"))
    stubborn = one.send("stubborn", 1.2)
    one.until_started(job, stubborn)
    one.value("minion.term_job", job.jid)
    one.value("minion.term_job", stubborn.jid)
    ret = one.wait(job)
    assert ret.outcome == "killed" and "SIGTERM, sent by root" in ret.value()
    assert (tmp_path / "mark").exists()
    assert one.wait(stubborn).value() == "stood it"


def test_signal_from_the_daemon_and_other_signals(one: Rig) -> None:
    job = one.send("sleep", 30.0)
    one.until_started(job)
    one.client.signal(job.jid, signal.SIGWINCH)  # ignored by default: nothing happens
    one.turn(0.1)
    assert job.jid not in one.returns
    one.client.signal(job.jid, signal.SIGKILL)
    assert "SIGKILL, sent by the minion's daemon" in one.wait(job).value()


def test_job_can_signal_another_from_its_child(one: Rig) -> None:
    job = one.send("sleep", 30.0)
    assert one.value("hit", job.jid, 9) is True
    assert one.wait(job).outcome == "killed"
    assert one.value("hit", job.jid, 9) is False


def test_sigterm_from_outside_is_named(one: Rig) -> None:
    job = one.send("sleep", 30.0)
    one.until_started(job)
    os.kill(one.value("minion.find_job", job.jid)["pid"], signal.SIGTERM)
    ret = one.wait(job)
    assert (ret.outcome, ret.value()) == ("killed", "The job's process was sent SIGTERM.")


def test_daemon_left_behind_does_not_hold_the_result(one: Rig, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ret = one.run("daemonise", str(mark))
    assert ret.value() == "left one behind" and ret.duration_s < 5
    pid = int(_wait_for(mark, one))
    assert alive(pid)  # what a finished job leaves running is its own business
    os.kill(pid, signal.SIGKILL)


def test_daemon_left_behind_does_not_hold_a_missing_result(one: Rig, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    ret = one.run("daemonise_and_die", str(mark))
    assert "exit status 9" in ret.value() and ret.duration_s < 5
    os.kill(int(_wait_for(mark, one)), signal.SIGKILL)


def test_thread_left_running_does_not_hold_the_result(one: Rig) -> None:
    assert one.run("thread").duration_s < 5


def test_memory_limit_is_named(cold: Rig) -> None:
    rig = cold.up(memory_max_bytes=1024 * 1024 * 1024)  # a forked test worker is large itself
    ret = rig.run("eat", 1300)
    assert (ret.outcome, ret.value()) == (
        "killed",
        "The function needed more memory than the limit of 1024 MiB.",
    )
    assert rig.value("eat", 20) == 20 * 1024 * 1024


def test_cpu_limit_is_named(cold: Rig) -> None:
    ret = cold.up(cpu_max_s=1).run("burn")
    assert ret.outcome == "killed"
    assert "more than the limit of 1 s of CPU time (SIGXCPU)" in ret.value()


def test_limits_reach_the_child(cold: Rig) -> None:
    rig = cold.up(memory_max_bytes=1 << 30, cpu_max_s=77, open_files_max=333, nice=3)
    seen = rig.value("limits")
    assert seen["CORE"] == [0, 0]
    assert seen["DATA"] == [1 << 30] * 2
    assert seen["CPU"] == [77, 82]
    assert seen["NOFILE"] == [333, 333]
    assert seen["nice"] == os.nice(0) + 3
    assert seen["sid"] == seen["pid"] == rig.returns[rig.order[-1]].value()["pid"]
    assert seen["stdin"] == "/dev/null"


def test_child_holds_nothing_but_its_pipe(cold: Rig) -> None:
    rig = cold.up()
    others = [rig.send("sleep", 5.0) for _ in range(3)]
    # pytest's log handler has /dev/null open, and log handlers may go on to log
    held = [what for what in rig.value("descriptors") if what != "/dev/null"]
    assert len(held) == 1 and held[0].startswith("pipe:")
    for job in others:
        rig.client.signal(job.jid, signal.SIGKILL)


def test_default_timeout_is_the_boxs_own(cold: Rig) -> None:
    ret = cold.up(timeout_s=0.3).run("sleep", 30.0)
    assert ret.value() == "The job was killed: it took longer than 0.3 s."


def test_started_is_told_only_for_longer_jobs(one: Rig) -> None:
    before = len(one.started)
    one.run("value", "int")
    assert len(one.started) == before
    job = one.send("sleep", 0.4)
    ret = one.wait(job)
    assert one.started[before:] == [(job.jid, ret.started)]
    assert time.time() - ret.started < 10


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (signal.SIGUSR1, "The job was killed by SIGUSR1, sent by the minion's daemon."),
        (signal.SIGHUP, "The job was killed by SIGHUP, sent by the minion's daemon."),
        (signal.SIGINT, "The job was killed by SIGINT, sent by the minion's daemon."),
    ],
)
def test_any_other_deadly_signal_is_named_too(one: Rig, number: int, text: str) -> None:
    job = one.send("sleep", 30.0)
    one.until_started(job)
    one.client.signal(job.jid, number)
    ret = one.wait(job)
    assert (ret.outcome, ret.value()) == ("killed", text)


def test_broken_message_ends_the_job(one: Rig) -> None:
    job = one.send("babble")
    ret = one.wait(job)
    assert ret.outcome == "failed"
    assert "sent a broken message" in ret.value()
    assert one.value("minion.find_job", job.jid) == {}


def test_child_that_cannot_end_is_helped(cold: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("minion.executor.runner.EXIT_WITHIN_S", 0.3)
    rig = cold.up()
    assert rig.value("stuck_output") == "fine"
    assert len(children(rig.pid)) == 1
    rig.until(lambda: not children(rig.pid), 3)
