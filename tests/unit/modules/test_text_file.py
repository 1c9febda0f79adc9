"""Files of the system are replaced whole, keep owner and mode, and are left alone when nothing changes."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from modules.text_file import MAX_BYTES, edit_text, read_text
from shoal.errors import ModuleError
from tests.unit.modules.namespaces import inside, needs_root


def test_file_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert read_text(str(tmp_path / "none")) == ""


def test_changed_file_keeps_owner_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one\n")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    before = path.stat()
    assert edit_text(str(path), lambda text: text + "two\n") is True
    after = path.stat()
    assert path.read_text() == "one\ntwo\n"
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert after.st_ino != before.st_ino  # renamed over, not written into
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_file_that_stays_the_same_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("one\n")
    before = path.stat()
    assert edit_text(str(path), lambda text: text) is False
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_new_file_gets_its_folder_and_mode(tmp_path: Path) -> None:
    path = tmp_path / "new.d" / "file"
    assert edit_text(str(path), lambda _: "text\n", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("a")
    link.symlink_to("real")
    edit_text(str(link), lambda _: "b")
    assert link.is_symlink()
    assert real.read_text() == "b"


def test_bytes_that_are_not_utf8_and_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"caf\xe9\r\n")
    edit_text(str(path), lambda text: text + "more\n")
    assert path.read_bytes() == b"caf\xe9\r\nmore\n"


def test_too_large_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(ModuleError, match="is larger than"):
        read_text(str(path))


def test_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModuleError, match="cannot be written: No space left"):
        edit_text(str(path), lambda _: "new")
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@needs_root
def test_file_that_is_a_mount_is_filled_in_place(tmp_path: Path) -> None:
    mounted, behind = tmp_path / "hosts", tmp_path / "behind"
    mounted.write_text("")
    behind.write_text("a longer text\n")
    code = f"""
import subprocess
from modules.text_file import edit_text
subprocess.run(["mount", "--bind", {str(behind)!r}, {str(mounted)!r}], check=True)
answer = edit_text({str(mounted)!r}, lambda _: "short\\n")
"""
    assert inside("-m", code) is True
    assert behind.read_text() == "short\n"
    assert mounted.read_text() == ""
    assert len(list(tmp_path.iterdir())) == 2


def test_two_changes_do_not_undo_each_other(tmp_path: Path) -> None:
    import threading

    path = tmp_path / "file"
    inner: list[Any] = []

    def slow(text: str) -> str:
        other = threading.Thread(target=edit_text, args=(str(path), lambda text: text + "b"))
        other.start()
        inner.append(other)
        return text + "a"

    edit_text(str(path), slow)
    inner[0].join()
    assert path.read_text() == "ab"
