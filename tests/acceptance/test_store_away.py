"""PostgreSQL stopped, or standing still, under load: jobs go out, returns wait and are stored, memory stays bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from master.cli.client import ControlError, Conversation
from tests.fleet import Fleet, short_folder, until
from tests.postgres import PostgresServer, postgres_server
from tests.rogue import resident_mib

__all__ = ["postgres_server"]

BOXES: Final = ("box-1", "box-2")
VALUE: Final = 20_000  # bytes of each return
PACE_S: Final = 0.02  # between two jobs: a minion may send 200 messages a second
PROMPT_S: Final = 5.0  # for a job to go out, whatever the store does
STORED_S: Final = 90.0
MORE_MIB: Final = 300.0  # the returns that wait may take 256


@pytest.fixture
def fleet(postgres_server: PostgresServer) -> Iterator[Fleet]:
    """A master on PostgreSQL and two minions."""
    with postgres_server.database() as url, short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master(heartbeat_s=1, store_url=url)
        for box in BOXES:
            fleet.join(box)
        yield fleet


@pytest.mark.parametrize("how", ["away", "stalled"])
def test_jobs_go_out_and_returns_are_stored_afterwards(
    fleet: Fleet, postgres_server: PostgresServer, how: str
) -> None:
    outage(fleet, postgres_server, how, seconds=5.0)


@pytest.mark.chaos
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["away", "stalled"])
def test_a_minute_without_the_database(fleet: Fleet, postgres_server: PostgresServer, how: str) -> None:
    outage(fleet, postgres_server, how, seconds=60.0)


def outage(fleet: Fleet, server: PostgresServer, how: str, seconds: float) -> None:
    assert fleet.master is not None
    jids, slowest = [run(fleet)[0]], 0.0
    before = resident_mib(fleet.master.pid)
    with getattr(server, how)():
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            jid, took = run(fleet)
            jids.append(jid)
            slowest = max(slowest, took)
            time.sleep(PACE_S)
        during = resident_mib(fleet.master.pid)
    began = time.monotonic()
    for jid in jids:
        until(f"the returns of {jid}", lambda jid=jid: stored(fleet, jid) == len(BOXES), STORED_S)
    print(
        f"\n{how} for {seconds:g} s: {len(jids)} jobs, the slowest took {slowest:.2f} s; "
        f"master {before:.0f} MiB before, {during:.0f} during; all stored {time.monotonic() - began:.1f} s after"
    )
    assert slowest < PROMPT_S
    assert during - before < MORE_MIB
    assert fleet.master.alive


def run(fleet: Fleet) -> tuple[str, float]:
    """Send a job to all; return its id and how long that took.

    Its answers are not waited for: a box has at most 200 under way that are not stored, and keeps the others.
    """
    request: dict[str, Any] = {
        "op": "run", "target": {"kind": "glob", "expr": "*"}, "fun": "test.echo", "args": ["x" * VALUE],
        "async": True,
    }  # fmt: skip
    began = time.monotonic()
    with Conversation(str(fleet.master_root / "run/shoal/master/master.sock"), request) as talk:
        talk.answer()
        return talk.jid, time.monotonic() - began


def stored(fleet: Fleet, jid: str) -> int:
    """Return how many answers the store has; none while it does not know the job yet."""
    try:
        return list(fleet.ask("jobs.lookup_jid", jid).values()).count("x" * VALUE)
    except ControlError:
        return 0


@pytest.mark.parametrize("how", ["away", "stalled"])
def test_job_that_is_to_be_kept_is_refused_soon_and_never_runs(
    fleet: Fleet, postgres_server: PostgresServer, how: str
) -> None:
    mark = fleet.folder / "mark"
    with getattr(postgres_server, how)():
        for _ in range(2):  # the first may have to find out
            done = fleet.shoal(BOXES[0], "cmd.run", f"touch {mark}", "--queue", check=False)
            assert done.returncode != 0
            assert len(done.stderr.splitlines()) == 1, done.stderr
            assert "The job was neither kept nor sent" in done.stderr
        told = fleet.program("shoal-run", "jobs.list_jobs", check=False)
        assert told.returncode != 0
        assert len(told.stderr.splitlines()) == 1, told.stderr
    until("jobs to be kept again", lambda: queued(fleet), STORED_S)
    until("nothing to wait", lambda: fleet.ask("jobs.queue") == {}, STORED_S)
    assert not mark.exists()


def test_master_ends_although_the_database_stands_still(
    fleet: Fleet, postgres_server: PostgresServer
) -> None:
    assert fleet.master is not None
    with postgres_server.stalled():
        run(fleet)
        assert fleet.master.stop(timeout_s=20.0) == 0
    fleet.start_master()
    fleet.wait_up(*BOXES)
    jid, _ = run(fleet)
    until("the returns", lambda: stored(fleet, jid) == len(BOXES), STORED_S)


def queued(fleet: Fleet) -> bool:
    """Queue a job; say whether the master promised it."""
    return fleet.shoal(BOXES[0], "test.ping", "--queue", "--async", check=False).returncode == 0
