"""Old contents: kept privately, listed, restored, deleted, and not for ever."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from modules.context import Context
from modules.file import backup_store
from modules.file.backups import delete_backup, list_backups, restore_backup
from modules.file.replacing import replace
from shoal.errors import ModuleError


@pytest.fixture
def path(ctx: Context, tmp_path: Path) -> Path:
    """A file that was 1, 2 and 3 before."""
    path = tmp_path / "a\nsecret"
    path.write_text("1")
    path.chmod(0o640)
    for number in (2, 3, 4):
        replace(ctx, str(path), r"\d", str(number))
    return path


def kept(ctx: Context, path: Path) -> list[str]:
    return [Path(each["Location"]).read_text() for each in list_backups(ctx, str(path)).values()]


def test_newest_comes_first(ctx: Context, path: Path) -> None:
    assert kept(ctx, path) == ["3", "2", "1"]
    first = list_backups(ctx, str(path), limit=1)
    assert list(first) == ["0"]
    assert first["0"]["Size"] == 1
    assert first["0"]["Backup Time"].endswith(" UTC")


def test_what_is_kept_is_as_private_as_it_can_be(ctx: Context, path: Path, cache: Path) -> None:
    store = Path(list_backups(ctx, str(path))["0"]["Location"])
    assert store.is_relative_to(cache / "file_backup")
    assert stat.S_IMODE(store.stat().st_mode) == 0o640
    for folder in (store.parent, store.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (store.parent / "path").read_text() == f"{path}\n"


def test_restored_by_number_or_name(ctx: Context, path: Path) -> None:
    name = Path(list_backups(ctx, str(path))["2"]["Location"]).name
    assert restore_backup(ctx, str(path), "1")["result"] is True
    assert path.read_text() == "2"
    assert kept(ctx, path) == ["4", "3", "2", "1"]
    restore_backup(ctx, str(path), name)
    assert path.read_text() == "1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_file_that_has_gone_comes_back_with_its_mode(ctx: Context, path: Path) -> None:
    path.unlink()
    restore_backup(ctx, str(path), "0")
    assert path.read_text() == "3"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_deleted_backup_is_gone(ctx: Context, path: Path) -> None:
    assert delete_backup(ctx, str(path), "1")["result"] is True
    assert kept(ctx, path) == ["3", "1"]


@pytest.mark.parametrize("number", ["3", "-1", "", "../path", "path"])
def test_backup_that_is_not_there(ctx: Context, path: Path, number: str) -> None:
    for call in (restore_backup, delete_backup):
        with pytest.raises(ModuleError, match="no backup"):
            call(ctx, str(path), number)
    assert path.read_text() == "4"


def test_link_and_target_have_the_same_backups(ctx: Context, path: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(path.name)
    assert kept(ctx, tmp_path / "link") == ["3", "2", "1"]
    restore_backup(ctx, str(tmp_path / "link"), "0")
    assert (tmp_path / "link").is_symlink()
    assert path.read_text() == "3"


def test_old_ones_go_when_there_are_too_many(
    ctx: Context, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_store, "MAX_KEPT", 3)
    restore_backup(ctx, str(path), "2")  # which is the one that has to go
    assert path.read_text() == "1"
    assert kept(ctx, path) == ["4", "3", "2"]


def test_old_ones_go_when_they_are_too_large(
    ctx: Context, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_store, "MAX_KEPT_BYTES", 2)
    replace(ctx, str(path), r"\d", "long")
    assert kept(ctx, path) == ["4", "3"]
    replace(ctx, str(path), "long", "5")
    assert kept(ctx, path) == ["long"]


def test_clock_that_went_back_does_not_mix_the_order(ctx: Context, path: Path) -> None:
    newest = Path(list_backups(ctx, str(path))["0"]["Location"])
    newest.rename(newest.with_name("29991231T235959.999999Z"))
    replace(ctx, str(path), r"\d", "5")
    assert kept(ctx, path) == ["4", "3", "2", "1"]


def test_failing_store_leaves_the_file_as_it_was(ctx: Context, path: Path, cache: Path) -> None:
    (cache / "file_backup").rename(cache / "away")
    (cache / "file_backup").write_text("no folder")
    with pytest.raises(ModuleError):
        replace(ctx, str(path), r"\d", "5")
    assert path.read_text() == "4"
