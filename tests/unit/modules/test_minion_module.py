"""`minion.*` and its `saltutil` names speak to the job and daemon controls, and say honestly what came of it."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import pytest

from modules.standalone import NoDaemon, NoJobs
from shoal.errors import ArgumentError, ModuleError
from shoal.synced import KINDS
from tests.unit.modules.conftest import JID, FakeDaemon, FakeJobs

Ask = Callable[[str], Any]
ABSENT = "20260101000000000000"


@pytest.mark.parametrize("module", ["minion", "saltutil"])
def test_running_jobs_are_told(ask: Ask, module: str) -> None:
    job = {"jid": JID, "fun": "test.sleep", "pid": 4242}
    assert ask(f"{module}.running") == [job]
    assert ask(f"{module}.find_job {JID}") == job
    assert ask(f"{module}.find_job {ABSENT}") == {}
    assert ask(f"{module}.is_running 'test.*'") == [job]
    assert ask(f"{module}.is_running test.sleep") == [job]
    assert ask(f"{module}.is_running state.apply") == []


@pytest.mark.parametrize("module", ["minion", "saltutil"])
@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("kill_job {}", signal.SIGKILL),
        ("term_job {}", signal.SIGTERM),
        ("signal_job {} 10", 10),
        ("signal_job sig=12 jid={}", 12),
    ],
)
def test_signal_goes_to_the_job(ask: Ask, jobs: FakeJobs, module: str, words: str, number: int) -> None:
    assert ask(f"{module}.{words.format(JID)}") == f"Signal {int(number)} sent to job {JID}"
    assert jobs.sent == [(JID, number)]


def test_job_that_does_not_run_is_told_so(ask: Ask) -> None:
    assert ask(f"minion.kill_job {ABSENT}") == f"Job {ABSENT} is not running here; no signal was sent"


def test_all_jobs_but_the_asking_one_are_ended(ask: Ask, jobs: FakeJobs, ctx: Any) -> None:
    jobs.jobs.append({"jid": ctx.jid, "fun": "minion.kill_all_jobs", "pid": 1})
    assert ask("saltutil.kill_all_jobs") == [f"Signal 9 sent to job {JID}"]
    assert ask("minion.term_all_jobs") == [f"Signal 15 sent to job {JID}"]
    assert jobs.sent == [(JID, 9), (JID, 15)]


@pytest.mark.parametrize(
    "line",
    ["kill_job x", "find_job 1", f"signal_job {JID} 0", f"signal_job {JID} 65", f"signal_job {JID} TERM"],
)
def test_bad_job_id_or_signal_is_refused(ask: Ask, jobs: FakeJobs, line: str) -> None:
    with pytest.raises(ArgumentError):
        ask(f"minion.{line}")
    assert jobs.sent == []


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("minion.refresh_grains", "refresh_grains"),
        ("saltutil.refresh_grains", "refresh_grains"),
        ("minion.rotate_key", "rotate_key"),
    ],
)
def test_daemon_is_asked(ask: Ask, daemon: FakeDaemon, line: str, action: str) -> None:
    assert ask(line) is True
    assert daemon.asked == [(action, {})]


@pytest.mark.parametrize("module", ["minion", "saltutil"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_is_synced(ask: Ask, daemon: FakeDaemon, module: str, kind: str) -> None:
    assert ask(f"{module}.sync_{kind} saltenv=dev") == [f"{kind}.hello"]
    assert daemon.asked == [("sync", {"kinds": [kind], "env": "dev"})]


def test_all_kinds_are_synced(ask: Ask, daemon: FakeDaemon) -> None:
    assert ask("saltutil.sync_all") == {kind: [f"{kind}.hello"] for kind in KINDS}
    assert daemon.asked == [("sync", {"kinds": list(KINDS), "env": "base"})]


def test_environment_that_is_none_is_not_synced(ask: Ask, daemon: FakeDaemon) -> None:
    with pytest.raises(ArgumentError, match="bad environment"):
        ask("saltutil.sync_all saltenv=../x")
    assert daemon.asked == []


def test_tags_are_told(ask: Ask) -> None:
    assert ask("minion.tags") == {"site": "north"}


def test_call_without_a_daemon_says_so() -> None:
    assert NoJobs().running() == []
    assert NoJobs().find(JID) is None
    assert NoJobs().signal(JID, 9) is False
    with pytest.raises(ModuleError, match="refresh_grains is the daemon's work"):
        NoDaemon().request("refresh_grains")
    with pytest.raises(ModuleError, match="to sync is the daemon's work"):
        NoDaemon().sync(KINDS, "base")
