"""Folders made, copied, moved and removed; nothing outside of them touched."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from modules.context import Context
from modules.file import mounts
from modules.file.copying import copy, move, rename
from modules.file.folders import makedirs, makedirs_perms, mkdir, readdir, rmdir
from modules.file.mounts import mount_points
from modules.file.removing import remove
from shoal.errors import ArgumentError, ModuleError

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "sub/deep").mkdir(parents=True)
    (tree / "sub").chmod(0o2751)
    (tree / "file").write_text("one")
    (tree / "file").chmod(0o604)
    (tree / "sub/-rf\n").write_text("two")
    (tree / "sub/deep/link").symlink_to("/etc/passwd")
    (tree / "dangling").symlink_to("nowhere")
    return tree


def shape(top: Path) -> dict[str, str]:
    """Return what a test compares of a tree: mode, and content or where a link leads."""
    found = {}
    for path in sorted(top.rglob("*")):
        status = path.lstat()
        text = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else "/"
        found[str(path.relative_to(top))] = f"{status.st_mode:o} {status.st_uid} {text}"
    return found


def test_folders_are_made_with_their_mode(ctx: Context, tmp_path: Path) -> None:
    assert mkdir(ctx, f"{tmp_path}/a/b", mode="0750")
    assert {stat.S_IMODE((tmp_path / each).stat().st_mode) for each in ("a", "a/b")} == {0o750}
    assert mkdir(ctx, f"{tmp_path}/a/b", mode="0700")
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o750
    assert makedirs_perms(ctx, f"{tmp_path}/a/b", mode="0700") == []
    assert stat.S_IMODE((tmp_path / "a/b").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o750


def test_slash_at_the_end_says_which_folder_is_meant(ctx: Context, tmp_path: Path) -> None:
    assert makedirs(ctx, f"{tmp_path}/a/b/file") == [f"{tmp_path}/a", f"{tmp_path}/a/b"]
    assert makedirs(ctx, f"{tmp_path}/a/b/c/") == [f"{tmp_path}/a/b/c"]
    assert makedirs(ctx, f"{tmp_path}/a/b/c/") == []


@AS_ROOT
def test_folder_belongs_to_whom_was_asked(ctx: Context, tmp_path: Path) -> None:
    mkdir(ctx, f"{tmp_path}/a", user="12345", group="23456")
    status = (tmp_path / "a").stat()
    assert (status.st_uid, status.st_gid) == (12345, 23456)


def test_file_in_the_way_of_a_folder(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    for path in ("a", "a/b"):
        with pytest.raises(ModuleError, match="not a folder"):
            mkdir(ctx, f"{tmp_path}/{path}")
    with pytest.raises(ModuleError, match="is not available"):
        mkdir(ctx, f"{tmp_path}/b", user="nobody-of-this-name")
    assert not (tmp_path / "b").exists()


def test_names_in_a_folder(ctx: Context, tree: Path) -> None:
    assert readdir(ctx, str(tree)) == [".", "..", "dangling", "file", "sub"]
    with pytest.raises(ModuleError, match="Not a directory"):
        readdir(ctx, str(tree / "file"))


def test_only_an_empty_folder_is_removed_by_rmdir(ctx: Context, tree: Path) -> None:
    with pytest.raises(ModuleError, match="not empty"):
        rmdir(ctx, str(tree))
    (tree / "empty").mkdir()
    assert rmdir(ctx, str(tree / "empty"))
    assert not rmdir(ctx, str(tree / "empty"))


def test_removing_a_link_leaves_what_it_leads_to(ctx: Context, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("tree")
    assert remove(ctx, str(tmp_path / "link"))
    assert remove(ctx, str(tree / "dangling"))
    assert (tree / "file").read_text() == "one"
    assert not remove(ctx, str(tree / "dangling"))


def test_removing_a_tree_does_not_follow_links_out_of_it(ctx: Context, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/file").write_text("stays")
    (tree / "out").symlink_to(tmp_path / "outside")
    assert remove(ctx, str(tree))
    assert not tree.exists()
    assert (tmp_path / "outside/file").read_text() == "stays"


@pytest.mark.parametrize("path", ["/", "//", "/etc/..", "/./"])
def test_root_folder_is_never_removed(ctx: Context, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.rmtree", lambda _path: pytest.fail("it would have been removed"))
    with pytest.raises(ArgumentError):
        remove(ctx, path)


def test_tree_with_something_mounted_in_it_is_not_removed(
    ctx: Context, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    where = str(tree / "sub").replace("t", "\\164")
    table.write_text(
        f"22 1 0:21 / / rw - ext4 /dev/a rw\n36 35 98:0 / {where} rw master:1 - ext3 /dev/b rw\n"
    )
    monkeypatch.setattr(mounts, "MOUNTS", str(table))
    (tmp_path / "way").symlink_to(".")
    for path in (tree, tree / "sub", tmp_path / "way/tree"):
        with pytest.raises(ModuleError, match="mounted at"):
            remove(ctx, str(path))
    assert (tree / "sub/deep").is_dir()
    assert remove(ctx, str(tree / "sub/deep"))


def test_mount_points_of_this_box_are_read() -> None:
    assert Path("/") in mount_points(Path(mounts.MOUNTS).read_text())


@AS_ROOT
def test_copy_of_a_file_has_its_owner_and_mode(ctx: Context, tree: Path, tmp_path: Path) -> None:
    os.chown(tree / "file", 12345, 23456)
    (tmp_path / "copy").write_text("something longer that was there")
    assert copy(ctx, str(tree / "file"), str(tmp_path / "copy"))
    status = (tmp_path / "copy").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12345, 23456, 0o604)
    assert (tmp_path / "copy").read_text() == "one"


def test_copy_onto_itself_is_refused(ctx: Context, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("tree/file")
    with pytest.raises(ModuleError, match="same file"):
        copy(ctx, str(tree / "file"), str(tmp_path / "link"))
    assert (tree / "file").read_text() == "one"


def test_copy_of_a_tree(ctx: Context, tree: Path, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="recurse"):
        copy(ctx, str(tree), str(tmp_path / "copy"))
    with pytest.raises(ModuleError, match="recurse"):
        copy(ctx, str(tree / "file"), str(tree / "sub"), recurse=True)
    assert copy(ctx, str(tree), str(tmp_path / "copy"), recurse=True)
    assert shape(tmp_path / "copy") == shape(tree)


def test_tree_is_merged_or_takes_the_others_place(ctx: Context, tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "sub").mkdir(parents=True)
    (other / "sub/own").write_text("own")
    (other / "file").write_text("old")
    copy(ctx, str(tree), str(other), recurse=True)
    assert (other / "sub/own").read_text() == "own"
    assert (other / "file").read_text() == "one"
    copy(ctx, str(tree), str(other), recurse=True, remove_existing=True)
    assert shape(other) == shape(tree)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other", "tree"]


def test_merge_does_not_leave_the_tree_by_a_link(ctx: Context, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    for name, target in (("sub", "../outside"), ("file", "../outside/file")):
        other = tmp_path / f"other-{name}"
        other.mkdir()
        (other / name).symlink_to(target)
        with pytest.raises(ModuleError):
            copy(ctx, str(tree), str(other), recurse=True)
    assert list((tmp_path / "outside").iterdir()) == []


def test_tree_is_not_copied_into_itself(ctx: Context, tree: Path) -> None:
    before = shape(tree)
    for target in (tree / "sub/copy", tree):
        with pytest.raises(ModuleError, match="one in the other"):
            copy(ctx, str(tree), str(target), recurse=True)
    with pytest.raises(ModuleError, match="one in the other"):
        copy(ctx, str(tree / "sub"), str(tree), recurse=True, remove_existing=True)
    assert shape(tree) == before


def test_tree_with_a_fifo_is_refused_before_anything_is_copied(
    ctx: Context, tree: Path, tmp_path: Path
) -> None:
    os.mkfifo(tree / "sub/deep/pipe")
    for remove_existing in (False, True):
        with pytest.raises(ModuleError, match="type pipe"):
            copy(ctx, str(tree), str(tmp_path / "copy"), recurse=True, remove_existing=remove_existing)
    with pytest.raises(ModuleError, match="type pipe"):
        copy(ctx, str(tree / "sub/deep/pipe"), str(tmp_path / "copy"))
    assert [each.name for each in tmp_path.iterdir()] == ["tree"]


def test_move_and_rename(ctx: Context, tree: Path, tmp_path: Path) -> None:
    assert move(ctx, str(tree / "file"), str(tree / "sub")) == {
        "result": True,
        "comment": f"'{tree}/file' moved to '{tree}/sub/file'",
    }
    assert rename(ctx, str(tree / "dangling"), str(tree / "link"))
    assert (tree / "link").is_symlink()
    with pytest.raises(ModuleError, match=r"not empty|exists"):
        rename(ctx, str(tree / "sub/deep"), str(tree / "sub"))
    with pytest.raises(ModuleError, match="No such file"):
        move(ctx, str(tree / "none"), str(tmp_path / "x"))


def test_move_to_another_file_system(
    ctx: Context, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, before = Path.rename, shape(tree)

    def refuse(self: Path, target: Path) -> Path:
        if self.name in ("tree", "file", "link"):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    (tmp_path / "link").symlink_to("tree")
    with pytest.raises(ModuleError, match="different file systems"):
        move(ctx, str(tree), str(tmp_path / "new"), disallow_copy_and_unlink=True)
    with pytest.raises(ModuleError, match="different file systems"):
        rename(ctx, str(tree), str(tmp_path / "new"))
    move(ctx, str(tree), str(tmp_path / "new"))
    assert shape(tmp_path / "new") == before
    assert not tree.exists()
    move(ctx, str(tmp_path / "new/file"), str(tmp_path / "moved"))
    assert (tmp_path / "moved").read_text() == "one"
    assert not (tmp_path / "new/file").exists()
    move(ctx, str(tmp_path / "link"), str(tmp_path / "link2"))
    assert (tmp_path / "link2").readlink() == Path("tree")
