"""States over real sockets: SLS files of the master applied on a box, shown and refused as Salt does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet import Fleet, short_folder, until

TOP = "base:\n  'T@site:paris':\n    - match: compound\n    - web\n"
WEB = """
include: [.more]

{% set mark = salt['grains.get']('mark') %}
hello:
  cmd.run:
    - name: echo {{ grains.id }} > {{ mark }}
    - unless: grep -q {{ grains.id }} {{ mark }}
    - require: [test: first]
"""
MORE = "first:\n  test.succeed_with_changes: []\n"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """A master with a top file, a box in paris that it means and one in rome that it does not."""
    with short_folder() as folder, Fleet(folder) as fleet:
        roots = fleet.master_root / "srv/salt"
        (roots / "web").mkdir(parents=True)
        (roots / "top.sls").write_text(TOP)
        (roots / "web/init.sls").write_text(WEB)
        (roots / "web/more.sls").write_text(MORE)
        (roots / "broken.sls").write_text("a:\n  test.nop:\n    - require: [test: nobody]\n")
        (roots / "slow.sls").write_text("s:\n  cmd.run:\n    - name: sleep 60\n")
        fleet.start_master()
        fleet.join("web-1", site="paris", settings={"grains": {"mark": str(mark(fleet))}})
        fleet.join("db-1", site="rome")
        yield fleet


def mark(fleet: Fleet) -> Path:
    return fleet.folder / "mark"


def states(done: subprocess.CompletedProcess[str], box: str = "web-1") -> dict[str, Any]:
    return {tag.split("_|-")[1]: each for tag, each in json.loads(done.stdout)[box].items()}


def test_highstate_says_first_what_it_would_do_then_does_it_then_finds_nothing_to_do(fleet: Fleet) -> None:
    mark(fleet).unlink(missing_ok=True)
    tried = fleet.shoal("web-1", "state.apply", "test=True", "--out=json")
    assert {name: each["result"] for name, each in states(tried).items()} == {"first": None, "hello": None}
    assert not mark(fleet).exists()
    done = fleet.shoal("web-1", "state.apply", "--out=json")
    assert (done.returncode, states(done)["hello"]["result"]) == (0, True)
    assert mark(fleet).read_text() == "web-1\n"
    again = fleet.shoal("web-1", "state.apply", "--out=json")
    assert states(again)["hello"]["comment"] == "unless condition is true"


def test_run_is_shown_as_salt_shows_it(fleet: Fleet) -> None:
    shown = fleet.shoal("web-1", "state.apply", "web.more").stdout
    assert "          ID: first\n    Function: test.succeed_with_changes\n      Result: True\n" in shown
    assert "Succeeded: 1 (changed=1)\nFailed:    0\n" in shown


def test_box_that_the_top_file_does_not_mean_is_told_so(fleet: Fleet) -> None:
    done = fleet.shoal("db-1", "state.highstate")
    assert done.returncode == 1
    assert "no top file gives a state to db-1" in done.stdout


def test_what_does_not_compile_is_told_with_file_and_line(fleet: Fleet) -> None:
    done = fleet.shoal("*", "state.apply", "broken")
    assert done.returncode == 1
    assert done.stdout.count("broken.sls:2: referenced state does not exist: require (test: nobody)") == 2


def test_second_run_is_refused_while_one_is_under_way_and_showing_is_not(fleet: Fleet) -> None:
    jid = fleet.shoal("web-1", "state.apply", "slow", "--async").stdout.split()[-1]
    until("the run", lambda: json.loads(fleet.shoal("web-1", "state.running", "--out=json").stdout)["web-1"])
    refused = fleet.shoal("web-1", "state.apply", "web")
    assert refused.returncode == 1
    assert f"another run of states is under way: state.sls, job {jid}" in refused.stdout
    assert fleet.shoal("web-1", "state.apply", "web", "test=True").returncode == 0
    assert fleet.shoal("web-1", "state.show_sls", "web").returncode == 0
    fleet.shoal("web-1", "saltutil.kill_job", jid)
    until(
        "its end", lambda: not json.loads(fleet.shoal("web-1", "state.running", "--out=json").stdout)["web-1"]
    )
    assert fleet.shoal("web-1", "state.unfinished", "--out=json").stdout.count(jid) == 1
