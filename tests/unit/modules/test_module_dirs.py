"""Modules of a developer's own folder: loaded when nobody else could have written them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from modules.module_dirs import ModuleDirs
from modules.registry import Registry
from modules.sources import Broken
from modules.synced_folder import SyncedFolder
from shoal.errors import ConfigError
from tests.synced import place

PING = """
from shoal.functions.function import function
from modules.context import Context
@function
def ping(ctx: Context) -> str:
    return {!r}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "mine"
    made.mkdir(mode=0o755)
    (made / "hello.py").write_text(PING.format("mine"))
    return made


def test_folder_comes_before_synced_and_built_in_modules(folder: Path, tmp_path: Path, ctx: Any) -> None:
    (folder / "test.py").write_text(PING.format("mine"))
    (folder / "saltutil.py").write_text(PING.format("mine").replace("ping", "sync_all"))
    synced = SyncedFolder(tmp_path / "synced", place(tmp_path / "synced", {"hello": PING.format("signed")}))
    registry = Registry(synced, ModuleDirs([folder]))
    assert registry.get("hello.ping").call(ctx) == "mine"
    assert registry.get("test.ping").call(ctx) == "mine"
    assert not registry.inline("test.ping")
    assert registry.get("saltutil.sync_all").call.__module__ == "modules.saltutil"
    assert Registry(synced, ModuleDirs([])).get("hello.ping").call(ctx) == "signed"


@pytest.mark.parametrize("below", ["_modules", "modules"])
def test_folder_of_modules_in_it_is_the_one(folder: Path, below: str, ctx: Any) -> None:
    (folder / below).mkdir(mode=0o755)
    (folder / below / "hello.py").write_text(PING.format(below))
    other = folder / "other"
    other.mkdir(mode=0o755)
    (other / "hello.py").write_text(PING.format("other"))
    (other / "late.py").write_text(PING.format("other"))
    registry = Registry(None, ModuleDirs([folder, other]))
    assert registry.get("hello.ping").call(ctx) == below
    assert registry.get("late.ping").call(ctx) == "other"


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_folder_that_others_may_write_to_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(ConfigError, match=f"others may write to {folder}"):
        ModuleDirs([folder])


def test_folder_below_one_that_others_may_write_to_is_refused(folder: Path) -> None:
    folder.parent.chmod(0o777)
    with pytest.raises(ConfigError, match=f"others may write to {folder.parent}:"):
        ModuleDirs([folder])
    folder.parent.chmod(0o1777)
    assert ModuleDirs([folder]).modules() == {"hello"}


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_belongs_to_somebody_else_is_refused(folder: Path, what: str) -> None:
    os.chown(folder if what == "folder" else folder / "hello.py", 12345, -1)
    with pytest.raises((ConfigError, Broken), match="belongs to user 12345"):
        ModuleDirs([folder]).functions("hello")


@pytest.mark.parametrize("how", ["writable", "link", "gone", "pipe"])
def test_file_that_somebody_else_could_have_made_is_not_loaded(folder: Path, how: str) -> None:
    dirs = ModuleDirs([folder])
    file = folder / "hello.py"
    if how == "writable":
        file.chmod(0o664)
    else:
        file.rename(folder / "moved")
    if how == "link":
        file.symlink_to(folder / "moved")
    if how == "pipe":
        os.mkfifo(file)
    with pytest.raises(Broken, match=str(file)):
        dirs.functions("hello")
    assert dirs.functions("other") == {}


def test_folder_that_is_swapped_after_the_check_is_not_read(folder: Path, ctx: Any) -> None:
    dirs = ModuleDirs([folder])
    folder.rename(folder.with_name("away"))
    folder.mkdir()
    (folder / "hello.py").write_text(PING.format("evil"))
    assert dirs.functions("hello")["hello.ping"].call(ctx) == "mine"


def test_folder_that_is_none_is_refused(folder: Path) -> None:
    for path in (folder / "nope", folder / "hello.py"):
        with pytest.raises(ConfigError, match=f"-m {path}"):
            ModuleDirs([path])
