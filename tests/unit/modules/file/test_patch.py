"""`file.patch` with the system's patch."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules import shell
from modules.context import Context
from modules.file.backups import list_backups
from modules.file.patching import patch
from shoal.errors import ArgumentError, ModuleError, UnavailableError

NEEDED = pytest.mark.skipif(not shell.which("patch"), reason="no program patch here")
DIFF = "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
TWO = DIFF + "--- a/y\n+++ b/y\n@@ -1 +1 @@\n-what is not there\n+y\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "-d $(id)"
    folder.mkdir()
    (folder / "x").write_bytes(b"one\ntwo\nthree\n\xff\n")
    (folder / "y").write_text("y\n")
    (tmp_path / "diff").write_text(DIFF)
    return folder / "x"


@NEEDED
def test_file_is_patched_and_the_old_one_kept(ctx: Context, path: Path, tmp_path: Path) -> None:
    path.chmod(0o640)
    assert patch(ctx, str(path), str(tmp_path / "diff"), dry_run=True).value["retcode"] == 0
    assert path.read_bytes() == b"one\ntwo\nthree\n\xff\n"
    done = patch(ctx, str(path), str(tmp_path / "diff"))
    assert (done.retcode, sorted(done.value)) == (0, ["pid", "retcode", "stderr", "stdout"])
    assert path.read_bytes() == b"one\n2\nthree\n\xff\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert len(list_backups(ctx, str(path))) == 1
    assert patch(ctx, str(path), str(tmp_path / "diff"), options="-R").retcode == 0
    assert path.read_bytes() == b"one\ntwo\nthree\n\xff\n"


@NEEDED
def test_patch_that_is_applied_already_changes_nothing(ctx: Context, path: Path, tmp_path: Path) -> None:
    patch(ctx, str(path), str(tmp_path / "diff"))
    before = path.stat()
    assert patch(ctx, str(path), str(tmp_path / "diff")).retcode == 1
    assert path.stat() == before
    assert sorted(each.name for each in path.parent.iterdir()) == ["x", "y"]


@NEEDED
def test_folder_is_patched_as_a_whole_or_not_at_all(ctx: Context, path: Path, tmp_path: Path) -> None:
    folder = str(path.parent)
    (tmp_path / "two").write_text(TWO)
    assert patch(ctx, folder, str(tmp_path / "two"), options="-p1").retcode == 1
    assert path.read_bytes() == b"one\ntwo\nthree\n\xff\n"
    assert sorted(each.name for each in path.parent.iterdir()) == ["x", "y"]
    assert patch(ctx, folder, str(tmp_path / "diff"), options="-p1", dry_run=True).retcode == 0
    assert path.read_bytes() == b"one\ntwo\nthree\n\xff\n"
    assert patch(ctx, folder, str(tmp_path / "diff"), options="-p1").retcode == 0
    assert path.read_bytes() == b"one\n2\nthree\n\xff\n"


@NEEDED
def test_patch_for_a_file_outside_of_the_folder_is_not_applied(
    ctx: Context, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").write_text("one\ntwo\nthree\n")
    (tmp_path / "diff").write_text(DIFF.replace("a/x", "../outside").replace("b/x", "../outside"))
    assert patch(ctx, str(path.parent), str(tmp_path / "diff"), options="-p0").retcode != 0
    assert (tmp_path / "outside").read_text() == "one\ntwo\nthree\n"


def test_what_is_no_unified_difference_is_not_given_to_patch(
    ctx: Context, path: Path, tmp_path: Path
) -> None:
    (tmp_path / "diff").write_text("1d\n!touch pwned\n.\nw\nq\n")
    with pytest.raises((ModuleError, UnavailableError), match=r"unified|available"):
        patch(ctx, str(path), str(tmp_path / "diff"))


@pytest.mark.parametrize("options", ["-o/etc/x", "--output=/etc/x", "-p1 -d /", "/etc/passwd", "-b", "-p"])
def test_other_options_are_refused(ctx: Context, path: Path, tmp_path: Path, options: str) -> None:
    with pytest.raises(ArgumentError, match="option"):
        patch(ctx, str(path), str(tmp_path / "diff"), options=options)


def test_no_patch_on_the_box(
    ctx: Context, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "which", lambda _name: "")
    with pytest.raises(UnavailableError, match=r"file.patch is not available here"):
        patch(ctx, str(path), str(tmp_path / "diff"))
