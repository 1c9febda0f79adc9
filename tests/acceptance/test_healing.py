"""What breaks heals by itself: masters and minions that restart or die, wires that lie, masters that move.

The master asks for a heartbeat each second, so that everything is noticed soon.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.acceptance.at_work import Watched, newest_job, running
from tests.fleet import Fleet, Process, executors_under, short_folder, until

BOX: Final = "box-1"
HEALED_S: Final = 40.0  # the machine may be busy; it takes a few seconds
WORK: Final = "sleep 2; echo done"


@pytest.fixture(scope="module")
def small_fleet() -> Iterator[Fleet]:
    """A master and one minion. Each test leaves them connected."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        yield fleet


# ----------------------------------------------------------------- restarts


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_master_restarts_and_its_minion_is_back(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    box = fleet.minions[BOX]
    stop(fleet.master, number)
    fleet.start_master()
    wait_answer(fleet)
    assert box.alive
    assert "copied" not in " ".join(fleet.counters())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_job_that_ends_while_the_master_is_away_is_stored(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    ended = fleet.folder / f"ended-{number}"
    jid = send(fleet, "cmd.run", f"sleep 1; echo after; touch {ended}")
    stop(fleet.master, number)
    assert not ended.exists(), "the machine is too slow for this test"
    until("the job to have ended", ended.exists)
    fleet.start_master()
    assert stored(fleet, jid) == {BOX: "after"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_minion_restarts_and_is_back(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    (executor,) = executors_under(fleet.minion_root(BOX))
    stop(fleet.minions[BOX], number)
    fleet.start_minion(BOX)
    wait_answer(fleet)
    (now,) = executors_under(fleet.minion_root(BOX))
    assert number == signal.SIGTERM or now == executor, "what a dead daemon has left is used again"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_job_outlives_its_daemon_and_comes_home(small_fleet: Fleet, number: int) -> None:
    fleet = small_fleet
    (executor,) = executors_under(fleet.minion_root(BOX))
    with Watched(fleet, "shoal", BOX, "cmd.run", WORK) as job:
        jid = running(fleet, "cmd.run", BOX)
        stop(fleet.minions[BOX], number)
        fleet.start_minion(BOX)
        assert stored(fleet, jid) == {BOX: "done"}
        assert job.end() == 0
        assert job.out == f"{BOX}:\n    done\n"
    assert executors_under(fleet.minion_root(BOX)) == [executor]
    wait_answer(fleet)


def test_job_of_a_dead_executor_has_an_unknown_outcome(small_fleet: Fleet) -> None:
    fleet = small_fleet
    (executor,) = executors_under(fleet.minion_root(BOX))
    with Watched(fleet, "shoal", BOX, "cmd.run", "sleep 20; echo done") as job:
        running(fleet, "cmd.run", BOX)
        os.kill(executor, signal.SIGKILL)
        assert job.end() != 0
        assert "whether and how far it ran is not known" in job.out
    detail = fleet.runner("jobs.print_job", newest_job(fleet, "cmd.run"))
    assert "outcome_unknown" in str(detail)
    wait_answer(fleet)
    assert executor not in executors_under(fleet.minion_root(BOX))
    assert fleet.shoal(BOX, "cmd.run", "echo again").stdout == f"{BOX}:\n    again\n"


# -------------------------------------------------------------------- tools


def stop(process: Process | None, number: int = signal.SIGTERM) -> None:
    """End a program of the fleet."""
    assert process is not None
    process.stop(number)


def send(fleet: Fleet, *words: str) -> str:
    """Send a job, wait until it runs and return its id."""
    said = fleet.shoal(BOX, *words, "--async", check=True).stdout
    found = re.search(r"\d{20}", said)
    assert found, said
    jid = running(fleet, words[0], BOX)
    assert jid == found[0]
    return jid


def stored(fleet: Fleet, jid: str) -> Any:
    """Wait until there is a result of a job in the store."""
    return until(f"the result of {jid}", lambda: fleet.runner("jobs.lookup_jid", jid), HEALED_S)


def wait_answer(fleet: Fleet, timeout_s: float = HEALED_S) -> None:
    """Wait until a job reaches the minion and its answer comes back."""
    until("an answer", lambda: fleet.shoal(BOX, "test.ping", "-t", "1").returncode == 0, timeout_s)
