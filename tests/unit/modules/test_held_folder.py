"""A write goes where it was meant to go, whatever somebody makes of the path: attacks by who owns a part of it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modules import held_folder
from modules.atomic_file import put, replace_by
from modules.context import Context
from modules.file.content import write_all
from modules.file.copying import copy
from modules.file.folders import makedirs_perms, mkdir
from modules.file.modes import set_mode
from modules.file.owners import chown
from modules.file.replacing import replace
from modules.file.writing import append, prepend, touch, truncate, write
from modules.held_folder import entered, entered_below
from modules.text_file import edit_text
from shoal.errors import ModuleError
from tests.unit.modules.ssh_home import GID, UID, as_root

Write = Callable[[Context, str], object]
WRITES: dict[str, Write] = {
    "write": lambda ctx, path: write(ctx, path, "evil"),
    "append": lambda ctx, path: append(ctx, path, "evil"),
    "prepend": lambda ctx, path: prepend(ctx, path, "evil"),
    "replace": lambda ctx, path: replace(ctx, path, "roots", "evil"),
    "truncate": lambda ctx, path: truncate(ctx, path, 0),
    "touch": lambda ctx, path: touch(ctx, path, mtime=5),
    "chown": lambda ctx, path: chown(ctx, path, str(UID)),
    "set_mode": lambda ctx, path: set_mode(ctx, path, "0666"),
    "mkdir": lambda ctx, path: mkdir(ctx, f"{path}/below", user=str(UID)),
    "copy": lambda ctx, path: copy(ctx, "/proc/version", path),
    "edit_text": lambda ctx, path: edit_text(path, lambda _: "evil"),
}


REFUSED = "is not followed: user|is not a folder$|No such file or directory$"


@pytest.fixture(autouse=True)
def _no_descriptor_stays_open() -> Iterator[None]:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208  only how many
    yield
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A folder of root's with one file in it."""
    path = tmp_path / "victim"
    path.mkdir()
    (path / "file").write_text("roots own\n")
    os.utime(path / "file", (1000, 1000))
    return path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of somebody else's."""
    path = tmp_path / "home"
    path.mkdir()
    os.chown(path, UID, GID)
    return path


def strangers_link(path: Path, leads_to: Path | str) -> Path:
    path.symlink_to(leads_to)
    os.chown(path, UID, GID, follow_symlinks=False)
    return path


def must_be_unharmed(victim: Path) -> None:
    assert [each.name for each in victim.iterdir()] == ["file"]
    assert (victim / "file").read_text() == "roots own\n"
    found = (victim / "file").stat()
    assert (found.st_mtime, found.st_uid, stat.S_IMODE(found.st_mode)) == (1000, os.geteuid(), 0o644)


@as_root
@pytest.mark.parametrize("name", WRITES)
def test_root_is_not_led_out_of_a_home_by_a_link(ctx: Context, home: Path, victim: Path, name: str) -> None:
    strangers_link(home / "file", victim / "file")
    strangers_link(home / "folder", victim)
    strangers_link(home / "new", victim / "new")
    strangers_link(home / "up", "../victim")
    for path in ("file", "folder/file", "folder/new", "new", "up/file", "up/../victim/file"):
        with pytest.raises(ModuleError, match=REFUSED) as caught:
            WRITES[name](ctx, str(home / path))
        assert "\n" not in str(caught.value)
    must_be_unharmed(victim)


@as_root
def test_chain_of_links_is_judged_at_each_links_end(home: Path, victim: Path, tmp_path: Path) -> None:
    (tmp_path / "roots").symlink_to(victim)
    (tmp_path / "roots-home").symlink_to(home)
    strangers_link(home / "by-roots", tmp_path / "roots")
    strangers_link(home / "by-own", "by-roots")
    strangers_link(tmp_path / "round", tmp_path / "roots-home/by-own/../victim")
    for path in (home / "by-roots/file", home / "by-own/file", tmp_path / "round/file"):
        with pytest.raises(ModuleError, match="is not followed"), entered(path):
            pass


@as_root
def test_link_to_what_is_its_owners_own_is_followed(ctx: Context, home: Path) -> None:
    for name in ("dotfiles", "dotfiles/v1"):
        (home / name).mkdir()
        os.chown(home / name, UID, GID)
    (home / "dotfiles/v1/roots").mkdir()
    (home / "dotfiles/profile").write_text("old\n")
    strangers_link(home / ".profile", "dotfiles/profile")
    strangers_link(home / "current", home / "dotfiles/v1")
    append(ctx, str(home / ".profile"), "new")
    assert (home / "dotfiles/profile").read_text() == "old\nnew\n"
    for _ in range(2):  # the file is root's the second time
        write(ctx, str(home / "current/conf"), "text")
        write(ctx, str(home / "current/roots/conf"), "text")
    assert (home / "dotfiles/v1/conf").read_text() == "text\n"
    assert (home / ".profile").is_symlink()


@as_root
def test_link_of_somebodys_in_a_folder_for_everybody_is_not_followed(tmp_path: Path, home: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    with (
        pytest.raises(ModuleError, match="in a folder for everybody"),
        entered(strangers_link(shared / "link", home / "file")),
    ):
        pass
    (shared / "ours").symlink_to(home)
    with entered(shared / "ours" / "file") as (_, path):
        assert path == home / "file"


@as_root
def test_folder_that_becomes_a_link_while_root_writes(ctx: Context, home: Path, victim: Path) -> None:
    (home / "conf").mkdir()
    os.chown(home / "conf", UID, GID)

    def swap(fd: int) -> None:
        (home / "conf").rename(home / "was")
        strangers_link(home / "conf", victim)
        write_all(fd, b"new")

    with entered(home / "conf" / "file") as (folder, path):
        replace_by(folder, path, swap)
    must_be_unharmed(victim)
    assert (home / "was/file").read_text() == "new"
    assert [each.name for each in (home / "was").iterdir()] == ["file"]


@as_root
def test_folder_that_becomes_a_link_just_before_it_is_entered(
    home: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "conf").mkdir()
    real = os.open

    def swap(name: str | Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if name == "conf" and (home / "conf").is_dir() and not (home / "conf").is_symlink():
            (home / "conf").rmdir()
            strangers_link(home / "conf", victim)
        return real(name, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(ModuleError, match="is not followed"), entered(home / "conf" / "file"):
        pass
    must_be_unharmed(victim)


@as_root
def test_folder_that_root_makes_and_that_becomes_a_link_before_it_changes_hands(
    ctx: Context, home: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def swap(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(name, mode, dir_fd=dir_fd)
        (home / "new").rmdir()
        strangers_link(home / "new", victim)

    monkeypatch.setattr(os, "mkdir", swap)
    with pytest.raises(ModuleError, match="is not followed"):
        mkdir(ctx, str(home / "new"), user=str(UID), mode="0777")
    assert (victim.stat().st_uid, stat.S_IMODE(victim.stat().st_mode)) == (0, 0o755)


@as_root
def test_folder_that_somebody_puts_in_the_place_of_a_new_one_is_not_given_away(
    ctx: Context, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = home / "theirs"
    theirs.mkdir(0o700)
    os.chown(theirs, UID, GID)
    real = os.mkdir

    def swap(name: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real(name, mode, dir_fd=dir_fd)
        (home / "new").rmdir()
        theirs.rename(home / "new")

    monkeypatch.setattr(os, "mkdir", swap)
    mkdir(ctx, str(home / "new"), user="12345", mode="0777")
    found = (home / "new").stat()
    assert (found.st_uid, stat.S_IMODE(found.st_mode)) == (UID, 0o700)


@as_root
def test_owner_and_mode_of_a_folder_and_of_the_topmost_are_set(ctx: Context, home: Path) -> None:
    assert makedirs_perms(ctx, str(home / "a/b"), user="12345", mode="0750") == [
        str(home / "a"),
        str(home / "a/b"),
    ]
    assert makedirs_perms(ctx, str(home / "a/b/../b"), user="12346", mode="0700") == []
    assert ((home / "a/b").stat().st_uid, (home / "a").stat().st_uid) == (12346, 12345)
    assert set_mode(ctx, "/", f"{stat.S_IMODE(Path('/').stat().st_mode):o}").startswith("0")


def test_target_that_becomes_a_link_while_root_writes(tmp_path: Path, victim: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "x").write_text("old")

    def swap(fd: int) -> None:
        (place / "x").unlink()
        (place / "x").symlink_to(victim / "file")
        write_all(fd, b"new")

    with entered(place / "x") as (folder, path), pytest.raises(ModuleError, match="of type link"):
        replace_by(folder, path, swap)
    must_be_unharmed(victim)
    assert [each.name for each in place.iterdir()] == ["x"]


def test_target_that_becomes_a_link_at_the_last_moment_is_replaced_itself(
    tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    real = os.rename

    def swap(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        (place / "x").symlink_to(victim / "file")
        real(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", swap)
    with entered(place / "x") as (folder, path):
        put(folder, path, b"new")
    must_be_unharmed(victim)
    assert not (place / "x").is_symlink()
    assert (place / "x").read_text() == "new"


@as_root
def test_below_a_folder_no_link_is_followed_at_all(home: Path, victim: Path) -> None:
    (home / "ours").symlink_to(victim)  # not even root's
    with pytest.raises(NotADirectoryError), entered_below(home, ["a", "..", "ours"]):
        pass
    with entered_below(home, ["a", "b"]):
        assert (home / "a/b").is_dir()


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("a/b/x", "a/b/x"),
        ("a//./b/../b/x", "a/b/x"),
        ("to-b/x", "a/b/x"),
        ("to-b/../x", "a/x"),
        ("absolute/b/x", "a/b/x"),
        ("to-x", "a/b/x"),
        ("to-to-x", "a/b/x"),
        ("dangling", "a/none"),
        ("up/a/x", "a/x"),
        ("to-b", "a/b"),
        ("to-fifo", "a/fifo"),
    ],
)
def test_way_ends_where_the_kernels_would(tmp_path: Path, path: str, end: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    os.mkfifo(tmp_path / "a/fifo")
    links = {"to-b": "a/b", "absolute": str(tmp_path / "a"), "to-x": "to-b/x", "to-to-x": "./a/../to-x"}
    links |= {"dangling": "a/none", "up": f"a/b/../../../{tmp_path.name}", "to-fifo": "a//fifo"}
    for name, leads_to in links.items():
        (tmp_path / name).symlink_to(leads_to)
    with entered(tmp_path / path) as (folder, found):
        assert found == tmp_path / end == Path(os.path.realpath(tmp_path / path))
        assert os.path.samestat(os.fstat(folder), (tmp_path / end).parent.stat())


def test_way_that_does_not_end_at_a_name(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").touch()
    (tmp_path / "self").symlink_to(".")
    (tmp_path / "root").symlink_to("/")
    for path, number in (
        ("loop", errno.ELOOP),
        ("loop/x", errno.ELOOP),
        ("none/x", errno.ENOENT),
        ("file/x", errno.ENOTDIR),
        ("self", errno.EISDIR),
        ("root", errno.EISDIR),
        ("..", errno.EISDIR),
    ):
        with pytest.raises(OSError, match=r".") as caught, entered(tmp_path / path):
            pass
        assert caught.value.errno == number, path


def test_missing_folders_are_made_when_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real").mkdir()
    with entered(tmp_path / "link/a/b/x", makedirs=True) as (_, path):
        assert path == tmp_path / "real/a/b/x"
        assert path.parent.is_dir()


def test_lock_held_by_a_stranger_does_not_stop_us(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_folder, "_PATIENCE_S", 0.0)
    with entered_below(tmp_path):
        write(ctx, str(tmp_path / "x"), "new")
    assert (tmp_path / "x").read_text() == "new\n"
