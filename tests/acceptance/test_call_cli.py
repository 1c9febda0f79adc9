"""`shoal-call`: functions on the box itself, alone and beside the daemon."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.acceptance.at_work import listening
from tests.fleet import Fleet, short_folder

LONELY = "lonely"  # was never joined; nothing of it runs
BOX = "web-1"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master with a file, a box that has joined, and one that stands alone."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.configure_minion(LONELY)
        own = fleet.minion_root(LONELY) / "srv/salt"
        own.mkdir(parents=True)
        (own / "own.txt").write_text("of the box\n")
        served = fleet.master_root / "srv/salt"
        served.mkdir(parents=True)
        (served / "a.txt").write_text("of the master\n")
        fleet.start_master()
        fleet.join(
            BOX, site="paris", settings={"grains": {"role": "web"}, "disable_functions": ["test.echo"]}
        )
        yield fleet


def run(fleet: Fleet, box: str, *words: str) -> CompletedProcess[str]:
    return fleet.program("shoal-call", *words, root=fleet.minion_root(box), check=False)


def call(fleet: Fleet, box: str, *words: str) -> Any:
    done = run(fleet, box, "--out=json", *words)
    assert done.stderr == ""
    return json.loads(done.stdout)["local"]


# ------------------------------------------------------------------------ alone

CALLS: list[tuple[list[str], Any]] = [
    (["--local", "test.ping"], True),
    (["test.ping", "--local"], True),
    (["test.echo", "16:10", "--local"], "16:10"),
    (["--local", "test.arg", "--", "--local", "-x"], {"args": ["--local", "-x"], "kwargs": {}}),
    (["--local", "test.arg", "-5", "a=1"], {"args": [-5], "kwargs": {"a": 1}}),
    (["--local", "--no-parse=n", "test.arg", "n=5"], {"args": [], "kwargs": {"n": "5"}}),
    (["--local", "--skip-grains", "cmd.run", "echo $((6 * 7)) | cat"], "42"),
    (["--local", "--skip-grains", "cmd.run", '["echo", "$((6 * 7)) | cat"]'], "$((6 * 7)) | cat"),
    (["--local", "--skip-grains", "-g"], {"id": LONELY}),
    (["--local", "--id=other", "--skip-grains", "-g"], {"id": "other"}),
    (["--local", "cp.list_master"], ["own.txt"]),
    (["--local", "minion.tags"], {}),
]


@pytest.mark.parametrize(("words", "value"), CALLS)
def test_call_without_a_daemon(fleet: Fleet, words: list[str], value: Any) -> None:
    assert call(fleet, LONELY, *words) == value


def test_files_and_cache_are_where_the_options_say(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_text("here\n")
    words = ["--local", "--file-root", str(tmp_path)]
    assert call(fleet, LONELY, *words, "cp.get_file_str", "shoal://here.txt") == "here\n"
    assert call(fleet, LONELY, *words, "cp.list_master") == ["here.txt"]
    changed = tmp_path / "changed"
    changed.write_text("before\n")
    words = ["--local", "--cachedir", str(tmp_path / "cache"), "file.replace", str(changed)]
    call(fleet, LONELY, *words, "pattern=before", "repl=after")
    assert any(path.is_file() for path in (tmp_path / "cache").rglob("*")), "the old content is kept there"


def test_failure_is_the_exit_code(fleet: Fleet) -> None:
    words = ["--local", "cmd.run", "exit 3"]
    assert run(fleet, LONELY, *words).returncode == 1
    assert run(fleet, LONELY, *words, "--retcode-passthrough").returncode == 3
    assert run(fleet, LONELY, "--local", "no.such", "--retcode-passthrough").returncode != 0
    assert run(fleet, LONELY, "--local", "test.false", "--retcode-passthrough").returncode == 0


def test_metadata_stands_beside_the_result(fleet: Fleet) -> None:
    shown = call(fleet, LONELY, "--local", "--metadata", "test.arg", "1")
    assert re.fullmatch(r"\d{20}", shown.pop("jid"))
    assert 0 <= shown.pop("duration") < 30
    assert shown == {
        "id": LONELY,
        "fun": "test.arg",
        "fun_args": ["1"],
        "return": {"args": [1], "kwargs": {}},
        "retcode": 0,
        "success": True,
        "outcome": "done",
    }


def test_documentation_reads_as_on_the_master(fleet: Fleet) -> None:
    assert run(fleet, LONELY, "--local", "-d", "test.ping").stdout.startswith(
        "test.ping:\n\n    Say that the minion is there and answers.\n"
    )


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--master=10.0.0.1", "test.ping"], "--master is not there: the masters are those of the fleet "),
        (["--return", "redis", "test.ping"], "--return is not there: results of shoal-call stay on the box"),
        (
            ["--states-dir", "/srv", "test.ping"],
            "--states-dir is not there: state modules are synced from _states",
        ),
        (["--id=x", "test.ping"], "--id goes with --local: "),
        (["--file-root=/srv", "test.ping"], "--file-root goes with --local: "),
        (["--pillar-root=/srv", "test.ping"], "--pillar-root goes with --local: "),
        (["--local", "--out=nosuch", "test.ping"], "--out: "),
    ],
)
def test_what_means_nothing_here_is_explained(fleet: Fleet, words: list[str], text: str) -> None:
    done = run(fleet, LONELY, *words)
    assert (done.stdout, done.returncode) == ("", 64)
    assert done.stderr.startswith(f"shoal-call: {text}") and done.stderr.count("\n") == 1


# ------------------------------------------------------------- beside the daemon


def test_tags_grains_and_files_are_those_of_the_daemon(fleet: Fleet) -> None:
    assert call(fleet, BOX, "minion.tags") == {"site": "paris"}
    grains = call(fleet, BOX, "-g")
    assert (grains["id"], grains["role"]) == (BOX, "web")
    known = json.loads(fleet.shoal(BOX, "grains.items", "--out=json").stdout)[BOX]
    assert grains == known, "the very same, the daemon's pid and time among them"
    fresh = call(fleet, BOX, "--refresh-grains-cache", "-g")
    assert fresh["pid"] != known["pid"]
    assert fresh["role"] == "web"
    assert call(fleet, BOX, "cp.get_file_str", "shoal://a.txt") == "of the master\n"
    assert call(fleet, BOX, "match.compound", "T@site:paris and G@role:web") is True
    assert call(fleet, BOX, "--no-return-event", "--local", "cp.list_master") == []


def test_rules_of_the_box_hold(fleet: Fleet) -> None:
    for words in (["test.echo", "x"], ["--local", "test.echo", "x"]):
        done = run(fleet, BOX, *words)
        assert (done.stdout, done.returncode) == ("", 1)
        assert done.stderr == "shoal-call: test.echo is disabled in this minion's configuration\n"


def test_master_is_told_what_ran_and_not_with_what(fleet: Fleet) -> None:
    with listening(fleet) as events:
        call(fleet, BOX, "--no-return-event", "test.true")
        call(fleet, BOX, "--local", "test.true")
        call(fleet, BOX, "test.arg", "hunter2")
        run(fleet, BOX, "cmd.run", "exit 3")
        events.until_out("cmd.run")
        heard = [line.partition("\t") for line in events.out.splitlines() if "/event/call" in line]
    assert {tag for tag, _, _ in heard} == {f"shoal/minion/{BOX}/event/call"}
    first, second = (json.loads(text) for _, _, text in heard)
    assert (first["fun"], first["success"], first["retcode"]) == ("test.arg", True, 0)
    assert (second["fun"], second["success"], second["retcode"]) == ("cmd.run", False, 3)
    assert set(first) == {"id", "jid", "fun", "success", "retcode", "outcome", "duration", "_stamp"}


def test_daemon_that_is_not_there_is_told(fleet: Fleet) -> None:
    for box in (LONELY, BOX):
        if box == BOX:
            fleet.minions[box].stop(signal.SIGKILL)  # its socket and its facts are still in the run folder
        done = run(fleet, box, "test.ping")
        assert (done.stdout, done.returncode) == ("", 69)
        assert re.fullmatch(
            r"shoal-call: No minion's daemon answers at \S+/minion\.sock: start shoal-minion, or use --local\n",
            done.stderr,
        )
    fleet.start_minion(BOX)
    fleet.wait_up(BOX)


def test_box_of_its_own_needs_no_daemon(fleet: Fleet) -> None:
    fleet.configure_minion("alone", file_client="local")
    assert call(fleet, "alone", "test.ping") is True
    assert call(
        fleet, "alone", "--file-root", str(fleet.minion_root(LONELY) / "srv/salt"), "cp.list_master"
    ) == ["own.txt"]
