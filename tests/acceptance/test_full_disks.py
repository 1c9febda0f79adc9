"""Disks that are full or read-only, under a box and under the master: said clearly, nothing that was promised is
lost, and all goes on by itself once there is room.

Each disk is a small tmpfs of its own: needs root, and is skipped without.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest
import yaml

from master.cli.client import Conversation
from tests.acceptance.test_power_cuts import cut_power
from tests.fleet import BIN, Fleet, short_folder, until

BOX: Final = "box-1"
PATIENCE_S: Final = 90.0  # a job that a disk refused is sent again after a while
BIG: Final = 100_000  # bytes: more than a database has room for in pages that it may use again


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    """A fleet of which nothing runs yet."""
    with short_folder() as folder, Fleet(folder) as fleet:
        yield fleet


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a small disk at `folder`."""
    folder.mkdir(parents=True)
    folder.parent.chmod(0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("mounting a small tmpfs needs root and the right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Leave no byte free; return what takes the room."""
    ballast = folder / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    return ballast


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def minion_state(fleet: Fleet) -> Path:
    return fleet.minion_root(BOX) / "var/lib/shoal/minion"


def queue(fleet: Fleet, marks: Path, padding: int = BIG, *, then: str = "true", ttl_s: float = 3600.0) -> str:
    """Queue a job that leaves a mark, and whose text is too big for what a full disk may still have room for."""
    request = {
        "op": "run", "target": {"kind": "list", "expr": BOX}, "fun": "cmd.run", "mode": "queue",
        "args": [f"echo x >> {marks}; {then}; echo done # {'-' * padding}"], "queue_ttl_s": ttl_s, "async": True,
    }  # fmt: skip
    with Conversation(str(fleet.master_root / "run/shoal/master/master.sock"), request) as talk:
        talk.answer()
        return talk.jid


def done(fleet: Fleet, jid: str) -> bool:
    return stored(fleet, jid) == "done"


def ping(fleet: Fleet) -> bool:
    return fleet.shoal(BOX, "test.ping").stdout == f"{BOX}:\n    True\n"


# ------------------------------------------------------------------ the box's disk


def test_box_with_a_full_disk_answers_takes_no_promise_and_goes_on_when_there_is_room(fleet: Fleet) -> None:
    fleet.start_master(heartbeat_s=1)
    with disk(minion_state(fleet), "4m") as folder:
        box = fleet.join(BOX)
        before, full, kept = (fleet.folder / token_hex(4) for _ in range(3))
        first = queue(fleet, before)
        until("the first job", lambda: done(fleet, first))
        ballast = fill(folder)
        jids = [queue(fleet, full) for _ in range(5)]
        until("a clear error", lambda: "the disk is full: make room" in box.text())
        assert ping(fleet)
        assert fleet.shoal(BOX, "cmd.run", "sleep 0.3; echo said").stdout == f"{BOX}:\n    said\n"
        open_rows = fleet.ask("jobs.queue")
        assert open_rows, "what the disk did not take is not promised"
        ballast.unlink()
        for jid in jids:
            until("the job to be done after all", lambda jid=jid: done(fleet, jid), PATIENCE_S)
        assert full.read_text() == "x\n" * 5
        assert before.read_text() == "x\n"
        assert done(fleet, queue_and_wait(fleet, kept))
        assert box.alive
        fleet.stop()


def test_result_that_a_full_disk_does_not_take_waits_for_the_master_in_memory(fleet: Fleet) -> None:
    fleet.start_master(heartbeat_s=1)
    with disk(minion_state(fleet), "4m") as folder:
        fleet.join(BOX)
        go, marks = fleet.folder / "go", fleet.folder / "marks"
        line = (
            f"echo x >> {marks}; until [ -e {go} ]; do sleep 0.05; done; head -c {BIG} /dev/zero | tr '\\0' e"
        )
        said = fleet.shoal(BOX, "cmd.run", line, "--async", check=True).stdout
        jid = re.search(r"\d{20}", said)
        assert jid, said
        until("the job to have begun", marks.exists)
        assert fleet.master is not None
        fleet.master.stop(signal.SIGKILL)
        fill(folder)
        go.touch()
        until("a clear error", lambda: "returns wait in memory" in fleet.minions[BOX].text())
        fleet.start_master()
        until("the result", lambda: stored(fleet, jid[0]) == "e" * BIG, PATIENCE_S)
        assert marks.read_text() == "x\n"
        fleet.stop()


def test_box_whose_disk_is_read_only_at_its_start_answers_and_takes_jobs_once_it_is_not(fleet: Fleet) -> None:
    fleet.start_master(heartbeat_s=1)
    with disk(minion_state(fleet), "4m") as folder:
        fleet.join(BOX)
        fleet.minions[BOX].stop()
        remount(folder, "ro")
        box = fleet.start_minion(BOX)
        fleet.wait_up(BOX)
        assert ping(fleet)
        marks = fleet.folder / token_hex(4)
        jid = queue(fleet, marks, 0)
        until("a clear error", lambda: "it is read-only: mount the file system writable" in box.text())
        assert fleet.ask("jobs.queue"), "not promised"
        remount(folder, "rw")
        until("the job to be done after all", lambda: done(fleet, jid), PATIENCE_S)
        assert marks.read_text() == "x\n"
        assert box.alive
        fleet.stop()


def test_what_a_power_cut_interrupted_is_answered_for_once_the_disk_can_be_read_again(fleet: Fleet) -> None:
    fleet.start_master(heartbeat_s=1)
    with disk(minion_state(fleet), "4m") as folder:
        fleet.join(BOX)
        marks = fleet.folder / token_hex(4)
        jid = queue(fleet, marks, 0, then="sleep 60")
        until("the job to have begun", marks.exists)
        cut_power(fleet)
        remount(folder, "ro")
        box = fleet.start_minion(BOX)
        fleet.wait_up(BOX)
        until("a clear error", lambda: "it is read-only: mount the file system writable" in box.text())
        remount(folder, "rw")
        until("an answer", lambda: "is not known" in str(stored(fleet, jid)), PATIENCE_S)
        assert marks.read_text() == "x\n"
        assert box.alive
        fleet.stop()


# --------------------------------------------------------------- the master's disk


def test_master_with_a_full_disk_sends_jobs_promises_none_and_stores_when_there_is_room(fleet: Fleet) -> None:
    with disk(fleet.master_root / "var/lib/shoal/master", "12m") as folder:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        marks = fleet.folder / token_hex(4)
        kept = queue_and_wait(fleet, marks)
        ballast = fill(folder)
        big = f"head -c {BIG} /dev/zero | tr '\\0' e"
        jids = []
        for _ in range(8):
            said = fleet.shoal(BOX, "cmd.run", big, "--show-jid")
            assert "eee" in said.stdout, "jobs go out and their answers are shown"
            jids.append(re.findall(r"\d{20}", said.stdout + said.stderr)[0])
        assert fleet.master is not None
        until("a clear error", lambda: "cannot grow, its disk is full" in text_of(fleet))
        refused = fleet.shoal(BOX, "cmd.run", f"echo y >> {marks} # {'-' * BIG}", "--queue")
        assert refused.returncode != 0, "a queued job is not promised without the disk"
        assert "its disk is full: free some space" in refused.stderr
        assert ping(fleet)
        ballast.unlink()
        for jid in jids:
            until("the store to have it", lambda jid=jid: stored(fleet, jid) == "e" * BIG, PATIENCE_S)
        assert done(fleet, kept)
        assert done(fleet, queue_and_wait(fleet, marks))
        assert marks.read_text() == "x\nx\n"
        assert fleet.master.alive
        fleet.stop()


def test_results_that_a_full_master_could_not_store_outlive_its_death(fleet: Fleet) -> None:
    with disk(fleet.master_root / "var/lib/shoal/master", "12m") as folder:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        marks, go = fleet.folder / "marks", fleet.folder / "go"
        line = (
            f"echo x >> {marks}; until [ -e {go} ]; do sleep 0.05; done; head -c {BIG} /dev/zero | tr '\\0' e"
        )
        jids = [
            re.findall(r"\d{20}", fleet.shoal(BOX, "cmd.run", line, "--async").stdout)[0] for _ in range(8)
        ]
        until("all to run", lambda: marks.exists() and marks.read_text() == "x\n" * 8)
        ballast = fill(folder)
        go.touch()
        until("a clear error", lambda: "cannot grow, its disk is full" in text_of(fleet))
        assert fleet.master is not None
        fleet.master.stop(signal.SIGKILL)
        ballast.unlink()
        fleet.start_master()
        for jid in jids:
            until("the store to have it", lambda jid=jid: stored(fleet, jid) == "e" * BIG, PATIENCE_S)
        assert marks.read_text() == "x\n" * 8
        fleet.stop()


def test_master_whose_disk_is_read_only_says_so_and_starts_once_it_is_not(fleet: Fleet) -> None:
    with disk(fleet.master_root / "var/lib/shoal/master", "12m") as folder:
        fleet.start_master(heartbeat_s=1)
        fleet.join(BOX)
        marks = fleet.folder / token_hex(4)
        jid = queue_and_wait(fleet, marks)
        assert fleet.master is not None
        fleet.master.stop()
        remount(folder, "ro")
        told = subprocess.run(
            [BIN / "shoal-master", "--root", fleet.master_root], capture_output=True, text=True, timeout=60
        )
        assert told.returncode not in (0, 70), told
        assert "read-only" in told.stderr
        assert "Traceback" not in told.stderr
        remount(folder, "rw")
        fleet.start_master()
        assert done(fleet, jid)
        assert done(fleet, queue_and_wait(fleet, marks))
        fleet.stop()


# ------------------------------------------------------------------ helpers


def queue_and_wait(fleet: Fleet, marks: Path) -> str:
    """Queue a small job and wait for its end."""
    jid = queue(fleet, marks, 0)
    until("the job to be done", lambda: done(fleet, jid), PATIENCE_S)
    return jid


def stored(fleet: Fleet, jid: str) -> object:
    """Return the box's answer; None while the store does not have it, or the job."""
    said = fleet.program("shoal-run", "--out=yaml", "jobs.lookup_jid", jid, check=False).stdout
    answers = yaml.safe_load(said)
    return answers.get(BOX) if isinstance(answers, dict) else None


def text_of(fleet: Fleet) -> str:
    assert fleet.master is not None
    return fleet.master.text()
