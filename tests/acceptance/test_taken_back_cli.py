"""What an operator does about jobs that were sent: take them back, send them again, say how they ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import pytest

from tests.acceptance.test_power_cuts import cut_power
from tests.fleet import Fleet, short_folder, until

BOX: Final = "box-1"
PATIENCE_S: Final = 40.0


@pytest.fixture(scope="module")
def lasting_fleet() -> Iterator[Fleet]:
    """A master that keeps highstates as desired jobs, and one minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(
            heartbeat_s=1,
            delivery=[{"fun": "test.echo", "mode": "desired", "channel": "echoes", "ttl_s": 3600}],
        )
        fleet.join(BOX)
        yield fleet


@pytest.fixture
def fleet(lasting_fleet: Fleet) -> Fleet:
    """The same, with the minion up."""
    fleet = lasting_fleet
    if not fleet.minions[BOX].alive:
        fleet.start_minion(BOX)
    fleet.wait_up(BOX)
    return fleet


@pytest.mark.parametrize("mode", ["--now", "--queue"])
def test_running_job_is_ended(fleet: Fleet, mode: str) -> None:
    marks = mark(fleet)
    jid = send(fleet, "cmd.run", f"echo begun >> {marks}; sleep 60; echo ended >> {marks}", mode)
    until("the job to be known to run", lambda: fleet.runner("jobs.active").get(jid, {}).get("Running"))
    assert fleet.runner("jobs.cancel", jid) == {BOX: "cancelling"}
    result(fleet, jid)
    answer = fleet.runner("jobs.list_job", jid)["Result"][BOX]
    assert (answer["outcome"], answer["success"]) == ("killed", False)
    assert marks.read_text() == "begun\n"
    assert fleet.runner("jobs.cancel", jid) == {BOX: "too_late"}
    assert fleet.runner("jobs.queue") == {}


def test_box_that_is_away_is_told_when_it_comes(fleet: Fleet) -> None:
    marks = mark(fleet)
    jid = send(fleet, "cmd.run", f"echo begun >> {marks}; sleep 60", "--queue")
    until("the job to have begun", marks.exists)
    fleet.minions[BOX].stop()
    assert fleet.runner("jobs.cancel", jid) == {BOX: "cancelling"}
    assert fleet.runner("jobs.queue")[jid]["cancelling"] == [BOX]
    fleet.start_minion(BOX)
    assert "killed" in str(result(fleet, jid))
    until("nothing to wait", lambda: fleet.runner("jobs.queue") == {}, PATIENCE_S)


def test_nobody_else_can_be_cancelled(fleet: Fleet) -> None:
    jid = send(fleet, "test.ping", "--now")
    done = fleet.program("shoal-run", "jobs.cancel", jid, "other", check=False)
    assert done.returncode != 0
    assert f"other was no target of job {jid}" in done.stderr


def test_of_desired_jobs_only_the_newest_reaches_a_box_that_was_away(fleet: Fleet) -> None:
    fleet.minions[BOX].stop()
    until("the box to be gone", lambda: fleet.runner("manage.up") == [])
    old = [send(fleet, "test.echo", f"state {number}") for number in range(3)]
    other = send(fleet, "test.ping", "--desired=pings")
    new = send(fleet, "test.echo", "state 3")
    assert set(fleet.runner("jobs.queue")) == {other, new}
    fleet.start_minion(BOX)
    assert result(fleet, new) == {BOX: "state 3"}
    assert result(fleet, other) == {BOX: True}
    for jid in old:
        assert fleet.runner("jobs.lookup_jid", jid) == {}
        missing = fleet.runner("jobs.lookup_jid", jid, "missing=True")[BOX]
        assert re.search(r"\[Superseded since .*: superseded by job \d{20}\]", missing)


def test_failed_job_is_sent_again(fleet: Fleet) -> None:
    marks = mark(fleet)
    jid = send(fleet, "cmd.run", f"echo x >> {marks}; test -e {marks}.go", "--queue=2h")
    result(fleet, jid)
    Path(f"{marks}.go").touch()
    again = fleet.runner("jobs.retry", jid)
    assert again["Minions"] == [BOX]
    result(fleet, again["jid"])
    assert fleet.runner("jobs.exit_success", again["jid"]) == {BOX: True}
    shown = fleet.runner("jobs.list_job", again["jid"])
    assert shown["Metadata"] == {"retry_of": jid}
    assert marks.read_text() == "x\nx\n"
    done = fleet.program("shoal-run", "jobs.retry", again["jid"], check=False)
    assert (done.returncode != 0, "needs no retry" in done.stderr) == (True, True)


def test_unknown_outcome_is_resolved_by_a_person(fleet: Fleet) -> None:
    marks = mark(fleet)
    jid = send(fleet, "cmd.run", f"echo begun >> {marks}; sleep 60", "--queue")
    until("the job to have begun", marks.exists)
    cut_power(fleet)
    fleet.start_minion(BOX)
    result(fleet, jid)
    assert fleet.runner("jobs.unresolved")[jid] == [BOX]
    fleet.runner("jobs.resolve", jid, BOX, "done", "comment=the mark is there")
    assert jid not in fleet.runner("jobs.unresolved")
    found = fleet.runner("jobs.list_job", jid)
    assert found["Resolved"][BOX]["verdict"] == "done"
    assert found["Result"][BOX]["outcome"] == "outcome_unknown"
    done = fleet.program("shoal-run", "jobs.resolve", jid, BOX, "failed", check=False)
    assert (done.returncode != 0, "was resolved as done" in done.stderr) == (True, True)


# ------------------------------------------------------------------ helpers


def mark(fleet: Fleet) -> Path:
    return fleet.folder / token_hex(4)


def send(fleet: Fleet, *words: str) -> str:
    said = fleet.shoal(BOX, *words, "--async", check=True).stdout
    found = re.search(r"\d{20}", said)
    assert found, said
    return found[0]


def result(fleet: Fleet, jid: str) -> Any:
    return until(f"the result of {jid}", lambda: fleet.runner("jobs.lookup_jid", jid), PATIENCE_S)
