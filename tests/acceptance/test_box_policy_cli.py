"""What a box does not run, whoever asks: `disable_modules`, `disable_functions`, `allowed_functions`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.at_work import answers
from tests.fleet import Fleet, short_folder

FAILED = "ERROR: Minions returned with non-zero exit code\n"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A box without a module, two without some functions, one with few functions, and one without rules."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join("no-cmd", settings={"disable_modules": ["cmd"]})
        fleet.join("no-kill", settings={"disable_functions": ["minion.kill_*"]})
        fleet.join("no-term", settings={"disable_functions": ["saltutil.term_*"]})
        fleet.join("only-test", settings={"allowed_functions": ["test.*", "minion.find_job"]})
        fleet.join("free")
        yield fleet


REFUSED = [
    ("no-cmd", "cmd.run", "cmd.run is disabled in this minion's configuration"),
    ("no-cmd", "cmd.has_exec", "cmd.has_exec is disabled in this minion's configuration"),
    ("no-kill", "minion.kill_all_jobs", "minion.kill_all_jobs is disabled in this minion's configuration"),
    (
        "no-kill",
        "saltutil.kill_all_jobs",
        "saltutil.kill_all_jobs is minion.kill_all_jobs, which is disabled in its configuration",
    ),
    (
        "no-term",
        "minion.term_all_jobs",
        "minion.term_all_jobs is saltutil.term_all_jobs, which is disabled in its configuration",
    ),
    (
        "no-term",
        "saltutil.term_all_jobs",
        "saltutil.term_all_jobs is disabled in this minion's configuration",
    ),
    ("only-test", "cmd.run", "cmd.run is not among this minion's allowed_functions"),
    ("only-test", "grains.items", "grains.items is not among this minion's allowed_functions"),
]


@pytest.mark.parametrize(("minion", "fun", "why"), REFUSED)
def test_box_refuses_and_says_why(fleet: Fleet, minion: str, fun: str, why: str) -> None:
    done = fleet.shoal(minion, fun, *(["true"] if fun.startswith("cmd.") else []), "-t", "30")
    assert (done.stderr, done.returncode) == (FAILED, 1)
    first, text = done.stdout.splitlines()
    assert first == f"{minion}:"
    assert text.startswith("    Refused by this minion: ")
    assert text.endswith(why)
    (jid,) = fleet.runner("jobs.last_run", f"fun={fun}")
    assert fleet.runner("jobs.list_job", str(jid))["Result"][minion]["outcome"] == "refused"


def test_other_boxes_and_functions_are_not_touched(fleet: Fleet) -> None:
    everyone = ["free", "no-cmd", "no-kill", "no-term", "only-test"]
    assert answers(fleet, "*", "test.ping") == dict.fromkeys(everyone, True)
    assert answers(fleet, "free", "cmd.run", "echo hi") == {"free": "hi"}
    assert answers(fleet, "no-kill", "cmd.run", "echo hi") == {"no-kill": "hi"}
    assert answers(fleet, "only-test", "minion.find_job", "20200101000000000000") == {"only-test": {}}


def test_refusal_among_other_answers(fleet: Fleet) -> None:
    done = fleet.shoal("*", "cmd.run", "echo hi", "--out=txt", "--static")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.endswith(": hi")] == ["free: hi", "no-kill: hi", "no-term: hi"]
    assert len([line for line in lines if "Refused by this minion" in line]) == 2
