"""Status, owners, modes and names."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.file.facts import (
    StatsOptions,
    access,
    directory_exists,
    file_exists,
    lstat,
    path_exists_glob,
    stats,
    statvfs,
)
from modules.file.modes import get_mode, set_mode
from modules.file.names import basename, dirname, join, normpath
from modules.file.owners import chgrp, chown, get_gid, get_group, get_uid, get_user, lchown
from shoal.errors import ArgumentError, ModuleError

Ask = Callable[[str], Any]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("12345")
    path.chmod(0o4751)
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("none")
    return path


def test_stats(ctx: Context, path: Path, ask: Ask) -> None:
    status = path.stat()
    found = stats(ctx, str(path))
    assert found == {
        "inode": status.st_ino,
        "uid": status.st_uid,
        "gid": status.st_gid,
        "user": path.owner(),
        "group": path.group(),
        "atime": status.st_atime,
        "mtime": status.st_mtime,
        "ctime": status.st_ctime,
        "size": 5,
        "mode": "4751",
        "type": "file",
        "target": str(path),
    }
    assert len(ask(f"file.stats {path} hash_type=md5")["sum"]) == 32


def test_link_is_followed_or_not(ctx: Context, path: Path) -> None:
    link = path.with_name("link")
    followed = stats(ctx, str(link))
    assert (followed["type"], followed["target"], followed["size"]) == ("file", str(path), 5)
    found = stats(ctx, str(link), StatsOptions(follow_symlinks=False))
    assert (found["type"], found["target"], found["size"]) == ("link", "file", 4)
    whole = lstat(ctx, str(link))
    assert found.items() - {("atime", found["atime"])} <= whole.items()
    assert whole["st_ino"] == link.lstat().st_ino
    assert lstat(ctx, str(path.with_name("dangling")))["target"] == "none"
    with pytest.raises(ModuleError, match="No such file"):
        stats(ctx, str(path.with_name("dangling")))
    assert lstat(ctx, str(path.with_name("none"))) == {}


def test_types(ctx: Context, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        found = [
            stats(ctx, str(each))["type"]
            for each in (tmp_path, tmp_path / "pipe", tmp_path / "s", "/dev/null")
        ]
    assert found == ["dir", "pipe", "socket", "char"]


def test_existence(ctx: Context, path: Path) -> None:
    folder = path.parent
    assert [file_exists(ctx, str(each)) for each in (path, folder / "link", folder, folder / "dangling")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert directory_exists(ctx, str(folder))
    assert not directory_exists(ctx, str(path))
    assert path_exists_glob(ctx, f"{folder}/d*g")
    assert not path_exists_glob(ctx, f"{folder}/z*")
    assert not file_exists(ctx, "/" + "x" * 300)
    assert access(ctx, str(path), "f")
    assert not access(ctx, str(folder / "dangling"), "f")
    path.chmod(0o600)
    assert not access(ctx, str(path), "x")


def test_file_system(ctx: Context, path: Path) -> None:
    assert statvfs(ctx, str(path))["f_blocks"] == os.statvfs(path).f_blocks
    with pytest.raises(ModuleError):
        statvfs(ctx, str(path) + "none")


def test_mode(ctx: Context, path: Path, ask: Ask) -> None:
    assert get_mode(ctx, str(path)) == "4751"
    assert ask(f"file.chmod {path.with_name('link')} 0640") == "0640"
    assert path.stat().st_mode & 0o7777 == 0o640
    assert get_mode(ctx, str(path.with_name("link")), follow_symlinks=False) == "0777"
    for mode in ("", "8", "u+x", "10000", "-1", "0644 ", "\u0667"):
        with pytest.raises(ArgumentError, match="octal"):
            set_mode(ctx, str(path), mode)
    with pytest.raises(ModuleError, match="No such file"):
        set_mode(ctx, str(path) + "none", "0644")


@AS_ROOT
def test_owner(ctx: Context, path: Path) -> None:
    link = path.with_name("link")
    assert chown(ctx, str(link), "54321", "65432")
    assert (get_uid(ctx, str(path)), get_gid(ctx, str(path))) == (54321, 65432)
    assert (get_user(ctx, str(path)), get_group(ctx, str(path))) == ("54321", "65432")
    assert get_uid(ctx, str(link), follow_symlinks=False) == 0
    assert lchown(ctx, str(link), "54322")
    assert (link.lstat().st_uid, link.lstat().st_gid, path.stat().st_uid) == (54322, 0, 54321)
    assert chgrp(ctx, str(path), "root")
    assert (get_uid(ctx, str(path)), get_group(ctx, str(path))) == (54321, "root")


def test_owner_that_there_is_not(ctx: Context, path: Path) -> None:
    for user in ("nobody-of-this-name", "-1", "4294967295", "1\n", "$(id)"):
        with pytest.raises(ModuleError, match="no user"):
            chown(ctx, str(path), user)
        with pytest.raises(ModuleError, match="no group"):
            chgrp(ctx, str(path), user)


def test_names(ctx: Context) -> None:
    assert basename(ctx, "/a/b\n") == "b\n"
    assert dirname(ctx, "/a/b") == "/a"
    assert join(ctx, "/a", "b", "c") == "/a/b/c"
    assert join(ctx) == ""
    assert normpath(ctx, "/a/./b/../c") == "/a/c"
