"""`grains`: states of the grains file. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.modules.conftest import FakeDaemon
from tests.unit.states.trial import Box, context

FILE = "# mine\nrole: web\nroles: [a, b]\nsite: {rack: 7, row: 1}\nold: x\n"


@pytest.fixture
def daemon() -> FakeDaemon:
    return FakeDaemon()


@pytest.fixture
def box(tmp_path: Path, daemon: FakeDaemon) -> Box:
    (tmp_path / "grains").write_text(FILE)
    (tmp_path / "grains").chmod(0o644)
    grains = {"id": "box", "os": "Debian"}
    return Box(
        tmp_path, context(settings={"grains_file": str(tmp_path / "grains")}, grains=grains, daemon=daemon)
    )


_KNOWN = "Removed value ['a'] from update due to value found in \"roles\" (or pending)."
CHANGED: list[tuple[str, str, dict[str, Any], Any, str, str]] = [
    (
        "present",
        "role",
        {"value": "db"},
        {"role": "db"},
        "Grain role is set to be changed",
        "Set grain role to db",
    ),
    (
        "present",
        "new",
        {"value": "7"},
        {"new": "7"},
        "Grain new is set to be added",
        "Set grain new to 7",
    ),
    (
        "present",
        "site:rack",
        {"value": 8},
        {"site": {"rack": 8, "row": 1}},
        "Grain site:rack is set to be changed",
        "Set grain site:rack to 8",
    ),
    (
        "present",
        "roles",
        {"value": ["c"], "force": True},
        {"roles": ["c"]},
        "Grain roles is set to be changed",
        "Set grain roles to ['c']",
    ),
    (
        "list_present",
        "roles",
        {"value": "z"},
        {"new": {"roles": ["a", "b", "z"]}},
        "Value z is set to be appended to grain roles",
        "Append value z to grain roles",
    ),
    (
        "list_present",
        "roles",
        {"value": ["a", "q"]},
        {"new": {"roles": ["a", "b", "q"]}},
        "Value ['q'] is set to be appended to grain roles",
        f"{_KNOWN}\nAppend value ['q'] to grain roles",
    ),
    (
        "list_present",
        "newlist",
        {"value": ["a", "b"]},
        {"new": {"newlist": ["a", "b"]}},
        "Grain newlist is set to be added",
        "Append value ['a', 'b'] to grain newlist",
    ),
    (
        "list_absent",
        "roles",
        {"value": ["b", "none"]},
        {"deleted": ["b"]},
        "Value b in grain roles is set to be deleted\nValue none is absent from grain roles",
        "Value b was deleted from grain roles\nValue none is absent from grain roles",
    ),
    (
        "append",
        "roles",
        {"value": "w"},
        {"added": "w"},
        "Value w in grain roles is set to be added",
        "Value w was added to grain roles",
    ),
    (
        "append",
        "role",
        {"value": "w", "convert": True},
        {"added": "w"},
        "Grain role is set to be converted to list and value w will be added",
        "Value w was added to grain role",
    ),
    (
        "absent",
        "old",
        {},
        {"grain": "old", "value": None},
        "Value for grain old is set to be deleted (None)",
        "Value for grain old was set to None",
    ),
    (
        "absent",
        "old",
        {"destructive": True},
        {"deleted": "old"},
        "Grain old is set to be deleted",
        "Grain old was deleted",
    ),
    (
        "absent",
        "site:rack",
        {"destructive": True},
        {"deleted": "site:rack"},
        "Grain site:rack is set to be deleted",
        "Grain site:rack was deleted",
    ),
]
RIGHT = [
    ("present", "role", {"value": "web"}, "Grain is already set"),
    (
        "list_present",
        "roles",
        {"value": ["a", "b"]},
        "Value ['a', 'b'] is already in grain roles (or pending)",
    ),
    ("list_absent", "roles", {"value": "none"}, "Value none is absent from grain roles"),
    ("list_absent", "nolist", {"value": "x"}, "Grain nolist does not exist"),
    ("append", "roles", {"value": "b"}, "Value b is already in the list for grain roles"),
    ("exists", "os", {}, "Grain exists"),
    ("absent", "nothere", {}, "Grain nothere does not exist"),
    ("absent", "os", {"destructive": True}, "Grain os is not in the grains file"),
]
_FORCE = "exists but is a dict or a list. Use 'force=True' to overwrite."
WRONG = [
    ("present", "roles", {"value": ["c"]}, f"The key 'roles' {_FORCE}"),
    ("list_present", "role", {"value": "x"}, "Grain role is not a valid list"),
    ("list_absent", "role", {"value": "x"}, "Grain role is not a valid list"),
    ("append", "role", {"value": "x"}, "Grain role is not a valid list"),
    ("append", "nothere", {"value": "x"}, "Grain nothere does not exist"),
    ("exists", "nothere", {}, "Grain does not exist"),
    ("absent", "roles", {}, f"The key 'roles' {_FORCE}"),
]


@pytest.mark.parametrize(("fun", "name", "args", "changes", "would", "did"), CHANGED)
def test_grain_is_changed_and_led_back(
    box: Box, fun: str, name: str, args: dict[str, Any], changes: Any, would: str, did: str
) -> None:
    assert box.run(f"grains.{fun}", name, test=True, **args).comment == would
    outcome = box.cycle(f"grains.{fun}", name, **args)
    assert (outcome.changes, outcome.comment) == (changes, did)


@pytest.mark.parametrize(("fun", "name", "args", "comment"), RIGHT)
def test_grain_that_is_right_stays(box: Box, fun: str, name: str, args: dict[str, Any], comment: str) -> None:
    outcome = box.run(f"grains.{fun}", name, **args)
    assert (outcome.result, outcome.changes, outcome.comment) == (True, {}, comment)


@pytest.mark.parametrize(("fun", "name", "args", "comment"), WRONG)
def test_what_cannot_be_is_told_by_a_test_run_too(
    box: Box, fun: str, name: str, args: dict[str, Any], comment: str
) -> None:
    for test in (True, False):
        outcome = box.run(f"grains.{fun}", name, test=test, **args)
        assert (outcome.result, outcome.changes, outcome.comment) == (False, {}, comment)


def test_daemon_looks_again_after_a_change_and_after_the_way_back(box: Box, daemon: FakeDaemon) -> None:
    box.cycle("grains.present", "role", value="db")
    assert daemon.asked == [("refresh_grains", {})] * 2


def test_file_that_was_not_there_is_gone_again(box: Box, tmp_path: Path) -> None:
    (tmp_path / "grains").unlink()
    box.cycle("grains.present", "role", value="db")
