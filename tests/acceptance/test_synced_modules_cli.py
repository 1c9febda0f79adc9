"""Modules and grains of the operator's own in the master's `_modules` and `_grains`: they come to boxes by a sync."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.acceptance.at_work import answers
from tests.fleet import Fleet, short_folder, until
from tests.synced import serve

HELLO = '''
    """Says hello."""

    from __future__ import annotations

    from modules.context import Context
    from shoal.functions.function import function


    @function
    def world(ctx: Context, times: int = 1) -> str:
        """Say hello to the world, as often as you like.

        CLI Example:

            shoal '*' hello.world 2
        """
        return " ".join(["hello"] * times + [ctx.minion_id])
'''
MORE = """

@function
def name(ctx: Context) -> str:
    return ctx.minion_id
"""
DRILL = '''
    """Returns what state runs return."""

    from __future__ import annotations

    from typing import Any

    from modules.context import Context
    from modules.result import Result
    from shoal.functions.function import function


    @function(out="highstate")
    def run(ctx: Context, how: str) -> Any:
        well = how == "well"
        state = {
            "name": "echo hi", "__id__": "say", "__sls__": "drill", "__run_num__": 0, "result": well,
            "comment": "done", "changes": {"stdout": "hi"}, "start_time": "10:00:00.000001", "duration": 2.5,
        }
        return Result({"cmd_|-say_|-echo hi_|-run": state}, retcode=0 if well else 2)


    @function(out="highstate")
    def errors(ctx: Context) -> Any:
        return Result(["no such sls: x"], retcode=1)
'''
SHELF = "def x(grains):\n    return {'shelf': grains['id'] + '-left'}\n"


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Two minions; web-2 does not do what hello does, whoever has signed it."""
    with short_folder() as folder, Fleet(folder) as fleet:
        dev = folder / "dev"
        fleet.start_master(file_roots={"base": [str(fleet.master_root / "srv/salt")], "dev": [str(dev)]})
        fleet.join("web-1")
        fleet.join("web-2", settings={"disable_modules": ["hello"], "disable_functions": ["greet.world"]})
        yield fleet


@pytest.fixture
def roots(fleet: Fleet) -> Iterator[Path]:
    """The master's files; what is to be synced is removed afterwards, there and on the boxes."""
    folder = fleet.master_root / "srv/salt"
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    for file in folder.glob("_*/*"):
        file.unlink()
    fleet.shoal("-L", "web-1,web-2", "saltutil.sync_all", check=True)


def synced(fleet: Fleet, *words: str) -> Any:
    return answers(fleet, "web-1", *(words or ("saltutil.sync_all",)))["web-1"]


def shelf(fleet: Fleet, kind: str) -> list[Path]:
    return sorted((fleet.minion_root("web-1") / "var/lib/shoal/minion/synced" / kind).glob("*"))


@pytest.mark.parametrize("name", ["minion.sync_modules", "saltutil.sync_modules"])
def test_new_module_is_there_after_a_sync(fleet: Fleet, roots: Path, name: str) -> None:
    assert "not available" in fleet.shoal("web-1", "hello.world").stdout
    serve(roots, "_modules/hello.py", HELLO)
    assert "not available" in fleet.shoal("web-1", "hello.world").stdout
    assert synced(fleet, name) == ["modules.hello"]
    done = fleet.shoal("*", "hello.world", "2", "--static")
    assert done.stdout.startswith("web-1:\n    hello hello web-1\nweb-2:\n")
    assert done.returncode == 1
    assert answers(fleet, "web-1", "sys.list_functions", "hello") == {"web-1": ["hello.world"]}
    assert fleet.shoal("web-1", "-d", "hello").stdout.startswith(
        "hello.world:\n\n    Say hello to the world, as often"
    )
    assert synced(fleet, name) == [], "nothing is new"


def test_only_what_is_asked_for_is_synced_and_all_that_changes_is_told(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/hello.py", HELLO)
    serve(roots, "_modules/other.py", HELLO)
    serve(roots, "_modules/Not-A-Name.py", HELLO)
    serve(roots, "_modules/_private.py", HELLO)
    for kind in ("states", "returners", "beacons", "utils", "grains"):
        serve(roots, f"_{kind}/thing.py", "")
    assert synced(fleet, "saltutil.sync_states") == ["states.thing"]
    assert "hello" not in answers(fleet, "web-1", "sys.list_modules")["web-1"]
    assert synced(fleet) == {
        "beacons": ["beacons.thing"], "grains": ["grains.thing"], "modules": ["modules.hello", "modules.other"],
        "returners": ["returners.thing"], "states": [], "utils": ["utils.thing"],
    }  # fmt: skip
    (roots / "_modules/other.py").unlink()
    serve(roots, "_modules/hello.py", HELLO.replace('"hello"', '"goodbye"'))
    assert synced(fleet, "saltutil.sync_modules") == ["modules.hello", "modules.other (removed)"]
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "goodbye web-1"}
    assert "not available" in fleet.shoal("web-1", "other.world").stdout
    assert "_modules/Not-A-Name.py of base is not synced" in fleet.master.text()  # type: ignore[union-attr]
    (file, *_) = shelf(fleet, "states")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_box_that_starts_has_what_the_master_has_and_keeps_it(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/hello.py", HELLO)
    serve(roots, "_grains/shelf.py", SHELF)
    fleet.join("web-3")
    until("the first sync", lambda: "hello web-3" in fleet.shoal("web-3", "hello.world").stdout)
    until("the grain", lambda: answers(fleet, "-G", "shelf:web-3-left", "test.ping") == {"web-3": True})
    beside = fleet.program("shoal-call", "--out=json", "saltutil.sync_all", root=fleet.minion_root("web-3"))
    assert json.loads(beside.stdout)["local"]["modules"] == [], "the program has the daemon sync"
    fleet.minions["web-3"].stop()
    fleet.master.stop()  # type: ignore[union-attr]
    call = ("shoal-call", "--local", "--out=txt", "hello.world")
    assert fleet.program(*call, root=fleet.minion_root("web-3")).stdout == "local: hello web-3\n"
    grain = ("shoal-call", "--local", "--out=txt", "grains.get", "shelf")
    assert fleet.program(*grain, root=fleet.minion_root("web-3")).stdout == "local: web-3-left\n"
    fleet.start_master()
    fleet.wait_up("web-1", "web-2")


def test_grains_follow_a_sync(fleet: Fleet, roots: Path) -> None:
    file = serve(roots, "_grains/shelf.py", SHELF)
    assert synced(fleet, "saltutil.sync_grains") == ["grains.shelf"]
    until("the grain", lambda: answers(fleet, "-G", "shelf:web-1-left", "test.ping") == {"web-1": True})
    file.unlink()
    assert synced(fleet, "saltutil.sync_grains") == ["grains.shelf (removed)"]
    until("the grain to go", lambda: "web-1" not in answers(fleet, "*", "grains.get", "shelf") or
          answers(fleet, "web-1", "grains.get", "shelf") == {"web-1": ""})  # fmt: skip


def test_other_environment_is_synced_when_it_is_named(fleet: Fleet, roots: Path) -> None:
    serve(fleet.folder / "dev", "_modules/hello.py", HELLO.replace('"hello"', '"dev"'))
    serve(roots, "_modules/hello.py", HELLO)
    assert synced(fleet, "saltutil.sync_modules", "saltenv=dev") == ["modules.hello"]
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "dev web-1"}
    assert synced(fleet, "saltutil.sync_modules") == ["modules.hello"]
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "hello web-1"}
    assert "bad environment" in fleet.shoal("web-1", "saltutil.sync_modules", "saltenv=..").stdout


def test_arguments_are_checked_as_everywhere(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/hello.py", HELLO)
    synced(fleet)
    done = fleet.shoal("web-1", "hello.world", "twice")
    assert done.stdout == (
        "web-1:\n    hello.world: 'times' must be a whole number, not 'twice'"
        " (usage: hello.world(times: int = 1))\n"
    )


def test_module_overrides_functions_of_ours(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/test.py", HELLO.replace("def world", "def echo"))
    synced(fleet)
    assert answers(fleet, "web-1", "test.echo", "2") == {"web-1": "hello hello web-1"}
    assert answers(fleet, "web-1", "test.ping") == {"web-1": True}  # what it does not have stays ours


def test_functions_that_mend_a_box_cannot_be_overridden(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/saltutil.py", HELLO.replace("def world", "def sync_modules"))
    serve(roots, "_modules/hello.py", HELLO)
    assert synced(fleet)["modules"] == ["modules.hello", "modules.saltutil"]
    assert synced(fleet, "saltutil.sync_modules") == []


def test_broken_module_says_what_is_wrong_with_it(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/broken.py", "import nothing_of_that_name\n")
    serve(roots, "_modules/hello.py", HELLO)
    synced(fleet)
    (file,) = (path for path in shelf(fleet, "modules") if path.name.startswith("broken"))
    why = f"{file} cannot be loaded: ModuleNotFoundError: No module named 'nothing_of_that_name'"
    done = fleet.shoal("web-1", "broken.thing")
    assert done.stdout == f"web-1:\n    'broken.thing' is not available. {why}\n"
    assert answers(fleet, "web-1", "sys.broken") == {"web-1": {"broken": why}}
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "hello web-1"}


def test_module_that_ends_its_process_hurts_nobody(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/rude.py", "import os\nos._exit(3)\n")
    serve(roots, "_modules/hello.py", HELLO)
    synced(fleet)
    done = fleet.shoal("web-1", "rude.thing")
    assert done.stdout == (
        "web-1:\n    The function ended its process with exit status 3 instead of returning.\n"
    )
    assert done.returncode == 1
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "hello web-1"}


def test_box_refuses_what_its_own_list_forbids_whoever_has_signed_it(fleet: Fleet, roots: Path) -> None:
    mark = fleet.folder / "loaded"
    serve(roots, "_modules/hello.py", dedent(HELLO) + f"open({str(mark)!r}, 'w').close()\n")
    serve(roots, "_modules/greet.py", dedent(HELLO) + MORE)
    assert answers(fleet, "web-2", "saltutil.sync_modules")["web-2"] == ["modules.greet", "modules.hello"]
    for name in ("hello.world", "greet.world"):
        done = fleet.shoal("web-2", name)
        assert done.returncode == 1
        assert f"{name} is disabled in this minion's configuration" in done.stdout, done.stdout
    assert answers(fleet, "web-2", "greet.name") == {"web-2": "web-2"}
    assert "'hello' is not available" in answers(fleet, "web-2", "sys.list_functions", "hello")["web-2"]
    call = ("shoal-call", "--local", "hello.world")
    assert fleet.program(*call, root=fleet.minion_root("web-2"), check=False).returncode != 0
    assert not mark.exists(), "to load it would have been to run it"


def test_module_under_development_is_called_from_a_folder_of_the_callers_own(fleet: Fleet) -> None:
    folder = fleet.folder / "mine"
    file = serve(folder, "_modules/hello.py", HELLO)
    folder.chmod(0o755)
    call = ("shoal-call", "--local", "-m", str(folder), "--out=txt", "hello.world")
    root = fleet.minion_root("web-1")
    assert fleet.program(*call, root=root).stdout == "local: hello web-1\n"
    file.chmod(0o666)
    done = fleet.program(*call, root=root, check=False)
    assert (done.returncode, f"others may write to {file}" in done.stdout) == (1, True)
    file.parent.chmod(0o777)
    done = fleet.program(*call, root=root, check=False)
    assert done.returncode != 0 and f"others may write to {file.parent}" in done.stderr


def test_states_that_a_module_ran_are_shown_as_highstate(fleet: Fleet, roots: Path) -> None:
    serve(roots, "_modules/drill.py", DRILL)
    synced(fleet)
    done = fleet.shoal("web-1", "drill.run", "well", "--state-output=terse")
    assert done.stdout == (
        "web-1:\n  Name: echo hi - Function: cmd.run - Result: Changed - Started: 10:00:00.000001 - Duration: 2.5 ms\n"
        "\nSummary for web-1\n------------\nSucceeded: 1 (changed=1)\nFailed:    0\n------------\n"
        "Total states run:     1\nTotal run time:   2.500 ms\n"
    )
    assert done.returncode == 0
    done = fleet.shoal("web-1", "drill.run", "badly")
    assert (
        "          ID: say\n    Function: cmd.run\n        Name: echo hi\n      Result: False\n"
        in done.stdout
    )
    assert (
        "     Changes:   \n              ----------\n              stdout:\n                  hi\n"
        in done.stdout
    )
    assert (done.returncode, done.stderr) == (1, "ERROR: Minions returned with non-zero exit code\n")
    done = fleet.shoal("web-1", "drill.errors")
    assert done.stdout == "web-1:\n    Data failed to compile:\n----------\n    no such sls: x\n"
    assert done.returncode == 1
    assert answers(fleet, "web-1", "drill.run", "badly")["web-1"].keys() == {"cmd_|-say_|-echo hi_|-run"}
    call = ("shoal-call", "--local", "--state_output=terse_id", "drill.run", "badly")
    done = fleet.program(*call, root=fleet.minion_root("web-1"), check=False)
    assert done.stdout.startswith("local:\n  Name: say - Function: cmd.run - Result: Failed - Started: ")
    assert done.returncode == 1
