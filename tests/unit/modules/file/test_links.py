"""Symbolic and hard links."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from modules.context import Context
from modules.file.links import is_hardlink, is_link, link, readlink, symlink
from shoal.errors import ArgumentError, ModuleError


def test_link_is_made_once(ctx: Context, tmp_path: Path) -> None:
    path = str(tmp_path / "li\nnk")
    assert symlink(ctx, "-no such/../place", path)
    inode = os.lstat(path).st_ino
    assert symlink(ctx, "-no such/../place", path)
    assert os.lstat(path).st_ino == inode
    assert readlink(ctx, path) == "-no such/../place"
    assert readlink(ctx, path, canonicalize=True) == f"{tmp_path}/place"
    assert is_link(ctx, path)
    with pytest.raises(ArgumentError):
        symlink(ctx, "", path)


def test_other_link_or_file_gives_way_only_by_force(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "link"
    path.symlink_to("old")
    (tmp_path / "file").write_text("x")
    for place in (path, tmp_path / "file"):
        with pytest.raises(ModuleError, match="force=true"):
            symlink(ctx, "new", str(place))
        assert symlink(ctx, "new", str(place), force=True)
        assert readlink(ctx, str(place)) == "new"
    assert symlink(ctx, "newer", str(path), atomic=True)
    assert readlink(ctx, str(path)) == "newer"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "link"]


def test_folder_never_gives_way_to_a_link(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModuleError, match="type dir"):
        symlink(ctx, "new", str(tmp_path / "folder"), force=True)
    assert (tmp_path / "folder").is_dir()


def test_link_to_a_folder_is_replaced_not_entered(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "link").symlink_to("old")
    symlink(ctx, "new", str(tmp_path / "link"), force=True)
    assert list((tmp_path / "old").iterdir()) == []
    assert readlink(ctx, str(tmp_path / "link")) == "new"


def test_hard_links(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    assert not is_hardlink(ctx, str(tmp_path / "a"))
    for _ in range(2):
        assert link(ctx, str(tmp_path / "a"), str(tmp_path / "b"))
    assert (tmp_path / "a").stat().st_nlink == 2
    assert is_hardlink(ctx, str(tmp_path / "a"))
    (tmp_path / "c").touch()
    with pytest.raises(ModuleError, match="exists"):
        link(ctx, str(tmp_path / "a"), str(tmp_path / "c"))
    assert not is_hardlink(ctx, str(tmp_path / "none"))


def test_what_is_no_link_cannot_be_read_as_one(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="not a symbolic link"):
        readlink(ctx, str(tmp_path))
    with pytest.raises(ModuleError, match="No such file"):
        readlink(ctx, str(tmp_path / "none"))
    assert not is_link(ctx, str(tmp_path))


def test_link_that_cannot_be_replaced_stays(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to("old")

    def refuse(_old: str, _new: str, **_folders: int) -> None:
        assert readlink(ctx, str(tmp_path / "link")) == "old"
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(ModuleError, match="Read-only"):
        symlink(ctx, "new", str(tmp_path / "link"), atomic=True)
    assert [each.name for each in tmp_path.iterdir()] == ["link"]
    assert readlink(ctx, str(tmp_path / "link")) == "old"
