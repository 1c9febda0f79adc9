"""What a newcomer stumbles over: unknown names, boxes that have not joined, tags set later, a restarted master."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from tests.fleet import BIN, Fleet, executors_under, short_folder, until


def test_id_in_a_list_that_nobody_has_is_reported(fleet: Fleet) -> None:
    done = fleet.shoal("-L", "web-1,nosuch", "test.ping")
    assert "web-1:\n    True\n" in done.stdout
    assert "nosuch:\n    Minion did not return. [Unknown]\n    There is no accepted minion" in done.stdout
    assert done.returncode == 1


def test_preview_of_a_list_names_whom_nobody_knows(fleet: Fleet) -> None:
    done = fleet.shoal("-L", "web-1,nosuch", "--preview-target")
    assert (done.returncode, done.stdout) == (0, "- web-1\n")
    assert done.stderr == "shoal: note: there is no accepted minion nosuch\n"


def test_doubtful_target_gets_a_note(fleet: Fleet) -> None:
    for words in (["test.ping"], ["--preview-target"]):
        done = fleet.shoal("-C", "G@role:db or (web-1)", *words)
        assert done.returncode == 0
        assert done.stderr == (
            "shoal: note: '(web-1)' is read as a minion id: put spaces around each parenthesis\n"
        )


def test_doubtful_target_that_nobody_matches_says_why(fleet: Fleet) -> None:
    done = fleet.shoal("-C", "G@role:web and (web-1)", "test.ping")
    assert done.returncode == 2
    assert "put spaces around each parenthesis" in done.stdout


def test_returner_that_does_not_exist_is_refused(fleet: Fleet) -> None:
    done = fleet.shoal("--return=mail", "*", "test.ping")
    assert (done.returncode, done.stdout) == (64, "")
    assert "no returner is called 'mail'" in done.stderr


def test_module_that_does_not_exist_is_not_taken_for_another(fleet: Fleet) -> None:
    assert "There is no module 'statistics'" in fleet.shoal("web-1", "statistics.apply").stdout


def test_tags_set_later_reach_a_connected_box(fleet: Fleet) -> None:
    fleet.runner("tag.set", "db-1", "group=archive")
    try:
        until("the tag on the box", lambda: "archive" in fleet.shoal("db-1", "minion.tags").stdout)
    finally:
        fleet.runner("tag.delete", "db-1", "group")
    until("the tag to go", lambda: "archive" not in fleet.shoal("db-1", "minion.tags").stdout)


def test_refused_token_is_said_on_the_box(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    fleet.start_master()
    fleet.configure_minion("edge-1")
    fleet.join_string("edge-1", fleet.token())
    (token,) = fleet.runner("token.list")
    fleet.runner("token.revoke", token)
    box = fleet.start_minion("edge-1")
    until(
        "the reason", lambda: "the join token was refused; accept it with: shoal-key -a edge-1" in box.text()
    )


def test_minions_are_back_soon_after_a_restart_of_the_master(empty_fleet: Fleet) -> None:
    fleet = empty_fleet
    fleet.start_master()
    fleet.join("edge-1")
    assert fleet.master is not None
    fleet.master.stop()
    fleet.start_master()
    begun = time.monotonic()
    fleet.wait_up("edge-1")
    assert (
        time.monotonic() - begun < 8.0
    )  # without a word from the master it would be a heartbeat, 12 to 15 s


def test_box_that_has_not_joined_says_so_and_leaves_nothing_running() -> None:
    with short_folder() as folder:
        done = _start(folder)
        assert done.returncode == 78
        assert "this box has not joined a fleet yet: run shoal-minion join STRING first" in done.stderr
        until("its executor to end", lambda: not executors_under(folder))


def _start(root: Path) -> subprocess.CompletedProcess[str]:
    """Run `shoal-minion`; a left-over process that holds its stderr would keep this from returning."""
    return subprocess.run(
        [BIN / "shoal-minion", "--root", root], capture_output=True, text=True, timeout=30, check=False
    )
