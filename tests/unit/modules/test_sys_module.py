"""`sys.*`: the box says what it can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules import sys as system
from modules.context import Context
from shoal.errors import UnknownFunctionError
from tests.synced import registry_of, signed

Ask = Callable[[str], Any]


def test_documentation_of_one_function_starts_with_its_sentence(ask: Ask) -> None:
    found = ask("sys.doc test.ping")
    assert list(found) == ["test.ping"]
    assert found["test.ping"].startswith("Say that the minion is there and answers.\n")
    assert "CLI Example:\n\n    shoal '*' test.ping" in found["test.ping"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("sys.list_modules", ["sys.list_modules"]),
        ("sys.list_*", ["sys.list_functions", "sys.list_modules"]),
        ("sys.list_* test.pi*", ["sys.list_functions", "sys.list_modules", "test.ping"]),
        ("saltutil.find_job", ["saltutil.find_job"]),
        ("*.all_status", ["status.all_status"]),
        ("zz*", []),
    ],
)
def test_functions_are_selected(ask: Ask, names: str, expected: list[str]) -> None:
    assert ask(f"sys.list_functions {names}") == expected
    assert list(ask(f"sys.doc {names}")) == expected


def test_module_name_selects_its_functions_and_no_others(ask: Ask) -> None:
    found = ask("sys.list_functions test")
    assert "test.ping" in found
    assert all(name.startswith("test.") for name in found)
    assert len(ask("sys.list_functions")) > 90
    assert ask("sys.list_functions") == ask("sys.list_functions '*'")


@pytest.mark.parametrize("name", ["tset.ping", "tset", "test.pong"])
def test_unknown_name_is_told(ask: Ask, name: str) -> None:
    with pytest.raises(UnknownFunctionError, match=f"'{name}' is not available"):
        ask(f"sys.doc {name}")


def test_modules_are_listed(ask: Ask) -> None:
    assert {"cmd", "grains", "match", "minion", "saltutil", "status", "sys", "test"} <= set(
        ask("sys.list_modules")
    )
    assert ask("sys.list_modules 'te*' sys") == ["sys", "test"]


def test_argspec_has_salts_shape(ask: Ask) -> None:
    assert ask("sys.argspec test.arg test.sleep grains.get") == {
        "grains.get": {
            "args": ["key", "default", "delimiter"],
            "defaults": ["", ":"],
            "varargs": None,
            "kwargs": None,
            "usage": "grains.get(key: str, default: any = '', delimiter: str = ':')",
        },
        "test.arg": {
            "args": [],
            "defaults": [],
            "varargs": "args",
            "kwargs": "kwargs",
            "usage": "test.arg(*args: any, **kwargs: any)",
        },
        "test.sleep": {
            "args": ["length"],
            "defaults": [],
            "varargs": None,
            "kwargs": None,
            "usage": "test.sleep(length: float)",
        },
    }


def test_schema_is_there_for_every_function(ask: Ask) -> None:
    found = ask("sys.schema")
    assert found.keys() == set(ask("sys.list_functions"))
    assert found["saltutil.running"]["name"] == "minion.running"


def test_synced_file_is_looked_at_again(ctx: Context, tmp_path: Path) -> None:
    here = replace(ctx, registry=registry_of(tmp_path))
    (tmp_path / "late.py").write_text("1/0\n")
    here.registry.use_synced(signed(tmp_path))
    assert "late" in system.list_modules(here)
    assert "ZeroDivisionError" in system.broken(here)["late"]
    with pytest.raises(UnknownFunctionError, match="ZeroDivisionError"):
        system.doc(here, "late")
    assert system.list_functions(here)
    (file,) = (tmp_path / "synced").iterdir()
    file.write_text("2/0\n")
    assert system.reload_modules(here) is True
    assert "not what the master has signed" in system.broken(here)["late"]
