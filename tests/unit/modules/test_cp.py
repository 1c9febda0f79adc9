"""`cp.*` on a box that stands alone: files go to their place whole, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules import placing
from modules.context import Context
from modules.cp import files as cp
from shoal.errors import ModuleError

Ask = Callable[[str], Any]


def test_file_is_brought_with_its_mode_and_keeps_that_of_its_place(
    ctx: Context, roots: Path, tmp_path: Path
) -> None:
    (roots / "web/site.conf").chmod(0o640)
    target = tmp_path / "site.conf"
    assert cp.get_file(ctx, "shoal://web/site.conf", str(target)) == str(target)
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("listen 80\n", 0o640)
    target.write_text("old")
    target.chmod(0o600)
    cp.get_file(ctx, "salt://web/site.conf", str(target))
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("listen 80\n", 0o600)
    assert [each.name for each in tmp_path.iterdir()] == ["site.conf"], "nothing else is left there"


def test_folder_takes_a_file_under_its_own_name(ctx: Context, tmp_path: Path) -> None:
    assert cp.get_file(ctx, "shoal://web/site.conf", str(tmp_path)) == str(tmp_path / "site.conf")
    assert cp.get_file(ctx, "shoal://top.sls", f"{tmp_path}/new/", makedirs=True) == str(
        tmp_path / "new/top.sls"
    )


def test_file_that_is_not_served_is_nothing(ctx: Context, tmp_path: Path) -> None:
    assert cp.get_file(ctx, "shoal://nothing", str(tmp_path / "x")) == ""
    assert cp.hash_file(ctx, "shoal://nothing") == {}
    assert cp.get_file(ctx, "shoal://top.sls?saltenv=dev", str(tmp_path / "x")) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path", ["shoal://../../etc/shadow", "salt://a/../../../etc/shadow", "shoal://..\\x"]
)
def test_way_out_of_the_roots_is_refused(ctx: Context, tmp_path: Path, path: str) -> None:
    for function in (cp.get_file, cp.get_dir):
        with pytest.raises(ModuleError, match="bad file name"):
            function(ctx, path, str(tmp_path / "x"))
    with pytest.raises(ModuleError, match="bad file name"):
        cp.cache_file(ctx, path)


def test_target_that_is_no_plain_file_is_refused(ctx: Context, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("pipe", "link"):
        with pytest.raises(ModuleError, match="only a regular file"):
            cp.get_file(ctx, "shoal://top.sls", str(tmp_path / name))
    with pytest.raises(ModuleError, match="absolute"):
        cp.get_file(ctx, "shoal://top.sls", "relative")
    with pytest.raises(ModuleError, match="cannot be written"):
        cp.get_file(ctx, "shoal://top.sls", str(tmp_path / "no/folder"))


def test_old_content_stays_when_the_disk_is_full(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "site.conf"
    target.write_text("old")

    def full(_fd: int, _data: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placing.os, "write", full)
    with pytest.raises(ModuleError, match="No space left"):
        cp.get_file(ctx, "shoal://web/site.conf", str(target))
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_content_that_is_damaged_in_the_cache_is_not_put_in_place(
    ctx: Context, roots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = ctx.files.find
    tries = []

    def find_and_change(env: str, name: str) -> Any:
        found = find(env, name)
        tries.append(name)
        (roots / name).write_text("changed under our hands" * len(tries))
        return found

    monkeypatch.setattr(ctx.files, "find", find_and_change)
    with pytest.raises(ModuleError, match="changes on the master each time"):
        cp.get_file(ctx, "shoal://top.sls", str(tmp_path / "x"))
    assert len(tries) == 3
    assert list(tmp_path.iterdir()) == []
    assert (roots / "top.sls").exists(), "the operator's own file stays"


def test_folder_is_brought_with_all_below_it(ctx: Context, roots: Path, tmp_path: Path) -> None:
    (roots / "web/deep/er").mkdir(parents=True)
    (roots / "web/deep/er/file").write_text("x")
    (roots / "web/empty").mkdir()
    (roots / "website").mkdir()
    brought = cp.get_dir(ctx, "shoal://web", str(tmp_path))
    assert brought == [str(tmp_path / "web/deep/er/file"), str(tmp_path / "web/site.conf")]
    assert sorted(path.name for path in (tmp_path / "web").iterdir()) == ["deep", "empty", "site.conf"]


def test_lists_tell_files_folders_links_and_states(ask: Ask, roots: Path) -> None:
    (roots / "web/init.sls").write_text("")
    (roots / "near").symlink_to("top.sls")
    assert ask("cp.list_master") == ["near", "top.sls", "web/init.sls", "web/site.conf"]
    assert ask("cp.list_master prefix=web") == ["web/init.sls", "web/site.conf"]
    assert ask("cp.list_master_dirs") == ["web"]
    assert ask("cp.list_master_symlinks") == {"near": "top.sls"}
    assert ask("cp.list_states") == ["top", "web"]
    assert ask("cp.envs") == ["base"]
    assert ask("cp.get_file_str shoal://web/site.conf") == "listen 80\n"
    assert ask("cp.stat_file shoal://top.sls")["size"] == 9


def test_link_below_the_named_folder_leads_nowhere(ctx: Context, tmp_path: Path) -> None:
    """Attack list 36: who owns a folder below cannot make root write elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dest").mkdir()
    (tmp_path / "dest/web").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModuleError, match="cannot be"):
        cp.get_dir(ctx, "shoal://web", str(tmp_path / "dest"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_named_folder_may_be_a_link(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    cp.get_dir(ctx, "shoal://web", str(tmp_path / "link"))
    assert (tmp_path / "real/web/site.conf").read_text() == "listen 80\n"
