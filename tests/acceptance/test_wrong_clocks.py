"""Clocks that are a day off, or in 1970 at boot: queued jobs arrive and are run once, nothing promised is lost."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest

from tests.acceptance.test_full_disks import BOX, done, ping, queue
from tests.acceptance.test_power_cuts import cut_power
from tests.fleet import Fleet, short_folder, until
from tests.skewed import EPOCH

PATIENCE_S: Final = 60.0
DAY: Final = 86_400
WRONG: Final = [f"-{DAY}", f"+{DAY}", EPOCH]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet of which nothing runs yet."""
    with short_folder() as folder, Fleet(folder) as fleet:
        yield fleet


@pytest.mark.parametrize("clock", WRONG)
def test_box_that_boots_with_a_wrong_clock_does_its_jobs_once(fleet: Fleet, clock: str) -> None:
    fleet.start_master(heartbeat_s=1)
    fleet.join(BOX)
    marks = fleet.folder / token_hex(4)
    first = queue(fleet, marks, 0)
    wait_done(fleet, first)
    fleet.minions[BOX].stop()
    waiting = [queue(fleet, marks, 0) for _ in range(5)]
    box = fleet.start_minion(BOX, launcher=program(clock, "shoal-minion"))
    wait_done(fleet, *waiting)
    assert ping(fleet)
    later = queue(fleet, marks, 0, then="sleep 0.5")
    until("the job to have begun", lambda: lines(marks) == 7)
    cut_power(fleet)  # and the clock is another one at the next boot
    fleet.start_minion(BOX)
    until("an end", lambda: fleet.ask("jobs.queue") == {}, PATIENCE_S)
    assert fleet.ask("jobs.list_job", later)["Result"][BOX]["outcome"] in ("done", "outcome_unknown")
    wait_done(fleet, queue(fleet, marks, 0))
    assert lines(marks) == 8
    assert "Traceback" not in box.text()


@pytest.mark.parametrize("clock", WRONG)
def test_box_that_joins_with_a_wrong_clock_works(fleet: Fleet, clock: str) -> None:
    fleet.start_master(heartbeat_s=1)
    fleet.configure_minion(BOX)
    fleet.join_string(BOX, fleet.token())
    fleet.start_minion(BOX, launcher=program(clock, "shoal-minion"))
    fleet.wait_up(BOX)
    marks = fleet.folder / token_hex(4)
    wait_done(fleet, queue(fleet, marks, 0))
    assert ping(fleet)
    assert lines(marks) == 1


@pytest.mark.parametrize("clock", WRONG)
def test_master_that_starts_with_a_wrong_clock_delivers_and_keeps_what_it_has(
    fleet: Fleet, clock: str
) -> None:
    fleet.start_master(heartbeat_s=1)
    fleet.join(BOX)
    marks = fleet.folder / token_hex(4)
    first = queue(fleet, marks, 0)
    wait_done(fleet, first)
    fleet.minions[BOX].stop()
    week = queue(fleet, marks, 0, ttl_s=7.0 * DAY)
    stop_master(fleet)
    fleet.start_master(launcher=program(clock, "shoal-master"))
    meanwhile = queue(fleet, marks, 0)
    fleet.start_minion(BOX)
    wait_done(fleet, week, meanwhile)
    assert ping(fleet)
    stop_master(fleet)
    fleet.start_master()  # with the right time again
    fleet.wait_up(BOX)
    wait_done(fleet, queue(fleet, marks, 0))
    assert ping(fleet)
    assert all(done(fleet, jid) for jid in (first, week, meanwhile))
    assert lines(marks) == 4
    assert fleet.master is not None
    assert "Traceback" not in fleet.master.text()


# ------------------------------------------------------------------ helpers


def program(clock: str, name: str) -> list[str]:
    return [sys.executable, "-m", "tests.skewed", clock, name]


def lines(marks: Path) -> int:
    return marks.read_text().count("x") if marks.exists() else 0


def wait_done(fleet: Fleet, *jids: str) -> None:
    for jid in jids:
        until(f"{jid} to be done", lambda jid=jid: done(fleet, jid), PATIENCE_S)


def stop_master(fleet: Fleet) -> None:
    assert fleet.master is not None
    fleet.master.stop(signal.SIGKILL)
