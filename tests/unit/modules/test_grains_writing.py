"""`grains.set*`, `append`, `remove`, `del*` on a real file."""

from __future__ import annotations

import os
import shlex
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.grains import grains_file
from modules.grains.grains_file import GrainsFile
from modules.grains.nested import GONE, whole
from modules.result import Result
from modules.standalone import NoDaemon
from shoal.config.yaml_file import read_yaml
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.signature import bind
from shoal.lookup import MISSING
from tests.unit.modules.conftest import FakeDaemon

Ask = Callable[[str], Any]
REFRESH = ("refresh_grains", {})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "etc/grains"


@pytest.fixture
def box(ctx: Context, path: Path) -> Context:
    path.parent.mkdir()
    return replace(ctx, settings={**ctx.settings, "grains_file": str(path)})


@pytest.fixture
def ask(box: Context) -> Ask:
    def run(line: str) -> Any:
        name, *words = shlex.split(line)
        function = box.registry.get(name)
        args, kwargs = bind(function, words, {}, from_text=True)
        value = function.call(box, *args, **kwargs)
        return (value.value, value.retcode) if isinstance(value, Result) else value

    return run


def filed(path: Path) -> dict[str, Any]:
    return read_yaml(path).plain()


def changed(**changes: Any) -> tuple[dict[str, Any], int]:
    return {"result": True, "comment": "", "changes": changes}, 0


# ------------------------------------------------------------- plain setting


def test_new_grain_is_in_the_file_and_the_daemon_looks_again(
    ask: Ask, path: Path, daemon: FakeDaemon
) -> None:
    assert ask('grains.setval roles \'["web", "db"]\'') == {"roles": ["web", "db"]}
    assert filed(path) == {"roles": ["web", "db"]}
    assert daemon.asked == [REFRESH]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_several_grains_are_set_together_and_others_stay(ask: Ask, path: Path) -> None:
    path.write_text("# by hand\nrack: 7\nrole: db\n")
    assert ask("grains.setvals '{role: web, tier: null}'") == {"role": "web", "tier": None}
    assert filed(path) == {"rack": 7, "role": "web", "tier": None}


def test_null_deletes_only_when_it_is_to(ask: Ask, path: Path) -> None:
    path.write_text("a: 1\nb: 2\n")
    ask("grains.setval a null")
    ask("grains.setval b null destructive=True")
    assert filed(path) == {"a": None}


def test_setting_what_is_there_writes_nothing_and_asks_nobody(
    ask: Ask, path: Path, daemon: FakeDaemon
) -> None:
    path.write_text("# comment\nrole: web\n")
    ask("grains.setval role web")
    assert ask("grains.set role web")[0]["comment"] == "Grain is already set"
    assert path.read_text() == "# comment\nrole: web\n"
    assert daemon.asked == []


@pytest.mark.parametrize(
    "value",
    [
        "16:10", "yes", "0755", "1e3", "null", "", " padded ", "a: b", "2026-01-31", "line\nline", "é\u2028x", "#no",
        "<<", "=", "~", "-", 7, -1, 2.5, True, None, [], {}, [[1], {"a": None}], {"b": {"c": ["d", 1.5]}}, "x" * 5000,
    ],
)  # fmt: skip
def test_value_is_read_back_as_it_was_given(box: Context, path: Path, value: Any) -> None:
    box.registry.get("grains.setval").call(box, "some", value)
    assert filed(path) == {"some": value}
    assert type(filed(path)["some"]) is type(value)


def test_control_characters_are_refused_or_come_back(box: Context, path: Path) -> None:
    box.registry.get("grains.setval").call(box, "some", "a\x07b")
    assert filed(path) == {"some": "a\x07b"}


# -------------------------------------------------------------- set and delete


def test_set_makes_nested_grains(ask: Ask, path: Path) -> None:
    assert ask("grains.set site:rack:unit 7") == changed(site={"rack": {"unit": 7}})
    assert ask("grains.set 'site|name' north delimiter='|'") == changed(
        site={"rack": {"unit": 7}, "name": "north"}
    )
    assert filed(path) == {"site": {"rack": {"unit": 7}, "name": "north"}}


def test_nested_key_of_a_grain_the_box_found_keeps_the_rest_of_it(ask: Ask, path: Path) -> None:
    ask("grains.set ip4_interfaces:eth1 10.0.0.9")
    assert filed(path) == {"ip4_interfaces": {"lo": ["127.0.0.1"], "eth0": ["10.1.2.3"], "eth1": "10.0.0.9"}}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("grains.set roles web", "exists but is a dict or a list"),
        ("grains.set role '[1]'", "the given value is a dict or a list"),
        ("grains.set role:web 1", "the grain role is 'db', not a map"),
        ("grains.delkey roles", "exists but is a dict or a list"),
        ("grains.delval site", "exists but is a dict or a list"),
    ],
)
def test_shape_is_changed_only_by_force(ask: Ask, path: Path, line: str, said: str) -> None:
    path.write_text("roles: [a]\nrole: db\nsite: {rack: 1}\n")
    value, retcode = ask(line)
    assert (value["result"], value["changes"], retcode) == (False, {}, 1)
    assert said in value["comment"]
    assert filed(path) == {"roles": ["a"], "role": "db", "site": {"rack": 1}}
    value, retcode = ask(f"{line} force=True")
    assert (value["result"], retcode) == (True, 0)
    assert filed(path) != {"roles": ["a"], "role": "db", "site": {"rack": 1}}


def test_word_becomes_the_key_of_a_map(ask: Ask, path: Path) -> None:
    path.write_text("app: web\n")
    assert ask("grains.set app:web running") == changed(app={"web": "running"})


def test_delkey_takes_a_grain_out(ask: Ask, path: Path, daemon: FakeDaemon) -> None:
    path.write_text("role: web\nsite: {rack: 1, room: 2}\n")
    assert ask("grains.delkey role") == changed(role=None)
    assert ask("grains.delkey site:rack") == changed(site={"room": 2})
    assert filed(path) == {"site": {"room": 2}}
    assert daemon.asked == [REFRESH, REFRESH]


def test_grain_that_is_not_in_the_file_cannot_be_taken_out(ask: Ask, path: Path, daemon: FakeDaemon) -> None:
    for key in ("os", "nope", "nope:deeper"):
        assert ask(f"grains.delkey {key}")[0]["comment"] == "Grain is not in the grains file"
    assert not path.exists()
    assert daemon.asked == []


def test_delval_leaves_the_name(ask: Ask, path: Path) -> None:
    path.write_text("role: web\nrack: 7\n")
    assert ask("grains.delval role") == changed(role=None)
    ask("grains.delval rack destructive=True")
    assert filed(path) == {"role": None}


# ------------------------------------------------------------------------ lists


def test_values_are_appended_once(ask: Ask, path: Path) -> None:
    assert ask("grains.append roles web") == {"roles": ["web"]}
    assert ask('grains.append roles \'["db", "web", "lb"]\'') == {"roles": ["web", "db", "lb"]}
    assert ask("grains.append roles db") == "The val db was already in the list roles"
    assert ask("grains.append site:tags x") == {"site": {"tags": ["x"]}}
    assert filed(path) == {"roles": ["web", "db", "lb"], "site": {"tags": ["x"]}}


def test_grain_that_is_no_list_is_converted_on_request(ask: Ask, path: Path) -> None:
    path.write_text("role: web\n")
    with pytest.raises(ModuleError, match="role is not a list: use convert=True"):
        ask("grains.append role db")
    assert ask("grains.append role db convert=True") == {"role": ["web", "db"]}


def test_value_is_taken_out_of_a_list(ask: Ask, path: Path) -> None:
    path.write_text("roles: [web, db, lb]\nrole: web\n")
    assert ask("grains.remove roles db") == {"roles": ["web", "lb"]}
    assert ask("grains.remove roles db") == "The val db was not in the list roles"
    assert ask('grains.remove roles \'["web", "nope"]\'') == {"roles": ["lb"]}
    with pytest.raises(ModuleError, match="not a list"):
        ask("grains.remove role web")
    assert filed(path) == {"roles": ["lb"], "role": "web"}


def test_random_grain_is_made_once(ask: Ask, path: Path) -> None:
    made = ask("grains.get_or_set_hash db:password 20 chars=ab")
    assert len(made) == 20 and set(made) <= {"a", "b"}
    assert ask("grains.get_or_set_hash db:password") == made
    assert filed(path) == {"db": {"password": made}}
    assert ask("grains.get_or_set_hash os") == "Debian"
    with pytest.raises(ArgumentError):
        ask("grains.get_or_set_hash x 0")


def test_fetch_is_get(ask: Ask) -> None:
    assert ask("grains.fetch ip4_interfaces:lo") == ["127.0.0.1"]


# ------------------------------------------------------------------- the file


def test_file_keeps_mode_and_its_link(ask: Ask, path: Path, tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("a: 1\n")
    real.chmod(0o640)
    path.symlink_to(real)
    ask("grains.setval b 2")
    assert path.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert filed(real) == {"a": 1, "b": 2}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["etc", "real"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_file_keeps_its_owner(ask: Ask, path: Path) -> None:
    path.write_text("a: 1\n")
    os.chown(path, 0, 12)
    ask("grains.setval b 2")
    assert path.stat().st_gid == 12


@pytest.mark.parametrize("text", ["a: [1\n", "- a\n", "a: 1\na: 2\n"])
def test_file_that_cannot_be_read_is_left_alone(ask: Ask, path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ModuleError, match="not changed, because it cannot be read"):
        ask("grains.setval b 2")
    assert path.read_text() == text


def test_value_that_no_file_can_hold_leaves_the_old_one(box: Context, path: Path) -> None:
    path.write_text("a: 1\n")
    setval = box.registry.get("grains.setval").call
    with pytest.raises(ModuleError):
        setval(box, "b", {"": 1})
    with pytest.raises(ModuleError, match="more than the 65536"):
        setval(box, "b", "x" * 70_000)
    for key in ("", "a::b"):
        with pytest.raises(ModuleError, match="no part of it may be empty"):
            box.registry.get("grains.append").call(box, key, 1)
    assert path.read_text() == "a: 1\n"
    assert [each.name for each in path.parent.iterdir()] == ["grains"]


def test_missing_folder_is_one_line(ask: Ask, path: Path) -> None:
    path.parent.rmdir()
    with pytest.raises(ModuleError, match=r"etc/grains cannot be changed: No such file"):
        ask("grains.setval a 1")


def test_call_that_knows_no_file_says_so(ctx: Context) -> None:
    with pytest.raises(ModuleError, match="does not know the box's grains file"):
        ctx.registry.get("grains.setval").call(ctx, "a", 1)


def test_call_without_a_daemon_changes_the_file(box: Context, path: Path) -> None:
    alone = replace(box, daemon=NoDaemon())
    assert alone.registry.get("grains.setval").call(alone, "a", 1) == {"a": 1}
    assert filed(path) == {"a": 1}


def test_two_changes_at_once_are_both_kept(box: Context, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go = threading.Event(), threading.Event()
    real = grains_file._read

    def slow(path: Path) -> dict[str, Any]:
        found = real(path)
        if not inside.is_set():
            inside.set()
            go.wait(20)
        return found

    monkeypatch.setattr(grains_file, "_read", slow)
    setval = box.registry.get("grains.setval").call
    first = threading.Thread(target=setval, args=(box, "a", 1))
    first.start()
    assert inside.wait(20)
    second = threading.Thread(target=setval, args=(box, "b", 2))
    second.start()
    go.set()
    first.join()
    second.join()
    assert filed(path) == {"a": 1, "b": 2}


def test_block_that_fails_writes_nothing(path: Path, box: Context) -> None:
    def spoil() -> None:
        with GrainsFile(path).editing() as grains:
            grains["a"] = 1
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        spoil()
    assert not path.exists()


# ----------------------------------------------------------------------- nested


@pytest.mark.parametrize(
    ("grains", "key", "value", "made"),
    [
        ({}, "a", 1, ("a", 1)),
        ({}, "a:b:c", 1, ("a", {"b": {"c": 1}})),
        ({"a": None}, "a:b", 1, ("a", {"b": 1})),
        ({"a": {"b": 1, "c": 2}}, "a:b", GONE, ("a", {"c": 2})),
        ({"a": ["x", "y"]}, "a:y", 1, ("a", ["x", {"y": 1}])),
        ({"a": ["x", {"y": 0}]}, "a:y", 1, ("a", ["x", {"y": 1}])),
        ({"a": ["x"]}, "a:z", 1, ("a", ["x", {"z": 1}])),
        ({"a": ["x", "y"]}, "a:1", "z", ("a", ["x", "z"])),
        ({"a": ["x", "y"]}, "a:-1", GONE, ("a", ["x"])),
        ({"a": [{"b": 1}]}, "a:0:b", 2, ("a", [{"b": 2}])),
        ({"a": [{"b": 1}, {"c": 1}]}, "a:b", GONE, ("a", [{}, {"c": 1}])),
    ],
)
def test_value_in_its_place(grains: Any, key: str, value: Any, made: Any) -> None:
    before = repr(grains)
    assert whole(grains, key, value) == made
    assert repr(grains) == before


def test_taking_out_what_is_nowhere_changes_nothing() -> None:
    assert whole({}, "a:b", GONE) == ("a", MISSING)


def test_deletes_a_grain_whose_key_is_taken_as_it_is(ask: Ask, path: Path) -> None:
    path.write_text("a:b: 1\nrest: 2\n")
    ask("grains.delkey a:b delimiter=''")
    assert read_yaml(path).plain() == {"rest": 2}


def test_way_back_is_refused_for_another_file(ask: Ask, path: Path) -> None:
    with pytest.raises(ArgumentError, match="is not the grains file"):
        ask(f"grains.put_back {path}.old")
