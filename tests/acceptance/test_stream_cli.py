"""`--stream`: what a job says is seen while it runs; its answer is the same as without."""

from __future__ import annotations

import json
import re
from pathlib import Path
from secrets import token_hex

import pytest

from tests.acceptance.at_work import Watched, listening, newest_job
from tests.fleet import Fleet, executors_under, until
from tests.proxy import Proxy
from tests.rogue import resident_mib
from tests.synced import serve

STEPS = '''
import time
from pathlib import Path

from modules.context import Context
from shoal.functions.function import function


@function
def count(ctx: Context, go: str) -> str:
    """Count to three, and wait for a file."""
    for number in range(1, 4):
        ctx.progress(f"{number} of 3")
        time.sleep(0.3)
    while not Path(go).exists():
        time.sleep(0.05)
    return "counted"
'''


@pytest.fixture
def go(fleet: Fleet) -> Path:
    """A file that jobs wait for."""
    return fleet.folder / token_hex(4)


def test_lines_come_before_the_end(fleet: Fleet, go: Path) -> None:
    line = f"echo first; echo second >&2; until [ -e {go} ]; do sleep 0.05; done; echo third"
    with Watched(fleet, "shoal", "web-*", "cmd.run", line, "--stream", "--static") as job:
        for text in ("web-1 | first\n", "web-2 | second\n"):
            job.until_out(text)
        assert "third" not in job.out
        go.touch()
        assert job.end() == 0
        assert "web-1:\n    first\n    second\n    third\n" in job.out


def test_without_it_nothing_is_said(fleet: Fleet, go: Path) -> None:
    with listening(fleet) as events:
        assert fleet.shoal("web-1", "cmd.run", "echo a; sleep 0.5; echo b").returncode == 0
        jid = newest_job(fleet, "cmd.run")
        events.until_out(f"shoal/job/{jid}/ret/web-1")
        assert f"shoal/job/{jid}/prog" not in events.out


def test_events_tell_it_too(fleet: Fleet) -> None:
    with listening(fleet) as events:
        assert fleet.shoal("web-1", "cmd.run", "echo seen; sleep 0.4", "--stream").returncode == 0
        jid = newest_job(fleet, "cmd.run")
        events.until_out(f"shoal/job/{jid}/prog/web-1")


def test_programs_get_their_document_and_the_lines_beside_it(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "cmd.run", "echo said; sleep 0.4", "--stream", "--out=json")
    assert json.loads(done.stdout) == {"web-1": "said"}
    assert "web-1 | said\n" in done.stderr


def test_functions_tell_how_far_they_are(fleet: Fleet, go: Path) -> None:
    serve(fleet.master_root / "srv/salt", "_modules/steps.py", STEPS)
    fleet.shoal("web-1", "saltutil.sync_modules")
    with Watched(fleet, "shoal", "web-1", "steps.count", str(go), "--stream") as job:
        job.until_out("web-1 | [3 of 3]\n")
        go.touch()
        assert job.end() == 0
        assert job.out.endswith("web-1:\n    counted\n")


def test_flood_neither_holds_up_the_job_nor_changes_its_answer(fleet: Fleet) -> None:
    flood = "yes 0123456789 | head -c 20000000 | tee /dev/stderr | tail -c 11; exit 3"
    done = fleet.shoal("web-1", "cmd.run", flood, "--stream", "--out=quiet", timeout_s=60)
    assert done.returncode == 1
    jid = newest_job(fleet, "cmd.run")
    assert fleet.runner("jobs.list_job", jid)["Result"]["web-1"]["retcode"] == 3
    assert fleet.shoal("web-1", "test.ping").returncode == 0


def test_flood_is_not_kept_on_its_way(fleet: Fleet, go: Path) -> None:
    """50 MB from a job that waits for a file: by then all that can be shown was shown, and nobody has grown."""
    assert fleet.master is not None
    pids = [fleet.master.pid, fleet.minions["web-1"].pid, *executors_under(fleet.minion_root("web-1"))]
    before = [resident_mib(pid) for pid in pids]
    line = f"yes 0123456789 | head -c 50000000; touch {go}.all; until [ -e {go} ]; do sleep 0.05; done"
    with Watched(fleet, "shoal", "web-1", "cmd.run", line, "--stream", "--out=json") as job:
        until("all of it to be written", Path(f"{go}.all").exists, 60)
        until("the gap", lambda: "\n" in job.err, 60)
        grown = [resident_mib(pid) - mib for pid, mib in zip(pids, before, strict=True)]
        shown = len(job.err)
        go.touch()
        assert job.end(60) == 0
        (answer,) = json.loads(job.out).values()
    assert max(grown) < 8, grown
    assert 0 < shown < 512 * 1024
    assert answer.startswith("0123456789\n" * 1000)
    assert answer.endswith("\n0123456789\n012345")
    assert re.search(r"\[\.\.\. \d+ bytes cut \.\.\.\]", answer)


def test_cut_wire_loses_nothing_of_the_answer(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    go = fleet.folder / "go"
    lines = f"seq 1 2000; until [ -e {go} ]; do sleep 0.05; done; seq 2001 4000"
    with Proxy(fleet.publish_port, fleet.request_port) as wire:
        fleet.start_master(interface=wire.to, advertise=[wire.host], heartbeat_s=1)
        fleet.join("web-1")
        with Watched(fleet, "shoal", "web-1", "cmd.run", lines, "--stream", "--out=json") as job:
            until("the first lines", lambda: "web-1 | 1\n" in job.err)
            wire.refuse()
            wire.cut()
            go.touch()
            wire.forward()
            assert job.end(60) == 0
            assert json.loads(job.out) == {"web-1": "\n".join(map(str, range(1, 4001)))}


def test_terminal_escapes_of_a_box_are_not_obeyed(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "cmd.run", r"printf '\033[31mred\n'; sleep 0.4", "--stream")
    assert "\x1b" not in done.stdout
    assert "red" in done.stdout


def test_cut_connection_loses_nothing_of_the_answer(fleet: Fleet, go: Path) -> None:
    line = f"echo first; until [ -e {go} ]; do sleep 0.05; done; echo last"
    with Watched(fleet, "shoal", "web-1", "cmd.run", line, "--stream") as job:
        job.until_out("web-1 | first\n")
        fleet.minions["web-1"].stop()
        go.touch()
        fleet.start_minion("web-1")
        fleet.wait_up("web-1")
        jid = newest_job(fleet, "cmd.run")
        until("the answer", lambda: fleet.ask("jobs.lookup_jid", jid) == {"web-1": "first\nlast"})


def test_it_needs_somebody_who_waits(fleet: Fleet) -> None:
    done = fleet.shoal("web-1", "cmd.run", "true", "--stream", "--async")
    assert (done.returncode, done.stderr) == (
        64, "shoal: --stream shows output while it waits; --async does not wait\n",
    )  # fmt: skip
