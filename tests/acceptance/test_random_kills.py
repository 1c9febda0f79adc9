"""Queued jobs while master and box are killed at random moments: none lost, none done twice, each explained.

Each round: a job that leaves one mark is queued, and meanwhile something dies. In the end every job has an answer:
`done` with exactly one mark, or `outcome_unknown` with one mark at most.
"""

from __future__ import annotations

import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.test_power_cuts import BOX, cut_power
from tests.fleet import Fleet, short_folder, until

ROUNDS: Final = 12
PATIENCE_S: Final = 60.0


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A master and one minion."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        yield fleet


@pytest.mark.parametrize("doomed", ["master", "daemon", "box", "both"])
def test_no_queued_job_is_lost_or_done_twice(fleet: Fleet, doomed: str) -> None:
    dice = random.Random(doomed)
    marks: dict[str, Path] = {}
    for number in range(ROUNDS):
        delay = dice.uniform(0.0, 0.4)
        killer = threading.Thread(target=kill, args=(fleet, doomed, delay))
        killer.start()
        mark = fleet.folder / f"mark-{number}"
        line = f"echo x >> {mark}; sleep 0.05; echo done"
        done = fleet.shoal(BOX, "cmd.run", line, "--queue", "--async")
        killer.join()
        bring_back(fleet)
        found = re.search(r"\d{20}", done.stdout)
        if found:
            marks[found[0]] = mark
        else:  # the master was gone before it had promised anything
            assert done.returncode != 0
    assert len(marks) > ROUNDS // 3
    for jid, mark in marks.items():
        answer = until(
            f"an answer to {jid}", lambda jid=jid: fleet.runner("jobs.list_job", jid)["Result"], PATIENCE_S
        )
        check(answer[BOX], mark)
    assert until("nothing to wait", lambda: fleet.runner("jobs.queue") == {}, PATIENCE_S)


def check(answer: dict[str, Any], mark: Path) -> None:
    effects = mark.read_text() if mark.exists() else ""
    if answer["outcome"] == "outcome_unknown":
        assert effects in ("", "x\n")
    else:
        assert (answer["outcome"], answer["return"], effects) == ("done", "done", "x\n")


def kill(fleet: Fleet, doomed: str, delay: float) -> None:
    time.sleep(delay)  # the moment of death is what the test varies
    if doomed in ("master", "both"):
        assert fleet.master is not None
        fleet.master.stop(signal.SIGKILL)
    if doomed == "daemon":
        fleet.minions[BOX].stop(signal.SIGKILL)
    if doomed in ("box", "both"):
        cut_power(fleet)


def bring_back(fleet: Fleet) -> None:
    if fleet.master is None or not fleet.master.alive:
        fleet.start_master(heartbeat_s=1)
    if not fleet.minions[BOX].alive:
        fleet.start_minion(BOX)
