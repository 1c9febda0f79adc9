"""What outlives what: jobs their daemon, the daemon its executor, and nobody their welcome."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from minion.executor import keeper as keeper_module
from minion.executor import peer as peer_module
from minion.executor import server as server_module
from minion.executor.spawn import Spawner, connect
from shoal.wire import encode
from tests.integration.executor.rig import Rig, alive, children


def _gone(rig: Rig, pid: int) -> None:
    rig.until(lambda: not alive(pid))


def test_socket_is_private(rig: Rig) -> None:
    assert stat.S_IMODE(rig.socket_path.stat().st_mode) == 0o600


def test_running_jobs_and_results_are_handed_to_the_next_daemon(rig: Rig) -> None:
    quick, slow = rig.send("sleep", 0.3), rig.send("sleep", 1.2)
    rig.until_started(quick, slow)
    pid = rig.pid
    rig.hang_up()
    time.sleep(0.6)  # the quick one ends with nobody there
    rig.up()
    assert rig.spawn.pid == 0 and rig.pid == pid
    assert rig.ready[-1] == {quick.jid, slow.jid}
    assert rig.wait(quick).value() == "slept"
    assert rig.wait(slow).value() == "slept"
    assert rig.value("test.ping") is True


def test_result_that_was_not_acknowledged_is_offered_again(rig: Rig) -> None:
    taken = rig.client._on_return
    rig.client._on_return = lambda ret: None  # type: ignore[method-assign]
    rig.peer.acknowledge = lambda jid: None  # type: ignore[method-assign]
    job = rig.send("value", "int")
    rig.turn(0.3)
    rig.client._on_return = taken  # type: ignore[method-assign]
    rig.hang_up()
    rig.up()
    assert rig.wait(job).value() == 42


def test_result_that_cannot_be_stored_is_offered_until_it_can(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("minion.executor.client._RETRY_S", 0.05)
    tries: list[str] = []

    def on_return(ret: object) -> None:
        tries.append("try")
        if len(tries) < 3:
            raise OSError("disk full")
        rig.take(ret)  # type: ignore[arg-type]

    rig.client._on_return = on_return  # type: ignore[method-assign]
    assert rig.run("value", "int").value() == 42
    assert len(tries) == 3


def test_newer_daemon_replaces_the_older(rig: Rig) -> None:
    first = rig.client._keeper
    rig.connect()
    rig.until(lambda: first._peer is None)
    first._stopping = True  # or it would come back after a pause: two daemons are a mistake, not a duel
    assert rig.value("test.ping") is True


def test_stranger_that_does_not_greet_disturbs_nobody(rig: Rig) -> None:
    socks = []
    for _ in range(5):  # more than may be waiting at a time, in all
        socks += [connect(rig.socket_path) for _ in range(3)]
        assert rig.value("test.ping") is True
    for sock in socks:
        assert sock is not None
        with contextlib.suppress(BrokenPipeError):  # those before the last eight were hung up on
            sock.send(b"\x00\x00\x00\x05hello")
    assert rig.value("test.ping") is True
    for sock in socks:
        assert sock is not None
        sock.close()
    assert rig.value("test.ping") is True


def test_killed_executor_comes_back_and_its_jobs_are_unknown(rig: Rig) -> None:
    job = rig.send("sleep", 0.8)
    rig.until_started(job)
    pid = rig.pid
    os.kill(pid, signal.SIGKILL)
    ret = rig.wait(job)
    assert ret.outcome == "outcome_unknown"
    assert "executor process died" in ret.value()
    assert rig.value("test.ping") is True  # by a new executor, at once
    assert rig.pid != pid
    assert rig.value("value", "text") == "hello"
    rig.turn(0.6)  # the orphaned child ends and finds nobody to answer
    assert pid not in children(os.getpid())


def test_facts_and_settings_reach_a_new_executor(rig: Rig) -> None:
    rig.client.set_facts({"os": "Debian"}, {}, {})
    rig.client.use_pillar(encode({"role": "web"}))
    rig.value("test.ping")
    os.kill(rig.pid, signal.SIGKILL)
    rig.until(lambda: rig.client._keeper.ready is None)
    seen = rig.value("surroundings")
    assert (seen["grains"], seen["minion_id"]) == ({"os": "Debian"}, "box1")
    assert seen["pillar"] == {"role": "web"}
    rig.client.set_facts({"os": "Alpine"}, {}, {})
    assert rig.value("surroundings")["pillar"] == {"role": "web"}, "other grains change nothing of it"


def test_jobs_sent_while_there_is_no_executor_wait_for_one(rig: Rig) -> None:
    os.kill(rig.pid, signal.SIGKILL)
    rig.until(lambda: rig.client._keeper.ready is None)
    job = rig.send("value", "int")
    assert rig.wait(job).value() == 42


def test_executor_told_to_end_from_outside_hands_over_first(rig: Rig) -> None:
    job = rig.send("sleep", 30.0)
    rig.until_started(job)
    pid = rig.pid
    os.kill(pid, signal.SIGTERM)
    ret = rig.wait(job)
    assert ret.outcome == "killed" and "the executor was told to end" in ret.value()
    _gone(rig, pid)
    rig.until(lambda: rig.client._keeper.ready and rig.pid != pid)
    assert rig.value("test.ping") is True


def test_stop_with_kill_ends_jobs_and_brings_their_results(rig: Rig) -> None:
    jobs = [rig.send("sleep", 30.0), rig.send("stubborn", 30.0)]
    rig.until_started(*jobs)
    pid = rig.pid
    rig.down()
    assert {rig.returns[job.jid].outcome for job in jobs} == {"killed"}
    assert "the minion is stopping" in rig.returns[jobs[0].jid].value()
    _gone(rig, pid)


def test_stop_without_kill_leaves_jobs_to_the_next_daemon(rig: Rig) -> None:
    job = rig.send("sleep", 0.8)
    rig.until_started(job)
    pid = rig.pid
    stopped: list[bool] = []
    rig.client.stop(on_stopped=lambda: stopped.append(True))
    rig.until(lambda: stopped)
    assert alive(pid) and job.jid not in rig.returns
    rig.up()
    assert rig.pid == pid
    assert rig.wait(job).value() == "slept"


def test_stop_of_an_idle_executor_ends_it(rig: Rig) -> None:
    rig.value("value", "int")
    pid = rig.pid
    rig.client.stop()
    rig.until(lambda: not alive(pid))


def test_lonely_executor_ends_when_nothing_is_left(cold: Rig) -> None:
    rig = cold.up(orphan_exit_s=0.2)
    job = rig.send("sleep", 0.7)
    rig.until_started(job)
    pid = rig.pid
    rig.hang_up()
    time.sleep(0.5)
    assert alive(pid)  # a job runs
    time.sleep(1.0)
    assert alive(pid)  # its result waits
    rig.up()
    rig.wait(job)
    rig.turn(0.1)
    rig.hang_up()
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def test_executor_of_another_version_is_drained(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, waiting = rig.send("sleep", 1.0), rig.send("value", "int")
    rig.until_started(slow)
    rig.wait(waiting)
    old = rig.pid
    rig.hang_up()
    for module in (keeper_module, peer_module, server_module):
        monkeypatch.setattr(module, "VERSION", "99.0")
    monkeypatch.setattr(rig.spawn, "start", rig.spawn.fork)  # a fork has the patched version
    rig.connect()
    assert rig.pid != old
    assert rig.ready[-1] == {slow.jid}
    assert rig.value("value", "text") == "hello"  # by the new one, while the old one works
    assert alive(old)
    assert [path.name for path in rig.socket_path.parent.glob("x.sock.*")] == [f"x.sock.old-{old}"]
    assert rig.wait(slow).value() == "slept"
    _gone(rig, old)
    assert not list(rig.socket_path.parent.glob("x.sock.*"))


def test_draining_executor_is_found_by_the_daemon_after_next(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = rig.send("sleep", 1.0)
    rig.until_started(slow)
    old = rig.pid
    rig.hang_up()
    for module in (keeper_module, peer_module, server_module):
        monkeypatch.setattr(module, "VERSION", "99.0")
    monkeypatch.setattr(rig.spawn, "start", rig.spawn.fork)
    rig.connect()
    rig.hang_up()
    (rig.socket_path.parent / "x.sock.old-1").touch()  # a dead one's leftover
    rig.connect()
    assert rig.ready[-1] == {slow.jid}
    rig.client.signal(slow.jid, signal.SIGKILL)  # goes to who has it
    assert rig.wait(slow).outcome == "killed"
    _gone(rig, old)
    assert not list(rig.socket_path.parent.glob("x.sock.*"))


def test_executor_that_hangs_is_killed_and_replaced(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = rig.pid
    rig.hang_up()
    monkeypatch.setattr(peer_module, "BEAT_S", 0.3)
    os.kill(pid, signal.SIGSTOP)
    rig.up()
    assert rig.alerts == ["The executor process does not answer; it is killed."]
    _gone(rig, pid)
    assert rig.value("test.ping") is True


def test_slow_daemon_does_not_fill_the_executor(cold: Rig) -> None:
    rig = cold.up(process_count_max=4)
    jobs = [rig.send("big", 900_000) for _ in range(24)]
    time.sleep(1.5)  # nobody reads
    assert _private_mib(rig.pid) < 40
    for job in jobs:
        ret = rig.wait(job)
        assert (ret.outcome, ret.trimmed) == ("done", 0)


def test_without_a_daemon_the_largest_results_give_way(cold: Rig) -> None:
    rig = cold.up(process_count_max=4, kept_max_bytes=2_000_000)
    jobs = [rig.send("big", 900_000) for _ in range(8)]
    rig.turn(0.02)
    rig.hang_up()
    time.sleep(1.5)
    rig.connect()
    for job in jobs:
        assert rig.wait(job).outcome == "done"
    assert any(ret.trimmed for ret in rig.returns.values())


def _private_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def test_200_jobs_leave_no_descriptor_and_no_zombie(rig: Rig) -> None:
    rig.value("value", "int")
    pid = rig.pid
    before = _descriptors(pid)
    jobs = [rig.send("value", "int") for _ in range(100)]
    jobs += [rig.send("test.ping") for _ in range(50)]
    for job in jobs:
        rig.wait(job)
    for _ in range(50):
        rig.run("fail", "_exit")
    rig.turn(0.2)
    assert _descriptors(pid) == before
    assert children(pid) == []


def test_exec_started_executor_needs_only_the_socket(cold: Rig) -> None:
    spawner = Spawner(replace(cold.settings, process_count_max=3), cold.socket_path)
    cold.connect(spawner)
    assert cold.value("surroundings")["minion_id"] == "box1"
    assert cold.pid == spawner.pid
