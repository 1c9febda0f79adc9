"""Queued jobs for real boxes behind a bad wire, master and boxes killed meanwhile: none lost, none done twice.

The wire delays, throttles, stalls half-open, forgets, resets and refuses (`tests/proxy.py`). Here some dozens of jobs;
`make chaos` sends thousands.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from master.cli.client import Conversation
from shoal.exits import CliError
from tests.acceptance.test_power_cuts import cut_power
from tests.fleet import Fleet, short_folder, until
from tests.proxy import Proxy
from tests.synced import serve

BOXES: Final = ("box-1", "box-2", "box-3", "box-4")
PATIENCE_S: Final = 240.0
MODULE: Final = '''
import os

from modules.context import Context
from shoal.functions.function import function


@function
def mark(ctx: Context, path: str) -> str:
    """Leave one mark."""
    fd = os.open(path + ctx.minion_id, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, b"x")
    os.close(fd)
    return "done"
'''


@dataclass(slots=True)
class Books:
    """What was promised, and where its marks are."""

    folder: Path
    promised: dict[str, dict[str, Path]] = field(default_factory=dict)
    unsure: list[Path] = field(default_factory=list)  # of jobs that the operator was not told of
    did: Counter[str] = field(default_factory=Counter)
    number: int = 0


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A master and boxes that reach it over a wire only."""
    with short_folder() as folder, Fleet(folder) as fleet:
        yield fleet


def test_sixty_jobs_over_a_bad_wire(fleet: Fleet) -> None:
    storm(fleet, jobs=60, seed=1)


@pytest.mark.chaos
@pytest.mark.timeout(0)
@pytest.mark.parametrize("seed", range(2, 22))
def test_five_hundred_jobs_for_four_boxes_over_a_bad_wire(fleet: Fleet, seed: int) -> None:
    storm(fleet, jobs=500, seed=seed)


def storm(fleet: Fleet, jobs: int, seed: int) -> None:
    began, dice, books = time.monotonic(), Random(seed), Books(fleet.folder)
    with Proxy(fleet.publish_port, fleet.request_port) as wire:
        fleet.start_master(advertise=[wire.host], heartbeat_s=1, minion_messages_per_s=10_000)
        serve(fleet.master_root / "srv/salt", "_modules/chaos.py", MODULE)
        for box in BOXES:
            fleet.join(box)
        fleet.shoal("*", "saltutil.sync_modules", check=True)
        weather = weathers(wire, dice)
        while len(books.promised) < jobs:
            order(fleet, books, dice)
            if dice.random() < 0.25:
                books.did[change(weather, dice)] += 1
            if dice.random() < 0.08:
                books.did[kill(fleet, dice)] += 1
        wire.delay_s = wire.bytes_per_s = 0.0
        wire.forward()
        wire.cut()
        bring_back(fleet)
        outcomes = settle(fleet, books)
    print(f"\nseed {seed}: {len(books.promised)} jobs in {time.monotonic() - began:.0f} s; {dict(books.did)}")
    print(f"deliveries: {dict(outcomes)}; 0 lost, 0 doubled, 0 unexplained")


# ------------------------------------------------------------------ weather


def weathers(wire: Proxy, dice: Random) -> dict[str, Callable[[], None]]:
    def slow() -> None:
        wire.delay_s, wire.bytes_per_s = dice.uniform(0.0, 0.3), dice.choice((0.0, 20_000.0, 60_000.0))

    def fair() -> None:
        wire.delay_s = wire.bytes_per_s = 0.0
        wire.forward()

    bad = {"stall": wire.stall, "forget": wire.forget, "cut": wire.cut, "refuse": wire.refuse}
    return {"slow": slow, "fair": fair, **bad}


def change(weather: dict[str, Callable[[], None]], dice: Random) -> str:
    """Change the weather; fair comes as often as all that is bad."""
    name = dice.choice(["fair"] * 5 + [each for each in weather if each != "fair"])
    weather[name]()
    time.sleep(dice.uniform(0.0, 0.5))  # it lasts for a while
    return name


def kill(fleet: Fleet, dice: Random) -> str:
    """Kill the master, a daemon, or a box, and bring it back."""
    victim = dice.choice(("master", "daemon", "box"))
    if victim == "master":
        assert fleet.master is not None
        fleet.master.stop(signal.SIGKILL)
    elif victim == "daemon":
        fleet.minions[dice.choice(BOXES)].stop(signal.SIGKILL)
    else:
        cut_power(fleet, dice.choice(BOXES))
    bring_back(fleet)
    return f"{victim} killed"


def bring_back(fleet: Fleet) -> None:
    if fleet.master is None or not fleet.master.alive:
        fleet.start_master()
    for box in BOXES:
        if not fleet.minions[box].alive:
            fleet.start_minion(box)


# -------------------------------------------------------------------- books


def order(fleet: Fleet, books: Books, dice: Random) -> None:
    """Queue a job that leaves one mark, for one box or all; a master that dies meanwhile has promised it or not."""
    books.number += 1
    mark = str(books.folder / f"mark-{books.number}-")
    request: dict[str, Any] = {
        "op": "run",
        "target": {"kind": "glob", "expr": dice.choice((*BOXES, "box-*")), "delimiter": ":"},
        "fun": "chaos.mark",
        "args": [mark],
        "mode": "queue",
        "async": True,
    }
    jid, targets = "", list(BOXES)
    with (
        suppress(CliError, OSError),
        Conversation(str(fleet.master_root / "run/shoal/master/master.sock"), request) as talk,
    ):
        for message in talk:
            jid, targets = talk.jid or jid, message.get("targets", targets)
    marks = {box: Path(mark + box) for box in targets}
    if jid:
        books.promised[jid] = marks
    else:
        books.unsure += marks.values()


def settle(fleet: Fleet, books: Books) -> Counter[str]:
    """Wait until every job has its answers, compare them with the marks, and return the outcomes."""
    outcomes: Counter[str] = Counter()
    for jid, marks in books.promised.items():
        answers = until(f"the answers to {jid}", lambda: answered(fleet, jid, len(marks)), PATIENCE_S)  # noqa: B023
        for box, mark in marks.items():
            outcome, effects = answers[box]["outcome"], effects_of(mark)
            outcomes[outcome] += 1
            if outcome == "outcome_unknown":
                assert effects <= 1, (jid, box, effects)
            else:
                assert (outcome, effects) == ("done", 1), (jid, box, answers[box], effects)
    assert all(effects_of(mark) <= 1 for mark in books.unsure)
    until("nothing to wait", lambda: fleet.ask("jobs.queue") == {}, PATIENCE_S)
    return outcomes


def answered(fleet: Fleet, jid: str, count: int) -> dict[str, Any]:
    found: dict[str, Any] = fleet.ask("jobs.list_job", jid)["Result"]
    return found if len(found) == count else {}


def effects_of(mark: Path) -> int:
    return mark.stat().st_size if mark.exists() else 0
