"""A master that dies while a `now` job is out: nobody keeps such a job, and yet what became of it is explained."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest

from tests.acceptance.at_work import Watched
from tests.acceptance.test_power_cuts import BOX, cut_power
from tests.fleet import Fleet, short_folder, until

PATIENCE_S: Final = 60.0


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master and one minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        yield fleet


@pytest.fixture
def long_job(fleet: Fleet) -> Iterator[tuple[str, Path]]:
    """A job that runs until its file is there; the program that ordered it has lost its master."""
    mark, go = fleet.folder / token_hex(4), fleet.folder / token_hex(4)
    line = f"echo x >> {mark}; until [ -e {go} ]; do sleep 0.05; done; echo end"
    with Watched(fleet, "shoal", BOX, "cmd.run", line) as job:
        until("the job to have begun", mark.exists)
        until("the master to know", lambda: fleet.ask("jobs.active"))
        kill_master(fleet)
        assert job.end() != 0
        found = re.search(r"The master went away; job (\d{20}) goes on\. Ask later", job.err)
    assert found is not None
    yield found[1], go
    go.touch()
    assert mark.read_text() == "x\n"


def kill_master(fleet: Fleet) -> None:
    assert fleet.master is not None
    fleet.master.stop(signal.SIGKILL)


def why(fleet: Fleet, jid: str) -> str:
    return str(fleet.ask("jobs.lookup_jid", jid, "missing=True").get(BOX))


def test_job_that_runs_on_is_known_to_run_and_its_answer_comes(
    fleet: Fleet, long_job: tuple[str, Path]
) -> None:
    jid, go = long_job
    fleet.start_master()
    until("the box to say what runs", lambda: "[Running since " in why(fleet, jid), PATIENCE_S)
    assert fleet.ask("jobs.active")[jid]["Running"]
    go.touch()
    until("its answer", lambda: fleet.ask("jobs.lookup_jid", jid) == {BOX: "end"}, PATIENCE_S)


def test_daemon_that_was_killed_too_knows_since_when_its_job_runs(
    fleet: Fleet, long_job: tuple[str, Path]
) -> None:
    jid, go = long_job
    fleet.minions[BOX].stop(signal.SIGKILL)  # the executor and the job go on
    fleet.start_minion(BOX)
    fleet.start_master()
    until("the box to say what runs", lambda: "[Running since " in why(fleet, jid), PATIENCE_S)
    go.touch()
    until("its answer", lambda: fleet.ask("jobs.lookup_jid", jid) == {BOX: "end"}, PATIENCE_S)


def test_job_that_the_master_did_not_get_to_publish_is_explained(fleet: Fleet) -> None:
    kill_master(fleet)
    hit = fleet.folder / "hit"
    launcher = [
        sys.executable,
        "-m",
        "tests.faulty",
        "master: before publishing",
        "1",
        str(hit),
        "shoal-master",
    ]
    fleet.start_master(launcher=launcher)
    fleet.wait_up(BOX)
    fleet.shoal(BOX, "test.ping")
    until("the master to die", hit.exists)
    kill_master(fleet)
    fleet.start_master()
    (jid,) = [each for each, job in fleet.ask("jobs.list_jobs").items() if job["Function"] == "test.ping"]
    told = re.compile(
        r"Minion did not return\. \[Unknown: it is connected since [^]]*, later than the job; whether the job "
        r"reached it, and how far it ran, is not known\]"
    )
    until("an explanation", lambda: told.fullmatch(why(fleet, jid)), PATIENCE_S)


def test_box_that_lost_its_power_with_the_job_is_explained(fleet: Fleet, long_job: tuple[str, Path]) -> None:
    jid, _go = long_job
    fleet.start_master()
    until("the box to say what runs", lambda: "[Running since " in why(fleet, jid), PATIENCE_S)
    cut_power(fleet)
    told = r"Minion did not return\. \[Offline since [^]]*: it has been running the job since [^]]*\]"
    until("an explanation", lambda: re.fullmatch(told, why(fleet, jid)), PATIENCE_S)
    fleet.start_minion(BOX)
    until("the box's own word", lambda: "not known" in str(fleet.ask("jobs.lookup_jid", jid)), PATIENCE_S)
