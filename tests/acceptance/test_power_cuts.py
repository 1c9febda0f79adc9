"""A box whose power is cut keeps what it owes: results that were not sent, and what it had begun.

The cut is SIGKILL for daemon, executor and job at once; the files stay as they are at that moment.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

import psutil
import pytest

from tests.acceptance.at_work import listening, running
from tests.fleet import Fleet, executors_under, short_folder, until

BOX: Final = "box-1"
PATIENCE_S: Final = 40.0


@pytest.fixture(scope="module")
def lasting_fleet() -> Iterator[Fleet]:
    """A master and one minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        yield fleet


@pytest.fixture
def fleet(lasting_fleet: Fleet) -> Fleet:
    """The same, running, whatever the test before has left."""
    fleet = lasting_fleet
    if fleet.master is None or not fleet.master.alive:
        fleet.start_master(heartbeat_s=1)
    if not fleet.minions[BOX].alive:
        fleet.start_minion(BOX)
    wait_answer(fleet)
    return fleet


def test_result_that_no_master_was_there_for_survives_the_power_cut(fleet: Fleet) -> None:
    go = fleet.folder / token_hex(4)
    jid = send(fleet, "cmd.run", f"until [ -e {go} ]; do sleep 0.05; done; echo la''te")
    assert fleet.master is not None
    fleet.master.stop(signal.SIGKILL)
    go.touch()
    until("the result to be on the box's disk", lambda: on_disk(fleet, b"late"))
    cut_power(fleet)
    fleet.start_master(heartbeat_s=1)
    fleet.start_minion(BOX)
    assert stored(fleet, jid) == {BOX: "late"}


def test_job_that_the_power_cut_ended_is_answered_for_and_not_run_again(fleet: Fleet) -> None:
    marks = fleet.folder / token_hex(4)
    jid = send(fleet, "cmd.run", f"echo begun >> {marks}; sleep 60; echo ended >> {marks}")
    until("the job to have begun", marks.exists)
    until("the ledger to know it", lambda: on_disk(fleet, jid.encode()))
    cut_power(fleet)
    fleet.start_minion(BOX)
    answer = stored(fleet, jid)[BOX]
    assert "whether and how far it ran is not known" in answer
    detail = fleet.runner("jobs.print_job", jid)
    assert "outcome_unknown" in str(detail)
    wait_answer(fleet)
    assert marks.read_text() == "begun\n"


def test_job_that_may_run_twice_runs_again_after_the_power_cut(fleet: Fleet) -> None:
    jid = send(fleet, "test.sleep", "2")
    until("the ledger to know it", lambda: on_disk(fleet, jid.encode()))
    cut_power(fleet)
    fleet.start_minion(BOX)
    assert stored(fleet, jid) == {BOX: True}


def test_job_whose_executor_dies_runs_again_if_it_may(fleet: Fleet) -> None:
    jid = send(fleet, "test.sleep", "1")
    for pid in executors_under(fleet.minion_root(BOX)):
        os.kill(pid, signal.SIGKILL)
    assert stored(fleet, jid) == {BOX: True}


def test_short_jobs_write_nothing_while_the_master_answers(fleet: Fleet) -> None:
    before = ledger_files(fleet)
    for _ in range(5):
        assert fleet.shoal(BOX, "test.ping").returncode == 0
    assert ledger_files(fleet) == before


def test_damaged_ledger_is_set_aside_and_reported(fleet: Fleet) -> None:
    fleet.minions[BOX].stop()
    ledger = ledger_path(fleet)
    ledger.write_bytes(b"this is no database" * 500)
    with listening(fleet) as events:
        fleet.start_minion(BOX)
        events.until_out("was damaged")
    wait_answer(fleet)
    assert ledger.with_name("ledger.db.corrupt-1").exists()
    assert "damaged" in fleet.minions[BOX].text()


def test_ledger_that_cannot_be_opened_keeps_no_box_from_working(fleet: Fleet) -> None:
    fleet.minions[BOX].stop()
    ledger = ledger_path(fleet)
    for path in ledger.parent.glob("ledger.db*"):
        path.unlink()
    ledger.mkdir()
    fleet.start_minion(BOX)
    wait_answer(fleet)
    assert "ledger" in fleet.minions[BOX].text()
    assert fleet.shoal(BOX, "cmd.run", "sleep 0.3; echo done").stdout == f"{BOX}:\n    done\n"
    ledger.rmdir()
    jid = send(fleet, "cmd.run", "sleep 0.5; echo again")
    assert stored(fleet, jid) == {BOX: "again"}
    assert ledger.is_file(), "it is made when the disk takes it again"


# ------------------------------------------------------------------ helpers


def cut_power(fleet: Fleet, box: str = BOX) -> None:
    """Kill all that runs on the box, at once."""
    doomed = [fleet.minions[box].pid, *executors_under(fleet.minion_root(box))]
    for pid in list(doomed):
        with suppress(psutil.NoSuchProcess):
            doomed += [child.pid for child in psutil.Process(pid).children(recursive=True)]
    for pid in doomed:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    fleet.minions[box].stop(signal.SIGKILL)


def ledger_path(fleet: Fleet) -> Path:
    return fleet.minion_root(BOX) / "var/lib/shoal/minion/ledger.db"


def ledger_files(fleet: Fleet) -> dict[str, bytes]:
    """Return what the ledger's files hold."""
    folder = ledger_path(fleet).parent
    return {
        path.name: path.read_bytes() for path in sorted(folder.glob("ledger.db*")) if path.suffix != ".db-shm"
    }


def on_disk(fleet: Fleet, text: bytes) -> bool:
    return any(text in data for data in ledger_files(fleet).values())


def send(fleet: Fleet, *words: str) -> str:
    """Send a job, wait until it runs and return its id."""
    said = fleet.shoal(BOX, *words, "--async", check=True).stdout
    found = re.search(r"\d{20}", said)
    assert found, said
    assert running(fleet, words[0], BOX) == found[0]
    return found[0]


def stored(fleet: Fleet, jid: str) -> Any:
    """Wait until there is a result of a job in the store."""
    return until(f"the result of {jid}", lambda: fleet.runner("jobs.lookup_jid", jid), PATIENCE_S)


def wait_answer(fleet: Fleet) -> None:
    until("an answer", lambda: fleet.shoal(BOX, "test.ping", "-t", "1").returncode == 0, PATIENCE_S)
