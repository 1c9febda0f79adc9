"""Functions are found by name, loaded late, and a stranger's file cannot spoil the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modules.registry import Registry
from modules.sources import ALIAS_HOMES, MACHINERY, BuiltIn
from modules.synced_folder import SyncedFolder
from shoal.errors import UnknownFunctionError
from tests.synced import registry_of, signed

HEAD = """from __future__ import annotations
from modules.context import Context
from shoal.functions.function import function
"""


def write(folder: Path, name: str, body: str) -> None:
    (folder / name).write_text(HEAD + body)


def refusal(registry: Registry, name: str) -> str:
    with pytest.raises(UnknownFunctionError) as caught:
        registry.get(name)
    text = str(caught.value)
    assert text.startswith(f"'{name}' is not available.")
    assert "\n" not in text
    return text


GREET = """
@function
def hello(ctx: Context, name: str = "you") -> str:
    "Greet."
    return f"hello {name}"
"""


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("tset.ping", "'tset.ping' is not available. Did you mean: test.ping?"),
        ("test.pong", "'test.pong' is not available. Did you mean: test.ping?"),
        ("saltutil.runing", "'saltutil.runing' is not available. Did you mean: saltutil.running?"),
        ("test.qqqqqq", "'test.qqqqqq' is not available. List its module with: sys.list_functions test"),
        ("qqqqqq.x", "'qqqqqq.x' is not available. List the modules with sys.list_modules"),
        ("", "'' is not available. List the modules with sys.list_modules"),
        ("ping", "'ping' is not available. List the modules with sys.list_modules"),
    ],
)
def test_unknown_function_is_told_with_a_near_name(asked: str, answer: str) -> None:
    assert refusal(Registry(), asked) == answer


@pytest.mark.parametrize(
    "name", ["registry.Registry", "shell.run", "test.sleep.x", "test._MAX_TEXT", "test.Result", "os.system"]
)
def test_what_is_not_marked_cannot_be_called(name: str) -> None:
    refusal(Registry(), name)


def test_alias_leads_to_the_same_function() -> None:
    registry = Registry()
    assert registry.get("saltutil.running") is registry.get("minion.running")
    assert registry.get("saltutil.running").name == "minion.running"
    assert registry.get("saltutil.refresh_modules").name == "sys.reload_modules"


def test_every_alias_can_be_found() -> None:
    registry = Registry()
    for name in registry.names():
        for alias in registry.get(name).aliases:
            assert registry.get(alias).name == registry.get(name).name


def test_every_file_is_machinery_or_offers_functions() -> None:
    folder = Path(__file__).parents[3] / "modules"
    files = {path.stem for path in folder.glob("*.py") if not path.name.startswith("_")}
    assert files >= MACHINERY
    built_in = BuiltIn()
    assert built_in.modules() == (files - MACHINERY) | ALIAS_HOMES.keys() | _packages(folder)
    assert all(built_in.functions(module) for module in built_in.modules())


def _packages(folder: Path) -> set[str]:
    return {path.parent.name for path in folder.glob("*/__init__.py")} - MACHINERY


def test_registry_imports_only_the_module_that_is_asked_for() -> None:
    code = """
import json, sys
from modules.registry import Registry
registry = Registry()
registry.get("test.ping")
registry.inline("saltutil.running")
registry.modules()
try:
    registry.get("tset.ping")
except Exception as error:
    assert "Did you mean" in str(error)
print(json.dumps(sorted(name for name in sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert {"modules.test", "modules.minion", "modules.sys"} <= loaded
    assert loaded.isdisjoint(
        {"modules.cmd", "modules.status", "modules.match", "modules.grains", "modules.shell"}
    )
    assert loaded.isdisjoint(
        {"yaml", "psutil", "subprocess", "hashlib", "secrets", "shoal.targets", "asyncio"}
    )


def test_synced_file_adds_a_module(tmp_path: Path, ctx: Any) -> None:
    write(tmp_path, "greeting.py", GREET)
    registry = registry_of(tmp_path)
    assert registry.get("greeting.hello").call(ctx, name="box") == "hello box"
    assert "greeting.hello" in registry.names()
    assert "greeting" in registry.modules()


def test_synced_function_overrides_the_built_in_one_and_leaves_its_neighbours(
    tmp_path: Path, ctx: Any
) -> None:
    write(tmp_path, "test.py", "@function\ndef ping(ctx: Context) -> str:\n    return 'pong'\n")
    registry = registry_of(tmp_path)
    assert registry.get("test.ping").call(ctx) == "pong"
    assert registry.get("test.echo").call(ctx, "x") == "x"
    assert registry.names().count("test.ping") == 1


def test_synced_function_never_runs_inline_and_is_not_loaded_to_find_out(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    body = "@function(inline=True)\ndef ping(ctx: Context) -> bool:\n    return True\n"
    write(tmp_path, "test.py", f"open({str(mark)!r}, 'w').close()\n{body}")
    registry = registry_of(tmp_path)
    assert not registry.inline("test.ping")
    assert not registry.inline("test.echo")
    assert not mark.exists()
    assert not registry.get("test.ping").inline
    assert mark.exists()


def test_inline_is_known_of_built_in_functions() -> None:
    registry = Registry()
    assert registry.inline("test.ping")
    assert registry.inline("saltutil.kill_job")
    assert not registry.inline("cmd.run")
    assert not registry.inline("no.such")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("def broken(:\n", "SyntaxError: invalid syntax"),
        ("import no_such_library\n", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise ValueError('first\\nsecond')\n", "ValueError: first second"),
        ("raise SystemExit(3)\n", "SystemExit: 3"),
        ("@function\ndef f(ctx: Context, x) -> None: ...\n", "TypeError: parameter 'x' has no type"),
        ("@function\ndef f(x: int) -> None: ...\n", "TypeError: f: the first parameter must be ctx"),
        ("@function\ndef f(ctx: Context, x: Nope) -> None: ...\n", "NameError: name 'Nope' is not defined"),
        ("def f(ctx): ...\n", "has no @function"),
    ],
)
def test_broken_synced_file_says_why_and_spoils_no_other(
    tmp_path: Path, ctx: Any, body: str, reason: str
) -> None:
    write(tmp_path, "bad.py", body)
    write(tmp_path, "good.py", GREET)
    registry = registry_of(tmp_path)
    text = refusal(registry, "bad.f")
    assert str(tmp_path / "synced/bad.") in text
    assert reason in text
    assert registry.get("good.hello").call(ctx) == "hello you"
    assert registry.get("test.ping").call(ctx) is True
    assert "bad.f" not in registry.names()
    assert reason in registry.broken()["bad"]


def test_broken_override_is_not_silently_replaced_by_the_built_in(tmp_path: Path) -> None:
    write(tmp_path, "test.py", "1/0\n")
    assert "ZeroDivisionError" in refusal(registry_of(tmp_path), "test.ping")


@pytest.mark.parametrize("name", ["minion.sync_all", "saltutil.sync_modules", "sys.reload_modules"])
def test_way_back_from_a_bad_sync_cannot_be_overridden(tmp_path: Path, name: str) -> None:
    module, _, own = name.partition(".")
    write(tmp_path, f"{module}.py", f"@function\ndef {own}(ctx: Context) -> str:\n    return 'mine'\n")
    registry = registry_of(tmp_path)
    assert registry.get(name).call.__module__.startswith("modules.")
    write(tmp_path, f"{module}.py", "1/0\n")
    registry.use_synced(signed(tmp_path))
    assert registry.get(name)
    assert name in registry.names()


def test_kept_module_can_still_be_added_to(tmp_path: Path) -> None:
    write(tmp_path, "minion.py", GREET)
    assert registry_of(tmp_path).get("minion.hello").name == "minion.hello"


def test_other_content_is_seen_after_a_sync_even_within_the_same_second(tmp_path: Path, ctx: Any) -> None:
    write(tmp_path, "greeting.py", GREET)
    registry = registry_of(tmp_path)
    assert registry.get("greeting.hello").call(ctx) == "hello you"
    write(tmp_path, "greeting.py", GREET.replace("hello {", "howdy {"))
    assert registry.get("greeting.hello").call(ctx) == "hello you"
    registry.use_synced(signed(tmp_path))
    assert registry.get("greeting.hello").call(ctx) == "howdy you"
    (tmp_path / "greeting.py").unlink()
    registry.use_synced(signed(tmp_path))
    refusal(registry, "greeting.hello")
    assert not list(tmp_path.glob("**/*.pyc"))


def test_folder_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    registry = Registry(SyncedFolder(tmp_path / "synced"))
    assert registry.get("test.ping")
    write(tmp_path, "greeting.py", GREET)
    registry.use_synced(signed(tmp_path))
    assert registry.get("greeting.hello")


def test_imported_functions_are_not_offered(tmp_path: Path) -> None:
    write(tmp_path, "greeting.py", GREET + "from modules.test import ping\n")
    registry = registry_of(tmp_path)
    refusal(registry, "greeting.ping")
    assert registry.names_in("greeting") == ["greeting.hello"]


def test_dataclass_bundle_works_in_a_synced_file(tmp_path: Path) -> None:
    body = """
from dataclasses import dataclass
@dataclass(frozen=True)
class Options:
    size: int = 1
@function
def do(ctx: Context, options: Options = Options()) -> int:
    return options.size
"""
    write(tmp_path, "bundle.py", body)
    assert registry_of(tmp_path).get("bundle.do").usage == "bundle.do(*, size: int = 1)"


def test_built_in_module_whose_library_is_missing_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "modules.grains", None)
    text = refusal(Registry(), "grains.items")
    assert "module grains cannot be loaded here" in text
    assert not Registry().inline("grains.items")
