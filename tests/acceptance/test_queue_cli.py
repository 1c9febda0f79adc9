"""Jobs for boxes that are away: kept with `--queue`, delivered when they come, done once, and explained meanwhile."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import pytest

from tests.acceptance.test_power_cuts import cut_power
from tests.fleet import Fleet, short_folder, until

BOX: Final = "box-1"
OTHER: Final = "box-2"
PATIENCE_S: Final = 40.0


@pytest.fixture(scope="module")
def lasting_fleet() -> Iterator[Fleet]:
    """A master and two minions."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        fleet.join(OTHER)
        yield fleet


@pytest.fixture
def fleet(lasting_fleet: Fleet) -> Fleet:
    """The same: the master and `box-2` run, `box-1` is away."""
    fleet = lasting_fleet
    if fleet.master is None or not fleet.master.alive:
        fleet.start_master(heartbeat_s=1)
    fleet.wait_up(OTHER)
    if fleet.minions[BOX].alive:
        fleet.minions[BOX].stop()
    until("box-1 to be gone", lambda: fleet.runner("manage.up") == [OTHER])
    return fleet


def test_queued_job_reaches_who_is_there_and_waits_for_who_is_not(fleet: Fleet) -> None:
    marks = fleet.folder / token_hex(4)
    done = fleet.shoal("box-*", "cmd.run", f"echo $HOSTNAME x >> {marks}; echo done", "--queue", "--show-jid")
    assert done.returncode == 0, done
    assert f"{OTHER}:\n    done" in done.stdout
    assert re.search(
        rf"{BOX}:\n    Minion did not return yet\. \[Queued\]\n.*waits for it until \d{{4}}-", done.stdout
    )
    jid = jid_of(done.stdout)
    assert fleet.runner("jobs.queue")[jid]["queued"] == [BOX]
    assert "[Queued since " in fleet.runner("jobs.lookup_jid", jid, "missing=True")[BOX]
    fleet.start_minion(BOX)
    assert answers(fleet, jid, 2) == {BOX: "done", OTHER: "done"}
    assert len(marks.read_text().splitlines()) == 2
    assert fleet.runner("jobs.queue") == {}
    assert {row["state"] for row in fleet.runner("jobs.queue", f"jid={jid}").values()} == {"returned"}


def test_queue_outlives_the_master(fleet: Fleet) -> None:
    jid, marks = queued(fleet)
    assert fleet.master is not None
    fleet.master.stop(signal.SIGKILL)
    fleet.start_minion(BOX)
    fleet.start_master(heartbeat_s=1)
    assert answers(fleet, jid, 1) == {BOX: "done"}
    assert marks.read_text() == "x\n"


def test_several_jobs_are_delivered_in_their_order(fleet: Fleet) -> None:
    marks = fleet.folder / token_hex(4)
    jids = [jid_of(queue(fleet, f"sleep 0.{5 - number}; echo {number} >> {marks}")) for number in range(3)]
    fleet.start_minion(BOX)
    for jid in jids:
        answers(fleet, jid, 1)
    assert sorted(marks.read_text().split()) == ["0", "1", "2"]


def test_power_cut_in_a_queued_job_is_an_unknown_outcome_not_a_second_run(fleet: Fleet) -> None:
    marks = fleet.folder / token_hex(4)
    jid = jid_of(queue(fleet, f"echo x >> {marks}; sleep 30"))
    fleet.start_minion(BOX)
    until("the job to have begun", marks.exists)
    cut_power(fleet)
    fleet.start_minion(BOX)
    assert "whether and how far it ran is not known" in answers(fleet, jid, 1)[BOX]
    assert marks.read_text() == "x\n"


def test_queued_job_that_expires_is_said_to_have_expired(fleet: Fleet) -> None:
    done = fleet.shoal(BOX, "cmd.run", "echo never", "--queue=1s", "--show-jid")
    jid = jid_of(done.stdout)
    until(
        "the job to be over",
        lambda: "not connected before" in str(fleet.runner("jobs.queue", f"jid={jid}")),
        60,
    )
    assert "[Expired since " in fleet.runner("jobs.lookup_jid", jid, "missing=True")[BOX]
    fleet.start_minion(BOX)
    fleet.wait_up(BOX)
    assert fleet.runner("jobs.lookup_jid", jid) == {}


def test_queued_job_can_be_taken_back(fleet: Fleet) -> None:
    jid, marks = queued(fleet)
    assert fleet.runner("jobs.cancel", jid) == {BOX: "cancelled_before_start"}
    fleet.start_minion(BOX)
    fleet.wait_up(BOX)
    later = jid_of(fleet.shoal(BOX, "cmd.run", "echo done", "--queue", "--show-jid").stdout)
    answers(fleet, later, 1)
    assert not marks.exists()
    assert "[Cancelled since " in fleet.runner("jobs.lookup_jid", jid, "missing=True")[BOX]
    assert fleet.runner("jobs.cancel", later) == {BOX: "too_late"}


def test_job_without_queue_is_not_kept(fleet: Fleet) -> None:
    done = fleet.shoal(BOX, "test.ping", "--show-jid")
    assert done.returncode == 1
    kept = fleet.runner("jobs.lookup_jid", jid_of(done.stdout), "missing=True")[BOX]
    assert re.search(
        r"\[Undeliverable since .*: Offline since .*\. It was not connected when the job was published", kept
    )
    fleet.start_minion(BOX)
    fleet.wait_up(BOX)
    assert fleet.runner("jobs.queue") == {}
    assert fleet.runner("jobs.lookup_jid", jid_of(done.stdout)) == {}


# ------------------------------------------------------------------ helpers


def queue(fleet: Fleet, line: str) -> str:
    done = fleet.shoal(BOX, "cmd.run", line, "--queue=1h", "--show-jid", "-t", "1")
    assert done.returncode == 0, done
    return done.stdout


def queued(fleet: Fleet) -> tuple[str, Path]:
    """Queue a job that leaves a mark; return its id and the file."""
    marks = fleet.folder / token_hex(4)
    return jid_of(queue(fleet, f"echo x >> {marks}; echo done")), marks


def jid_of(text: str) -> str:
    found = re.search(r"\d{20}", text)
    assert found, text
    return found[0]


def answers(fleet: Fleet, jid: str, count: int) -> Any:
    """Wait until so many answers are in the store."""

    def found() -> Any:
        got = fleet.runner("jobs.lookup_jid", jid)
        return got if len(got) == count else None

    return until(f"{count} answers to {jid}", found, PATIENCE_S)
