"""Where the file states answer otherwise than Salt, on purpose; docs/salt-differences.md has the reasons."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.unit.states.conftest import Run


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "f"
    path.write_text("a\nport=80\n")
    return path


def test_argument_that_nobody_knows_is_refused(run: Run, path: Path) -> None:
    found = run("file.managed", path, contents="x", sorce="salt://x")
    assert found.result is False
    assert "did you mean 'source'?" in found.comment
    assert path.read_text() == "a\nport=80\n"


def test_missing_newline_is_told(run: Run, path: Path) -> None:
    path.write_text("a")
    diff = run("file.managed", path, contents="a").changes["diff"]
    assert diff.endswith("-a\n\\ No newline at end of file\n+a\n")


def test_mode_that_is_none_is_refused_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    found = run("file.managed", tmp_path / "new", contents="a", mode=999)
    assert (found.result, "octal" in found.comment) == (False, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("location", ["start", "end"])
def test_line_that_is_there_is_not_inserted_again(run: Run, path: Path, location: str) -> None:
    wanted: dict[str, Any] = {"content": "new", "mode": "insert", "location": location}
    assert run("file.line", path, **wanted).changes
    assert not run("file.line", path, **wanted).changes
    assert path.read_text().count("new\n") == 1


def test_line_quietly_leaves_out_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    found = run("file.line", tmp_path / "no", content="x", mode="insert", location="end", quiet=True)
    assert (found.result, found.changes) == (True, {})


def test_nothing_to_append_is_an_error_and_not_the_word_none(run: Run, path: Path) -> None:
    assert run("file.append", path).comment == "text, source or sources: one must be given"


def test_replacing_that_never_comes_to_rest_is_told(run: Run, path: Path) -> None:
    found = run("file.replace", path, pattern="a", repl="aa")
    assert found.result is False
    assert "another look still finds" in found.comment


def test_markers_that_are_not_as_they_should_be_are_told(run: Run, path: Path) -> None:
    found = run("file.blockreplace", path, content="x")
    assert found.comment.startswith("Encountered error managing block: ")
    assert "does not have the markers" in found.comment


def test_no_copy_is_left_beside_an_edited_file(run: Run, path: Path) -> None:
    run("file.replace", path, pattern="80", repl="90")
    assert not path.with_name("f.bak").exists()
    run("file.replace", path, pattern="90", repl="91", backup=".bak")
    assert path.with_name("f.bak").read_text() == "a\nport=90\n"


def test_folder_gives_way_to_a_link_when_forced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    found = run("file.symlink", tmp_path / "d", target="elsewhere", force=True)
    assert found.result is True
    assert os.readlink(tmp_path / "d") == "elsewhere"  # noqa: PTH115
    assert found.changes["forced"] == "Symlink was forcibly replaced"


def test_backup_name_is_in_the_same_folder(run: Run, tmp_path: Path, path: Path) -> None:
    assert run("file.directory", path, backupname="f.old").result is True
    assert (tmp_path / "f.old").read_text() == "a\nport=80\n"
    assert run("file.symlink", tmp_path / "f.old", target="x", backupname="f").result is False  # it is taken


def test_test_run_of_a_copy_tells_the_change(run: Run, tmp_path: Path, path: Path) -> None:
    found = run("file.copy", tmp_path / "g", test=True, source=str(path))
    assert (found.result, dict(found.changes)) == (None, {str(tmp_path / "g"): str(path)})


def test_forced_copy_of_the_same_is_no_change(run: Run, tmp_path: Path, path: Path) -> None:
    assert run("file.copy", tmp_path / "g", source=str(path), force=True).changes
    found = run("file.copy", tmp_path / "g", source=str(path), force=True)
    assert (found.result, found.changes) == (True, {})


def test_times_that_are_right_are_no_change(run: Run, path: Path) -> None:
    assert run("file.touch", path, mtime=1000).changes
    assert run("file.touch", path, mtime=1000).comment == f"File {path} exists and has the correct times"


def test_touch_tells_in_a_test_run_that_it_would(run: Run, path: Path) -> None:
    assert run("file.touch", path, test=True).result is None


def test_pillar_that_is_missing_is_no_empty_file(run: Run, tmp_path: Path) -> None:
    found = run("file.serialize", tmp_path / "new", dataset_pillar="no:such")
    assert (found.result, found.comment) == (False, "Pillar no:such does not exist")


def test_hidden_keyvalue_changes_are_still_changes(run: Run, path: Path) -> None:
    found = run("file.keyvalue", path, key="port", value="1", show_changes=False)
    assert found.changes == {"diff": "<show_changes=False>"}


def test_cached_file_of_the_master_is_there_by_being_looked_at(run: Run, served: Path) -> None:
    (served / "a").write_text("x")
    assert run("file.cached", "salt://a", test=True).result is True
    assert "does not serve it" in run("file.cached", "salt://b", test=True).comment


def test_clean_leaves_the_folder_of_what_it_spares(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    for name in ("a", "e/keep", "e/b"):
        (tmp_path / "d" / name).touch()
    run("file.directory", tmp_path / "d", clean=True, exclude_pat="E@keep$")
    assert sorted(str(each.relative_to(tmp_path / "d")) for each in (tmp_path / "d").rglob("*")) == [
        "e",
        "e/keep",
    ]


def test_clean_leaves_what_states_before_it_manage(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d/e").mkdir(parents=True)
    (tmp_path / "d/other").touch()
    run("file.managed", tmp_path / "d/e/mine", contents="x")
    run("file.symlink", tmp_path / "d/link", target="x")
    run("file.append", tmp_path / "d/e/lines", text="x")
    found = run("file.directory", tmp_path / "d", clean=True)
    assert found.changes["removed"] == [str(tmp_path / "d/other")]
    assert sorted(os.listdir(tmp_path / "d/e")) == ["lines", "mine"]  # noqa: PTH208
