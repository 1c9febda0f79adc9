"""Whether another user could have put a file where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shoal.errors import ConfigError
from shoal.ownership import check_left, doubt
from shoal.paths import Paths

STRANGER = 12345
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "folder/file"
    made.parent.mkdir()
    made.touch()
    return made


def test_file_of_our_own_is_no_doubt(file: Path) -> None:
    assert doubt(file) == ""
    assert doubt(file.parent / "not-there") == ""


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_anybody_may_write_to_is_one(file: Path, what: str) -> None:
    each = file if what == "file" else file.parent
    each.chmod(0o777)
    assert doubt(file) == f"anybody may write to {each}. Run: chmod o-w {each}"


@needs_root
@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_belongs_to_somebody_else_is_one(file: Path, what: str) -> None:
    each = file if what == "file" else file.parent
    os.chown(each, STRANGER, -1)
    assert doubt(file) == f"{each} belongs to user {STRANGER}. Run: chown 0 {each}"


def test_file_behind_a_link_is_looked_at_with_its_folder(file: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(file)
    assert doubt(tmp_path / "link") == ""
    file.parent.chmod(0o777)
    assert "anybody may write to" in doubt(tmp_path / "link")


def test_link_in_a_circle_is_borne(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert doubt(tmp_path / "loop") == ""


@needs_root
def test_what_somebody_else_left_in_a_folder_is_found(file: Path, tmp_path: Path) -> None:
    (file.parent / "link").symlink_to("/etc/shadow")
    os.lchown(file.parent / "link", STRANGER, -1)
    check_left(tmp_path, deep=False)
    with pytest.raises(ConfigError, match=r"link belongs to user 12345"):
        check_left(tmp_path, deep=True)
    with pytest.raises(ConfigError, match=r"link belongs to user 12345"):
        check_left(file.parent, deep=False)


@needs_root
def test_private_folder_that_was_open_is_searched_to_the_bottom(tmp_path: Path) -> None:
    paths = Paths.for_minion(str(tmp_path), environ={})
    paths.prepare()
    left = paths.cache_dir / "files/parts/left"
    left.parent.mkdir(parents=True)
    left.touch()
    os.chown(left, STRANGER, -1)
    paths.prepare()
    paths.cache_dir.chmod(0o755)  # others could look, and put nothing there
    paths.prepare()
    paths.cache_dir.chmod(0o770)
    with pytest.raises(ConfigError, match=r"left belongs to user 12345"):
        paths.prepare()
