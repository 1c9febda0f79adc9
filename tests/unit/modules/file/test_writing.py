"""Writes: all or nothing, through links, with what belongs to the file kept."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from modules import held_folder
from modules.context import Context
from modules.file import edit, writing
from modules.file.content import MAX_EDIT_BYTES
from modules.file.replacing import ReplaceOptions, replace
from modules.file.writing import append, prepend, touch, truncate, write
from shoal.errors import ArgumentError, ModuleError

HOSTILE = ["a\nb", "-rf", "$(touch pwned)", "; reboot", "ü €", "*", "name with 'quotes\"", "%s%n", "..."]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_name_is_only_a_name(ctx: Context, tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    said = write(ctx, path, "one", "two")
    assert "\n" not in said
    append(ctx, path, "three")
    prepend(ctx, path, "zero")
    assert Path(path).read_text() == "zero\none\ntwo\nthree\n"
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("path", ["relative", "", "a\0b", "./x", "~nobody-of-this-name/x", "/a\ud800"])
def test_path_that_is_none_is_refused(ctx: Context, path: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        write(ctx, path, "x")
    assert "\n" not in str(caught.value)


def test_home_is_expanded(ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(ctx, "~/x", "there")
    assert (tmp_path / "x").read_text() == "there\n"


def test_lines_may_come_as_a_list_but_not_both_ways(ctx: Context, tmp_path: Path) -> None:
    assert write(ctx, str(tmp_path / "x"), args=["a", "b\n"]) == f'Wrote 2 lines to "{tmp_path}/x"'
    assert (tmp_path / "x").read_text() == "a\nb\n"
    with pytest.raises(ArgumentError):
        write(ctx, str(tmp_path / "x"), "a", args=["b"])


def test_new_file_has_the_mode_of_the_umask(ctx: Context, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        write(ctx, str(tmp_path / "x"), "a")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_owner_mode_and_attributes_are_kept(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    if os.geteuid() == 0:
        os.chown(path, 12345, 23456)
    path.chmod(0o2750)
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError as error:
        assert error.errno == errno.ENOTSUP
        pytest.skip("no extended attributes here")
    before = path.stat()
    append(ctx, str(path), "new")
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert os.getxattr(path, "user.note") == b"kept"
    assert after.st_ino != before.st_ino


def test_write_through_a_link_keeps_the_link(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/real").write_text("old\n")
    (tmp_path / "etc/middle").symlink_to("real")
    (tmp_path / "link").symlink_to("etc/middle")
    append(ctx, str(tmp_path / "link"), "new")
    assert (tmp_path / "link").readlink() == Path("etc/middle")
    assert (tmp_path / "etc/middle").is_symlink()
    assert (tmp_path / "etc/real").read_text() == "old\nnew\n"
    assert names(tmp_path / "etc") == ["middle", "real"]


def test_write_through_a_dangling_link_makes_its_target(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("later")
    write(ctx, str(tmp_path / "link"), "x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "later").read_text() == "x\n"


def test_links_in_a_circle_are_explained(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    for call in (write, append):
        with pytest.raises(ModuleError, match="circle"):
            call(ctx, str(tmp_path / "a"), "x")
    assert (tmp_path / "a").is_symlink()


def test_fifo_socket_and_folder_are_refused_at_once(ctx: Context, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, kind in (("pipe", "pipe"), ("folder", "dir")):
        for call in (write, append, prepend):
            with pytest.raises(ModuleError, match=f"type {kind}"):
                call(ctx, str(tmp_path / name), "x")
        with pytest.raises(ModuleError, match=f"type {kind}"):
            truncate(ctx, str(tmp_path / name), 0)
    with pytest.raises(ModuleError, match="type char"):
        write(ctx, "/dev/null", "x")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_missing_folder_is_an_error_of_one_line(ctx: Context, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="No such file") as caught:
        write(ctx, str(tmp_path / "no\nfolder/x"), "x")
    assert "\n" not in str(caught.value)


def test_full_disk_leaves_the_old_content_and_nothing_else(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("old\n")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for call in (write, append):
        with pytest.raises(ModuleError, match="No space left"):
            call(ctx, str(tmp_path / "x"), "new")
    assert (tmp_path / "x").read_text() == "old\n"
    assert names(tmp_path) == ["x"]


def test_edit_starts_afresh_after_a_change_by_somebody_else(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("one\n")
    others = ["two\n"]

    def change(text: str) -> str:
        if others:
            with path.open("a") as file:
                file.write(others.pop())
        return text + "three\n"

    edit.edit(ctx, path, change)
    assert path.read_text() == "one\ntwo\nthree\n"


def test_file_that_never_rests_is_given_up(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("")

    def change(text: str) -> str:
        with path.open("a") as file:
            file.write("theirs\n")
        return text + "mine\n"

    with pytest.raises(ModuleError, match="somebody else"):
        edit.edit(ctx, path, change)
    assert "mine" not in path.read_text()


APPENDER = """
import sys
from pathlib import Path
sys.path[:0] = [{root!r}]
from modules.file.edit import edit
for number in range(15):
    edit(None, Path({path!r}), lambda text: text + f"{{sys.argv[1]}} {{number}}\\n")
"""


def test_writers_at_once_lose_no_line(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("first\n")
    root = str(Path(held_folder.__file__).parents[1])
    code = APPENDER.format(root=root, path=str(path))
    writers = [subprocess.Popen([sys.executable, "-c", code, str(number)]) for number in range(4)]
    sizes = [0]
    while any(writer.poll() is None for writer in writers):
        text = path.read_text()
        assert text.startswith("first\n")
        assert text.endswith("\n")
        assert len(text) >= sizes[-1]
        sizes.append(len(text))
    assert [writer.wait() for writer in writers] == [0] * 4
    lines = path.read_text().splitlines()
    assert sorted(lines) == sorted(["first", *(f"{who} {n}" for who in range(4) for n in range(15))])


def test_append_ends_an_unfinished_line_and_speaks_the_files_newlines(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a\r\nb")
    append(ctx, str(path), "c")
    prepend(ctx, str(path), "0")
    assert path.read_bytes() == b"0\r\na\r\nb\r\nc\r\n"


def test_content_that_is_not_utf8_survives_an_edit(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    every = bytes(range(256))
    path.write_bytes(every + b"\nword\n")
    append(ctx, str(path), "é")
    assert replace(ctx, str(path), "word", "other") == (
        "--- old\n+++ new\n@@ -1,4 +1,4 @@\n"
        + "".join(f" {line}\n" for line in (every.decode("utf-8", "backslashreplace").split("\n")))
        + "-word\n+other\n é\n"
    )
    assert path.read_bytes() == every + b"\nother\n" + "é\n".encode()


def test_huge_file_is_not_taken_into_memory(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, 50 * 2**30)
    with pytest.raises(ModuleError, match=str(MAX_EDIT_BYTES)):
        prepend(ctx, str(path), "x")
    with pytest.raises(ModuleError, match=str(MAX_EDIT_BYTES)):
        replace(ctx, str(path), "x", "y", ReplaceOptions(dry_run=True))
    inode = path.stat().st_ino
    append(ctx, str(path), "last")
    assert (path.stat().st_ino, path.stat().st_size) == (inode, 50 * 2**30 + 6)
    assert truncate(ctx, str(path), 3)
    assert path.read_bytes() == b"\0\0\0"


def test_append_in_place_tells_of_a_full_disk(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").write_text("a\n")
    monkeypatch.setattr(writing, "MAX_EDIT_BYTES", 0)
    monkeypatch.setattr(os, "write", lambda _fd, _data: 1)
    with pytest.raises(ModuleError, match="No space left"):
        append(ctx, str(tmp_path / "x"), "bbb")


def test_touch_makes_a_file_and_sets_times(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert touch(ctx, str(path), mtime=1000)
    assert path.stat().st_mtime == 1000
    before = path.stat().st_atime
    assert touch(ctx, str(path), atime=5)
    assert (path.stat().st_atime, path.stat().st_mtime) == (5, 1000)
    assert touch(ctx, str(path))
    assert path.stat().st_mtime >= before
    with pytest.raises(ArgumentError):
        touch(ctx, str(path), mtime=1e300)
    os.mkfifo(tmp_path / "pipe")
    assert touch(ctx, str(tmp_path / "pipe"))  # no waiting for a reader
    with pytest.raises(ArgumentError):
        truncate(ctx, str(path), -1)


def test_hard_link_elsewhere_keeps_the_old_content(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old\n")
    os.link(tmp_path / "x", tmp_path / "y")
    append(ctx, str(tmp_path / "x"), "new")
    assert (tmp_path / "y").read_text() == "old\n"
