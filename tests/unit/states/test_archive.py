"""`archive.extracted`: real archives. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.unit.modules.namespaces import needs_root
from tests.unit.states.trial import Box, context, snapshot

WHY = ", due to absence of one or more files/dirs"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder that is served: site.tgz with one folder at its top, two.tgz with a file and a folder."""
    served, tree = tmp_path / "served", tmp_path / "tree"
    (tree / "site/sub").mkdir(parents=True)
    served.mkdir()
    (tree / "site/a.txt").write_text("a\n")
    (tree / "site/sub/b").write_text("b\n")
    (tree / "site/link").symlink_to("a.txt")
    for name, base, members in [("site", tree, ["site"]), ("two", tree / "site", ["a.txt", "sub"])]:
        subprocess.run(["tar", "czf", served / f"{name}.tgz", "-C", base, *members], check=True)
    return served


@pytest.fixture
def box(tmp_path: Path, source: Path) -> Box:
    (tmp_path / "box").mkdir()
    return Box(tmp_path / "box", context(source))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_archive_is_unpacked_and_removed_again(box: Box, source: Path) -> None:
    dest = str(box.folder / "new/out")
    site = str(source / "site.tgz")
    trial = box.run("archive.extracted", dest, test=True, source=site)
    assert trial.comment == f"Archive {site} would be extracted to {dest}/{WHY}"
    outcome = box.cycle("archive.extracted", dest, source=site)
    assert outcome.comment == f"{site} extracted to {dest}/{WHY}"
    assert outcome.changes["directories_created"] == [f"{dest}/"]
    assert sorted(outcome.changes["extracted_files"]) == [
        "site",
        "site/a.txt",
        "site/link",
        "site/sub",
        "site/sub/b",
    ]


def test_only_what_was_missing_is_removed_again(box: Box, source: Path) -> None:
    (box.folder / "site/sub").mkdir(parents=True)
    (box.folder / "site/mine").write_text("mine")
    box.cycle("archive.extracted", str(box.folder), source=str(source / "site.tgz"))


def test_archive_that_is_there_stays(box: Box, source: Path) -> None:
    box.run("archive.extracted", str(box.folder), source="shoal://site.tgz")
    before = snapshot(box.folder)
    outcome = box.run("archive.extracted", str(box.folder), source="salt://site.tgz")
    assert (outcome.result, outcome.changes) == (True, {})
    assert outcome.comment == "All files in archive are already present"
    assert snapshot(box.folder) == before


def test_hash_is_checked(box: Box, source: Path) -> None:
    right = hashlib.sha256((source / "site.tgz").read_bytes()).hexdigest()
    dest = str(box.folder / "out")
    wrong = box.run("archive.extracted", dest, source="shoal://site.tgz", source_hash=f"sha256={'0' * 64}")
    assert wrong.result is False
    assert wrong.comment == f"shoal://site.tgz does not match the desired source_hash {'0' * 64}"
    assert box.plan(
        "archive.extracted", dest, source="shoal://site.tgz", source_hash="0" * 64, skip_verify=True
    ).steps
    box.cycle("archive.extracted", dest, source="shoal://site.tgz", source_hash=f"sha256={right}")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"source": "/no/such.tgz"}, "Source file '/no/such.tgz' does not exist"),
    ({"source": ["shoal://none.tgz", "/no"]}, "Source file 'shoal://none.tgz' does not exist"),
    (
        {"source": "shoal://two.tgz"},
        "Archive does not have a single top-level directory. To allow this archive",
    ),
    ({"source": "https://example.com/a.tgz"}, "bring the archive by file.managed"),
    ({"source": "shoal://site.tgz", "options": "--to-command=sh"}, "option --to-command is not taken"),
    ({"source": "shoal://site.tgz", "force": True}, "no parameter is called 'force'"),
]


@pytest.mark.parametrize(("args", "comment"), WRONG)
def test_what_cannot_be_is_told_by_a_trial_too(box: Box, args: dict[str, Any], comment: str) -> None:
    for test in (True, False):
        outcome = box.run("archive.extracted", str(box.folder / "out"), test=test, **args)
        assert outcome.result is False
        assert comment in outcome.comment


def test_folder_must_be_absolute(box: Box) -> None:
    assert box.run("archive.extracted", "out", source="/x").comment == "out is not an absolute path"


def test_path_that_exists_keeps_it_from_running(box: Box) -> None:
    outcome = box.run("archive.extracted", "/srv/x", source="shoal://nope", if_missing=str(box.folder))
    assert (outcome.result, outcome.comment) == (True, f"Path {box.folder} exists")


def test_names_may_lose_folders(box: Box) -> None:
    args = {"source": "shoal://site.tgz", "enforce_toplevel": False}
    box.cycle("archive.extracted", str(box.folder), options="--strip-components=1 --exclude=*/sub", **args)
    box.run("archive.extracted", str(box.folder), options="xzf --strip 1", **args)
    assert names(box.folder) == ["a.txt", "link", "sub"]


def test_what_is_written_over_has_no_way_back(box: Box) -> None:
    args: dict[str, Any] = {"source": "shoal://site.tgz"}
    box.run("archive.extracted", str(box.folder), **args)
    (box.folder / "site/a.txt").write_text("changed")
    (step,) = box.plan("archive.extracted", str(box.folder), overwrite=True, **args).steps
    assert step.undo is None
    assert "is written over" in step.final
    outcome = box.run("archive.extracted", str(box.folder), overwrite=True, **args)
    assert outcome.comment == f"shoal://site.tgz extracted to {box.folder}/"
    assert (box.folder / "site/a.txt").read_text() == "a\n"


def test_clean_removes_what_the_archive_has_at_its_top(box: Box) -> None:
    (box.folder / "site").mkdir()
    (box.folder / "site/old").write_text("old")
    (box.folder / "mine").write_text("mine")
    outcome = box.run("archive.extracted", str(box.folder), source="shoal://site.tgz", clean=True)
    assert outcome.comment == (
        f"shoal://site.tgz extracted to {box.folder}/, after cleaning destination path(s){WHY}"
    )
    assert names(box.folder / "site") == ["a.txt", "link", "sub"]
    assert (box.folder / "mine").exists()


@needs_root
def test_files_belong_to_whom_they_should(box: Box) -> None:
    args = {"source": "shoal://site.tgz", "user": "nobody", "group": "daemon"}
    dest = str(box.folder / "out")
    assert box.cycle("archive.extracted", dest, **args).changes["updated ownership"] is True
    box.run("archive.extracted", dest, **args)
    os.chown(box.folder / "out/site/a.txt", 0, 0)
    os.chown(box.folder / "out/site/link", 0, 0, follow_symlinks=False)
    outcome = box.cycle("archive.extracted", dest, **args)
    assert outcome.changes == {"updated ownership": True}


def test_way_back_leaves_what_others_put_there(box: Box) -> None:
    box.run("archive.extracted", str(box.folder), source="shoal://site.tgz")
    (box.folder / "site/sub/theirs").write_text("theirs")
    box.undo()
    assert [path.name for path in (box.folder / "site").rglob("*")] == ["sub", "theirs"]


def test_way_back_goes_through_no_link(box: Box, tmp_path: Path) -> None:
    box.run("archive.extracted", str(box.folder), source="shoal://site.tgz")
    (tmp_path / "else").mkdir()
    (tmp_path / "else/b").write_text("b")
    (box.folder / "site/sub/b").unlink()
    (box.folder / "site/sub").rmdir()
    (box.folder / "site/sub").symlink_to(tmp_path / "else")
    box.undo()
    assert (tmp_path / "else/b").exists()
    assert not (box.folder / "site/a.txt").exists()
