"""Killed at any moment, cut off at any byte: what a durable call has returned for is there, and nothing by halves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from minion.ledger import Ledger, open_ledger
from tests.integration.ledger.records import NOW, a_job, a_return, jid

ROOT = Path(__file__).parents[3]
KILLS = 25


def run_and_kill(path: Path, first: int, lines: int) -> dict[str, set[int]]:
    """Let a worker say `lines` lines, kill -9 it, and return the numbers by letter."""
    command = [sys.executable, "-m", "tests.integration.ledger.worker", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.read().splitlines()  # what it said before it died
    assert process.returncode == -9
    known: dict[str, set[int]] = {"A": set(), "S": set(), "F": set(), "K": set()}
    for line in said:
        letter, number = line.split()
        known[letter.decode()].add(int(number))
    return known


def check(ledger: Ledger, known: dict[str, set[int]], sent: set[int]) -> None:
    """`known`: what was said over all lives; `sent`: what waits."""
    open_jobs = {int(entry.job.jid): entry for entry in ledger.unfinished()}
    for number in known["A"]:
        assert ledger.seen(jid(number)), f"job {number} was taken and is not known"
        assert number in open_jobs or number in sent or number in known["K"], f"job {number} is lost"
    for number in known["S"] & set(open_jobs):
        assert open_jobs[number].state == "started", f"job {number} had begun"
    lost = known["F"] - sent - known["K"]
    assert not lost, f"returns lost: {lost}"
    assert not known["F"] & set(open_jobs), "a job that is done would run again"
    assert not sent & set(open_jobs), "a job is done and not done"


def test_killed_again_and_again_it_loses_nothing(path: Path) -> None:
    random = Random(20261125)
    known: dict[str, set[int]] = {"A": set(), "S": set(), "F": set(), "K": set()}
    first = 1
    for _ in range(KILLS):
        for letter, numbers in run_and_kill(path, first, random.randint(1, 60)).items():
            known[letter] |= numbers
        ledger = open_ledger(path, max_bytes=64 * 1024 * 1024)
        try:
            assert ledger.trouble == ""
            waiting = list(ledger.unsent())
            assert ledger.unsent_count == len(waiting)
            for ret in waiting:
                number = int(ret.jid)
                assert ret == a_return(number, "x" * (number * 977 % 30_000), retcode=number % 5)
            check(ledger, known, {int(ret.jid) for ret in waiting})
            first = max(int(taken) for taken, _expires in ledger.tombstones()) + 1
        finally:
            ledger.close()


# ------------------------------------------------------------------ power cuts

Step = Callable[[Ledger], object]
STEPS: tuple[Step, ...] = (
    lambda ledger: ledger.accept(a_job(1, mode="desired", channel="c"), NOW),
    lambda ledger: ledger.accept(a_job(2, mode="desired", channel="c"), NOW),
    lambda ledger: ledger.started(jid(2), NOW),
    lambda ledger: ledger.finished(a_return(2, "x" * 20_000)),
    lambda ledger: ledger.accept(a_job(3), NOW),
    lambda ledger: ledger.finished(a_return(3, outcome="cancelled")),
    lambda ledger: ledger.acknowledged([jid(1), jid(2), jid(3)]),
)


def content(path: Path) -> object:
    """Return everything that a ledger says."""
    ledger = open_ledger(path, max_bytes=100_000)
    try:
        assert ledger.trouble == ""
        return ledger.unfinished(), list(ledger.unsent()), list(ledger.tombstones())
    finally:
        ledger.close()


def copies(path: Path, folder: Path, cut: int | None = None) -> Path:
    """Copy the file and its WAL, as a power cut would leave them; `cut` is all that there is of the WAL."""
    folder.mkdir()
    shutil.copy(path, folder)
    wal = Path(shutil.copy(path.with_name(path.name + "-wal"), folder))
    if cut is not None:
        wal.write_bytes(wal.read_bytes()[:cut])
    return folder / path.name


def cuts(before: int, after: int) -> Iterator[int]:
    """Yield places within the last transaction of a WAL."""
    yield from (before, before + 1, after - 1)
    yield from (Random(7).randrange(before, after) for _ in range(5))


def test_power_cut_leaves_a_whole_number_of_steps(path: Path, tmp_path: Path) -> None:
    wal = path.with_name(path.name + "-wal")
    ledger = open_ledger(path, max_bytes=100_000)
    try:
        before, size = content(copies(path, tmp_path / "start")), wal.stat().st_size
        for number, step in enumerate(STEPS):
            step(ledger)
            after, grown = content(copies(path, tmp_path / f"{number}")), wal.stat().st_size
            assert after != before
            for cut in cuts(size, grown):
                assert content(copies(path, tmp_path / f"{number}-{cut}", cut)) == before
                shutil.rmtree(tmp_path / f"{number}-{cut}")
            before, size = after, grown
    finally:
        ledger.close()
