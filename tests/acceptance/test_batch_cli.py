"""A few minions at a time (`-b`), random ones (`--subset`), and stopping at the first failure (`--failhard`)."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.at_work import EVERYONE, Watched, answers, running, stopped, wait_gone
from tests.fleet import Fleet, short_folder, until

FAILED = "ERROR: Minions returned with non-zero exit code\n"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """The usual three, of a master that notices within seconds that one is dead."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1)
        for minion in EVERYONE:
            fleet.join(minion)
        yield fleet


@pytest.fixture
def diary(tmp_path: Path) -> Path:
    """A file in which each minion notes its coming and going."""
    return tmp_path / "diary"


def visit(diary: Path, seconds: float = 0.3) -> str:
    """Return a command that is noted in `diary` for so long."""
    return f"echo +$(date +%s.%N) >> {diary}; sleep {seconds}; echo -$(date +%s.%N) >> {diary}"


def crowd(diary: Path) -> int:
    """Return how many were there at most at one time."""
    here = most = 0
    for line in diary.read_text().splitlines():
        here += 1 if line[0] == "+" else -1
        most = max(most, here)
    assert here == 0
    return most


@pytest.mark.parametrize(
    ("size", "at_once"),
    [("1", 1), ("2", 2), ("3", 3), ("99", 3), ("1%", 1), ("34%", 1), ("67%", 2), ("100%", 3)],
)
def test_so_many_at_a_time(fleet: Fleet, diary: Path, size: str, at_once: int) -> None:
    done = fleet.shoal("*", "cmd.run", visit(diary), "-b", size, "--out=quiet")
    assert (done.stderr, done.returncode) == ("", 0)
    assert crowd(diary) == at_once
    assert diary.read_text().count("+") == 3


def test_window_is_filled_when_one_returns(fleet: Fleet, diary: Path) -> None:
    first_is_slow = f"mkdir {diary} 2>/dev/null && echo slow && sleep 60 || echo quick"
    with Watched(fleet, "shoal", "*", "cmd.run", first_is_slow, "-b", "2", "-t", "1", "--out=txt") as job:
        until("both others", lambda: job.out.count("quick") == 2)
        assert "slow" not in job.out
        fleet.shoal("*", "minion.kill_all_jobs")
        assert job.end() == 1
        assert sorted(line.partition(":")[0] for line in job.out.splitlines()) == EVERYONE


def test_cancelled_batch_takes_no_further_turn(fleet: Fleet, diary: Path) -> None:
    with Watched(
        fleet, "shoal", "*", "cmd.run", f"echo x >> {diary}; sleep 60", "-b", "1", "--out=txt"
    ) as job:
        jid = running(fleet, "cmd.run", "db-1")
        assert fleet.runner("jobs.cancel", jid) == {
            "db-1": "cancelling", "web-1": "cancelled_before_start", "web-2": "cancelled_before_start",
        }  # fmt: skip
        assert job.end() == 1
        assert "shoal: cancelled; not run on: web-1, web-2\n" in job.err
    assert diary.read_text() == "x\n"


def test_batch_is_not_kept(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.ping", "-b", "1", "--queue")
    assert (done.returncode, done.stdout) == (64, "")
    assert "a batch goes out turn by turn" in done.stderr


def test_whole_batch_is_one_job(fleet: Fleet) -> None:
    fleet.shoal("*", "test.version", "-b", "1")
    found = fleet.runner("jobs.list_jobs", "search_function=test.version")
    assert len(found) == 1
    assert fleet.runner("jobs.list_job", *found)["Minions"] == EVERYONE


def test_batch_waits_between_minions(fleet: Fleet, diary: Path) -> None:
    done = fleet.shoal("*", "cmd.run", visit(diary, 0), "-b", "1", "--batch-wait=0.7", "--out=quiet")
    assert done.returncode == 0
    times = [float(line[1:]) for line in diary.read_text().splitlines()]
    gaps = [after - before for before, after in zip(times[1::2], times[2::2], strict=False)]
    assert len(gaps) == 2
    assert all(gap >= 0.69 for gap in gaps), gaps


def test_batch_results_in_one_document(fleet: Fleet) -> None:
    assert answers(fleet, "*", "test.ping", "-b", "1") == dict.fromkeys(EVERYONE, True)


def test_summary_counts_the_whole_batch(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.ping", "-b", "2", "--summary")
    assert "# of minions targeted: 3\n# of minions returned: 3\n" in done.stdout


# --------------------------------------------------------- absent and silent


def test_silent_minion_does_not_hold_up_a_batch(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        done = fleet.shoal("*", "test.ping", "-b", "1", "-t", "1")
    assert done.stdout == (
        "db-1:\n    Minion did not return. [Sent, not received]\n"
        "    It is connected and was sent the job, but gave no sign within 1 s.\nweb-1:\n    True\nweb-2:\n    True\n"
    )
    assert (done.stderr, done.returncode) == (FAILED, 1)


def test_minion_that_dies_at_its_turn_does_not_hold_up_a_batch(fleet: Fleet, diary: Path) -> None:
    only_the_first = f"mkdir {diary} 2>/dev/null && sleep 5 || true"
    with Watched(fleet, "shoal", "*", "cmd.run", only_the_first, "-b", "1", "-t", "1") as job:
        running(fleet, "cmd.run", "db-1")
        fleet.minions["db-1"].stop(signal.SIGKILL)
        try:
            job.until_out("db-1:\n    Minion did not return. [Offline since")
            assert job.end() == 1
            assert re.search(
                r"db-1:\n.*\n    It has been running the job since [\d :-]{19}, but the minion is", job.out
            )
            assert job.out.endswith("web-1:\nweb-2:\n")
        finally:
            fleet.start_minion("db-1")
            fleet.wait_up("db-1")
    (jid,) = fleet.runner("jobs.last_run", "fun=cmd.run")
    # Its executor went on with the job; what came of it is kept when the minion is back.
    until("the lost answer", lambda: fleet.ask("jobs.exit_success", jid) == dict.fromkeys(EVERYONE, True))


def test_absent_minion_does_not_hold_up_a_batch(fleet: Fleet) -> None:
    fleet.minions["db-1"].stop()
    wait_gone(fleet, "db-1")
    try:
        done = fleet.shoal("*", "test.ping", "-b", "1", "-t", "60", "--out=txt")
        assert re.fullmatch(
            r"db-1: Minion did not return. \[Offline since [^]]*\]\nweb-1: True\nweb-2: True\n", done.stdout
        )
        assert done.returncode == 1
    finally:
        fleet.start_minion("db-1")
        fleet.wait_up("db-1")


# ----------------------------------------------------------------- failhard


def test_failure_stops_the_batch(fleet: Fleet, diary: Path) -> None:
    done = fleet.shoal("*", "cmd.run", f"echo x >> {diary}; false", "-b", "1", "--failhard", "--out=txt")
    assert diary.read_text() == "x\n"
    assert done.stderr == f"shoal: stopped by --failhard; not run on: web-1, web-2\n{FAILED}"
    assert done.returncode == 1
    (jid,) = fleet.runner("jobs.last_run", "fun=cmd.run")
    assert fleet.runner("jobs.list_job", str(jid))["Missing"] == ["web-1", "web-2"]


def test_silence_stops_the_batch(fleet: Fleet) -> None:
    with stopped(fleet, "db-1"):
        done = fleet.shoal("*", "test.ping", "-b", "1", "-t", "0.5", "--failhard", "--out=txt")
    assert done.stdout == "db-1: Minion did not return. [Sent, not received]\n"
    assert done.stderr == f"shoal: stopped by --failhard; not run on: web-1, web-2\n{FAILED}"


def test_success_does_not_stop_the_batch(fleet: Fleet) -> None:
    done = fleet.shoal("*", "test.ping", "-b", "1", "--failhard", "--out=txt")
    assert (done.stdout, done.returncode) == ("db-1: True\nweb-1: True\nweb-2: True\n", 0)


# ------------------------------------------------------------- asynchronously


def test_batch_goes_on_without_its_program(fleet: Fleet, diary: Path) -> None:
    done = fleet.shoal("*", "cmd.run", visit(diary), "-b", "1", "--async")
    jid = done.stdout.split()[-1]
    until("all answers", lambda: len(fleet.ask("jobs.lookup_jid", jid)) == 3)
    assert crowd(diary) == 1


def test_interrupted_batch_starts_no_further_minion(fleet: Fleet, diary: Path) -> None:
    with Watched(fleet, "shoal", "*", "cmd.run", visit(diary, 1), "-b", "1", "-t", "5") as job:
        jid = running(fleet, "cmd.run", "db-1")
        job.interrupt()
        assert job.end() == 1
        assert f"jobs.lookup_jid {jid}\nMinions whose turn had not come do not run it.\n" in job.err
    until("the first answer", lambda: fleet.ask("jobs.lookup_jid", jid))
    until("no active job", lambda: not fleet.ask("jobs.active"))
    assert list(fleet.runner("jobs.lookup_jid", jid)) == ["db-1"]
    assert diary.read_text().count("+") == 1


# --------------------------------------------------------------------- subset


@pytest.mark.parametrize(("count", "expected"), [("1", 1), ("2", 2), ("3", 3), ("50", 3)])
def test_subset_is_so_many_of_those_that_match(fleet: Fleet, count: str, expected: int) -> None:
    got = answers(fleet, "*", "test.ping", "--subset", count)
    assert len(got) == expected
    assert set(got) <= set(EVERYONE)
    (jid,) = fleet.runner("jobs.last_run", "fun=test.ping")
    assert fleet.runner("jobs.list_job", str(jid))["Minions"] == sorted(got)


def test_subset_is_not_always_the_same(fleet: Fleet) -> None:
    def another(first: set[str]) -> bool:
        return set(answers(fleet, "*", "test.ping", "--subset", "1")) != first

    first = set(answers(fleet, "*", "test.ping", "--subset", "1"))
    until("another choice", lambda: another(first))
