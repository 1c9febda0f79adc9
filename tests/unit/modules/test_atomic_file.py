"""A file gets all of its new content or stays as it was, keeps what belongs to it, and leaves nothing beside it."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from modules import atomic_file, likeness
from modules.atomic_file import ChangedError, beside, new_file, put, put_link
from modules.context import Context
from modules.file.content import snapshot
from modules.file.writing import write
from modules.held_folder import entered_below


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_temporary_file_is_private_until_it_is_complete(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("old\n")
    (tmp_path / "secret").chmod(0o600)
    seen: list[int] = []
    real = atomic_file.write_all

    def look(fd: int, data: bytes) -> None:
        real(fd, data)
        seen.append(stat.S_IMODE(os.fstat(fd).st_mode))

    monkeypatch.setattr(atomic_file, "write_all", look)
    write(ctx, str(tmp_path / "secret"), "new")
    write(ctx, str(tmp_path / "public"), "new")
    assert seen == [0o600, 0o600]


def test_change_by_somebody_else_meanwhile_is_found(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("one")
    old = snapshot(path)
    path.write_text("other")
    with entered_below(tmp_path) as folder, pytest.raises(ChangedError):
        put(folder, path, b"mine", expected=old.version)
    assert path.read_text() == "other"
    assert names(tmp_path) == ["x"]


def test_file_that_must_change_hands_loses_its_set_user_bits(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_text("old\n")
    path.chmod(0o6755)
    others = os.stat_result((*path.stat()[:4], 54321, 54321, *path.stat()[6:]))

    def refuse(_fd: int, _uid: int, _gid: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchown", refuse)
    with path.open("r+b") as file:
        likeness.make_alike(file.fileno(), -1, others)
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_file_that_appears_meanwhile_is_found(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("theirs")
    with entered_below(tmp_path) as folder, pytest.raises(ChangedError):
        put(folder, tmp_path / "x", b"mine", expected=None)
    assert (tmp_path / "x").read_text() == "theirs"


@pytest.mark.parametrize("kind", ["link", "file", "hard link"])
def test_temporary_name_that_somebody_has_taken_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "victim").write_text("roots own")
    planted = tmp_path / f".x.{b'guessed!'.hex()}.shoal-tmp"
    if kind == "link":
        planted.symlink_to("victim")
    elif kind == "file":
        planted.write_text("theirs")
    else:
        os.link(tmp_path / "victim", planted)
    monkeypatch.setattr(os, "urandom", lambda _bytes: b"guessed!")
    with entered_below(tmp_path) as folder, pytest.raises(FileExistsError):
        put(folder, tmp_path / "x", b"secret")
    assert (tmp_path / "victim").read_text() == "roots own"
    assert not (tmp_path / "x").exists()


def test_other_name_of_the_file_keeps_content_owner_and_mode(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    (tmp_path / "x").chmod(0o640)
    os.link(tmp_path / "x", tmp_path / "other")
    with entered_below(tmp_path) as folder:
        put(folder, tmp_path / "x", b"new")
    assert (tmp_path / "other").read_text() == "old"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640
    assert (tmp_path / "other").stat().st_nlink == 1


def test_block_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")

    def spoil() -> None:
        with entered_below(tmp_path) as folder, beside(folder, "x") as fresh, new_file(folder, fresh):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spoil()
    assert names(tmp_path) == ["x"]
    assert (tmp_path / "x").read_text() == "old"


def test_longest_name_has_room_for_a_temporary_one(tmp_path: Path) -> None:
    name = "ü" * 127
    with entered_below(tmp_path) as folder:
        put(folder, tmp_path / name, b"new")
    assert names(tmp_path) == [name]


def test_link_takes_the_place_of_a_file_but_not_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    (tmp_path / "folder").mkdir()
    with entered_below(tmp_path) as folder:
        put_link(folder, "x", "folder")
        with pytest.raises(IsADirectoryError):
            put_link(folder, "folder", "x")
    assert (tmp_path / "x").readlink() == Path("folder")
    assert names(tmp_path) == ["folder", "x"]
