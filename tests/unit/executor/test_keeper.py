"""The daemon's side against a scripted executor: time is ours, the sockets are real."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minion.executor.client import ExecutorClient
from minion.executor.link import Link
from minion.executor.peer import BEAT_S, SILENT_S
from minion.executor.settings import ExecutorSettings
from minion.executor.spawn import bind
from minion.loop import Loop
from shoal.clock import FakeClock
from shoal.ids import JidMaker
from shoal.job import Job
from shoal.returns import Return
from shoal.version import VERSION
from shoal.wire import encode
from tests.integration.executor.rig import make_job

DELAYS = [0, 10, 10, 30, 30, 60, 60]


class Box:
    """A spawner, the executors it "starts", and the client between."""

    def __init__(self, folder: Path) -> None:
        self.settings = ExecutorSettings(minion_id="box")
        self.socket_path = folder / "x.sock"
        self.pid = 0
        self.clock = FakeClock()
        self.loop = Loop(self.clock)
        self.starts: list[float] = []  # monotonic
        self.refuse = False
        self.answer = True
        self.version = VERSION
        self.running: list[Job] = []
        self.listener: socket.socket | None = None
        self.links: list[Link] = []
        self.heard: list[dict[str, Any]] = []
        self.returns: list[Return] = []
        self.alerts: list[str] = []
        self.ready: list[frozenset[str]] = []
        self.client = ExecutorClient(
            self.loop,
            self,
            lambda jid, at: None,
            self.returns.append,
            lambda action, data: None,
            self.alerts.append,
            on_ready=self.ready.append,
        )

    def start(self) -> int:
        """Be `Spawn.start`."""
        self.starts.append(self.clock.monotonic())
        if self.refuse:
            raise OSError("no memory")
        self._close_listener()
        self._listen(bind(self.socket_path))
        return os.getpid() + 1_000_000_000  # of nobody: waitpid says so

    def _listen(self, listener: socket.socket) -> None:
        self.listener = listener
        listener.setblocking(False)
        self.loop.watch(listener.fileno(), lambda: self._accept(listener))

    def _accept(self, listener: socket.socket) -> None:
        sock, _ = listener.accept()
        self.links.append(Link(self.loop, sock, self._on_message, lambda link: None))

    def _on_message(self, link: Link, message: dict[str, Any]) -> None:
        self.heard.append(message)
        if message["op"] == "hello" and self.answer:
            held = [{"jid": job.jid, "fun": job.fun, "started": 5.0} for job in self.running]
            link.send(
                {
                    "op": "hello", "version": self.version, "pid": os.getpid() + 1_000_000_000,
                    "draining": False, "running": held, "kept": [],
                }
            )  # fmt: skip
        elif message["op"] == "ping" and self.answer:
            link.send({"op": "pong"})

    def ops(self) -> list[str]:
        """Return what the client said, and forget it."""
        said = [message["op"] for message in self.heard]
        self.heard.clear()
        return said

    def turn(self, seconds: float = 0.0) -> None:
        """Let time pass in steps, and everything happen."""
        steps = max(1, int(seconds * 2))
        for _ in range(steps):
            self.clock.advance(seconds / steps)
            for _ in range(20):
                self.loop.run_once(0)

    def hang_up(self) -> None:
        """Close all connections."""
        for link in self.links:
            link.close()
        self.links.clear()

    def die(self) -> None:
        """Be kill -9."""
        self._close_listener()
        self.hang_up()
        self.turn()
        self.turn(0.1)  # the client looks a moment later

    def _close_listener(self) -> None:
        if self.listener is not None:
            self.loop.unwatch(self.listener.fileno())
            self.listener.close()
            self.listener = None

    def close(self) -> None:
        """Clear up."""
        self.client.stop()
        self._close_listener()
        self.hang_up()
        for peer in self.client._keeper.peers:
            peer.close()
        self.loop.close()


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A box with an executor that has greeted."""
    box = Box(tmp_path)
    box.client.start()
    box.turn()
    yield box
    box.close()


def _ret(job: Job) -> dict[str, Any]:
    ret = Return(
        jid=job.jid, fun=job.fun, outcome="done", retcode=0, packed=encode(1), started=1.0, duration_s=0.0
    )  # fmt: skip
    return {"op": "return", "ret": ret.to_wire()}


def test_executor_that_dies_again_and_again_is_restarted_ever_more_slowly(box: Box) -> None:
    assert len(box.starts) == 1
    for number, delay in enumerate(DELAYS):
        before = box.clock.monotonic()
        box.die()
        box.turn(delay)
        assert len(box.starts) == number + 2
        assert delay <= box.starts[-1] - before < delay + 1
    assert len(box.alerts) == 2
    assert "ended 7 times in a row; next start in 60 s" in box.alerts[-1]
    assert len(box.ready) == 8


def test_ten_good_minutes_make_it_quick_again(box: Box) -> None:
    for delay in DELAYS[:4]:
        box.die()
        box.turn(delay)
    box.turn(601)
    box.die()
    assert len(box.starts) == 6


def test_executor_that_cannot_be_started_is_tried_by_the_same_rule(box: Box) -> None:
    box.refuse = True
    box.die()
    box.turn(80)
    assert len(box.starts) == 1 + 5  # after 0, 10, 10, 30 and 30 s
    box.refuse = False
    box.turn(66)
    assert len(box.ready) == 2
    assert len(box.alerts) == 1


def test_jobs_of_a_dead_executor_are_unknown_and_later_ones_wait(box: Box) -> None:
    lost, returned, later = (make_job("f") for _ in range(3))
    for job in (lost, returned):
        box.client.submit(job)
    box.turn()
    box.links[0].send(_ret(returned))
    box.turn()
    box.die()
    assert [(ret.jid, ret.outcome) for ret in box.returns] == [
        (returned.jid, "done"),
        (lost.jid, "outcome_unknown"),
    ]
    box.die()  # the second: no start for 10 s
    box.client.submit(later)
    box.client.submit(later)
    box.turn(5)
    box.ops()
    box.turn(6)
    assert box.ops().count("run") == 1
    assert box.ready[-1] == {later.jid}


def test_only_the_connection_is_lost(box: Box) -> None:
    kept, lost = make_job("f"), make_job("f")
    for job in (kept, lost):
        box.client.submit(job)
    box.turn(6)
    box.running = [kept]
    box.hang_up()
    box.turn()
    box.turn(0.1)
    assert len(box.starts) == 1
    assert box.ready[-1] == {kept.jid}
    assert [(ret.jid, ret.outcome) for ret in box.returns] == [(lost.jid, "outcome_unknown")]
    box.client.submit(kept)  # in hand already
    box.turn()
    assert box.ops()[-1] != "run"


def test_executor_that_keeps_hanging_up_is_killed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append(number))
    for _ in range(3):
        box.hang_up()
        box.turn(6)
    assert killed == [9]
    assert box.alerts == ["The executor process does not answer; it is killed."]
    assert len(box.starts) == 2


def test_silent_executor_is_killed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append(number))
    job = make_job("f")
    box.client.submit(job)
    box.turn(BEAT_S * 5)
    assert box.ops().count("ping") >= 4 and not killed
    box.answer = False
    box.turn(SILENT_S + 2 * BEAT_S)
    assert killed[0] == 9
    assert box.returns[0].outcome == "outcome_unknown"


def test_result_is_passed_on_once_and_acknowledged_each_time(box: Box) -> None:
    job = make_job("f")
    box.client.submit(job)
    box.turn()
    box.links[0].send(_ret(job))
    box.links[0].send(_ret(job))
    box.turn()
    assert len(box.returns) == 1
    assert [m["jids"] for m in box.heard if m["op"] == "ack"] == [[job.jid, job.jid]]


def test_facts_are_sent_at_once_and_to_every_new_executor(box: Box) -> None:
    box.client.set_facts({"a": (1, 2)}, {}, {})
    box.turn()
    box.die()
    box.turn()
    assert [m["grains"] for m in box.heard if m["op"] == "facts"] == [{"a": [1, 2]}] * 2


def test_pillar_is_sent_at_once_and_to_every_new_executor_before_its_jobs(box: Box) -> None:
    box.client.use_pillar(b"\x81\xa1a\x01")
    box.turn()
    box.die()
    box.client.submit(make_job("f"))
    box.turn()
    assert [m["packed"] for m in box.heard if m["op"] == "pillar"][-2:] == [b"\x81\xa1a\x01"] * 2
    ops = [m["op"] for m in box.heard]
    assert ops.index("run") > len(ops) - 1 - ops[::-1].index("pillar")


def test_nonsense_from_the_executor_ends_the_connection_not_the_daemon(box: Box) -> None:
    box.links[0].send({"op": "sing"})
    box.turn(6)
    assert box.ops().count("hello") == 2
    assert len(box.starts) == 1


def test_too_many_waiting_jobs_are_refused(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.refuse = True
    box.client.start()
    box.turn()
    jobs = [make_job("f") for _ in range(1001)]
    for job in jobs:
        box.client.submit(job)
    box.turn()
    assert [(ret.jid, ret.outcome) for ret in box.returns] == [(jobs[-1].jid, "refused")]
    box.close()


def test_waiting_job_can_be_killed(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.refuse = True
    box.client.start()
    job = make_job("f")
    box.client.submit(job)
    box.client.signal(job.jid, 1)
    box.turn()
    assert not box.returns
    box.client.signal(job.jid, 15)
    box.turn()
    assert box.returns[0].outcome == "killed"
    box.close()


def test_executor_that_reads_nothing_is_not_fed_without_end(box: Box) -> None:
    jids = JidMaker()
    box.loop.unwatch(box.links[0]._sock.fileno())
    big = "x" * 200_000
    for _ in range(60):
        job = make_job("f", big)
        box.client.submit(Job.from_wire(job.to_wire() | {"jid": jids.new(box.clock.time())}))
    box.turn()
    assert {ret.outcome for ret in box.returns} == {"refused"}
    assert 10 < len(box.returns) < 25  # 8 MiB wait


@pytest.mark.parametrize("kill_jobs", [True, False])
def test_stop_that_is_not_answered_ends_by_itself(
    box: Box, kill_jobs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append(number))
    job = make_job("f")
    box.client.submit(job)
    stopped: list[bool] = []
    box.client.stop(kill_jobs=kill_jobs, on_stopped=lambda: stopped.append(True))
    box.turn(1)
    assert not stopped
    box.turn(20)
    assert stopped == [True]
    assert killed == ([9] if kill_jobs else [])
    assert [ret.outcome for ret in box.returns] == (["outcome_unknown"] if kill_jobs else [])
    assert box.ops()[-1] == ("shutdown" if kill_jobs else "leave")
