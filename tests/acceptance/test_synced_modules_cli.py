"""Modules of the operator's own in a box's synced folder: new functions, other versions of ours, broken ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.acceptance.at_work import answers
from tests.fleet import Fleet, short_folder, until

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


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Two minions; web-1 is the one that gets modules."""
    with short_folder() as folder, Fleet(folder) as fleet:
        fleet.start_master()
        fleet.join("web-1")
        fleet.join("web-2")
        yield fleet


@pytest.fixture
def synced(fleet: Fleet) -> Iterator[Path]:
    """The synced folder of web-1, empty again afterwards."""
    folder = fleet.minion_root("web-1") / "var/lib/shoal/minion/modules"
    folder.mkdir(exist_ok=True)
    yield folder
    for file in folder.glob("*.py"):
        file.unlink()
    fleet.shoal("web-1", "minion.sync_modules", check=True)


def sync(fleet: Fleet, module: str, name: str = "minion.sync_modules") -> None:
    fleet.shoal("web-1", name, check=True)
    until(f"module {module}", lambda: module in answers(fleet, "web-1", "sys.list_modules")["web-1"])


@pytest.mark.parametrize("name", ["minion.sync_modules", "saltutil.sync_modules"])
def test_new_module_is_there_after_a_sync(fleet: Fleet, synced: Path, name: str) -> None:
    assert "not available" in fleet.shoal("web-1", "hello.world").stdout
    (synced / "hello.py").write_text(dedent(HELLO))
    assert "not available" in fleet.shoal("web-1", "hello.world").stdout
    sync(fleet, "hello", name)
    done = fleet.shoal("*", "hello.world", "2", "--static")
    assert done.stdout == (
        "web-1:\n    hello hello web-1\nweb-2:\n    'hello.world' is not available. List the modules with"
        " sys.list_modules\n"
    )
    assert done.returncode == 1
    assert answers(fleet, "web-1", "sys.list_functions", "hello") == {"web-1": ["hello.world"]}
    assert fleet.shoal("web-1", "-d", "hello").stdout.startswith(
        "hello.world:\nSay hello to the world, as often"
    )


def test_arguments_are_checked_as_everywhere(fleet: Fleet, synced: Path) -> None:
    (synced / "hello.py").write_text(dedent(HELLO))
    sync(fleet, "hello")
    done = fleet.shoal("web-1", "hello.world", "twice")
    assert done.stdout == (
        "web-1:\n    hello.world: 'times' must be a whole number, not 'twice'"
        " (usage: hello.world(times: int = 1))\n"
    )


def test_changed_module_is_used_after_a_sync(fleet: Fleet, synced: Path) -> None:
    (synced / "hello.py").write_text(dedent(HELLO))
    sync(fleet, "hello")
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "hello web-1"}
    (synced / "hello.py").write_text(dedent(HELLO).replace('"hello"', '"goodbye"'))
    fleet.shoal("web-1", "minion.sync_modules")
    until("the changed module", lambda: answers(fleet, "web-1", "hello.world") == {"web-1": "goodbye web-1"})
    (synced / "hello.py").unlink()
    fleet.shoal("web-1", "minion.sync_modules")
    until("the module to be gone", lambda: "not available" in fleet.shoal("web-1", "hello.world").stdout)


def test_module_overrides_functions_of_ours(fleet: Fleet, synced: Path) -> None:
    (synced / "test.py").write_text(dedent(HELLO).replace("def world", "def echo"))
    fleet.shoal("web-1", "minion.sync_modules")
    until(
        "the other test.echo",
        lambda: answers(fleet, "web-1", "test.echo", "2") == {"web-1": "hello hello web-1"},
    )
    assert answers(fleet, "*", "test.ping") == {
        "web-1": True,
        "web-2": True,
    }  # what it does not have stays ours
    assert answers(fleet, "web-2", "test.echo", "2") == {"web-2": "2"}


def test_functions_that_mend_a_box_cannot_be_overridden(fleet: Fleet, synced: Path) -> None:
    (synced / "minion.py").write_text(dedent(HELLO).replace("def world", "def sync_modules"))
    (synced / "hello.py").write_text(dedent(HELLO))
    sync(fleet, "hello")
    assert answers(fleet, "web-1", "minion.sync_modules") == {"web-1": True}


def test_broken_module_says_what_is_wrong_with_it(fleet: Fleet, synced: Path) -> None:
    (synced / "broken.py").write_text("import nothing_of_that_name\n")
    (synced / "hello.py").write_text(dedent(HELLO))
    sync(fleet, "hello")
    file = synced / "broken.py"
    why = f"{file} cannot be loaded: ModuleNotFoundError: No module named 'nothing_of_that_name'"
    done = fleet.shoal("web-1", "broken.thing")
    assert done.stdout == f"web-1:\n    'broken.thing' is not available. {why}\n"
    assert answers(fleet, "web-1", "sys.broken") == {"web-1": {"broken": why}}
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "hello web-1"}


def test_module_that_ends_its_process_hurts_nobody(fleet: Fleet, synced: Path) -> None:
    (synced / "rude.py").write_text("import os\nos._exit(3)\n")
    (synced / "hello.py").write_text(dedent(HELLO))
    sync(fleet, "hello")
    done = fleet.shoal("web-1", "rude.thing")
    assert done.stdout == (
        "web-1:\n    The function ended its process with exit status 3 instead of returning.\n"
    )
    assert done.returncode == 1
    assert answers(fleet, "web-1", "hello.world") == {"web-1": "hello web-1"}
