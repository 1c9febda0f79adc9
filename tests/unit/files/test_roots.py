"""Served folders on a real file system: what is found, what is not, and what leads out (attack list 16)."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from shoal.errors import WireError
from shoal.files.roots import FileRoots, Rules, open_found


def roots(folder: Path, rules: Rules | None = None, **envs: list[str]) -> FileRoots:
    """Return roots below `folder`: base has `base`, unless `envs` says otherwise."""
    folders = {
        env: [folder / each for each in each_env] for env, each_env in (envs or {"base": ["base"]}).items()
    }
    return FileRoots(lambda: folders, rules or Rules())


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def names(found: FileRoots, env: str = "base", prefix: str = "") -> list[str]:
    return [each.name for each in found.walk(env, prefix)]


def test_file_is_found_in_the_first_root_that_has_it(tmp_path: Path) -> None:
    write(tmp_path / "one/a", "first")
    write(tmp_path / "two/a", "second!")
    write(tmp_path / "two/b")
    found = roots(tmp_path, base=["one", "two"])
    first = found.find("base", "a")
    assert first is not None
    assert (first.path, first.size) == (str(tmp_path / "one/a"), 5)
    assert found.find("base", "b") is not None
    assert found.find("base", "c") is None
    assert found.find("base", "") is None
    assert names(found) == ["a", "b"]


def test_environments_do_not_mix_and_an_unnamed_one_uses_the_folder_for_any(tmp_path: Path) -> None:
    write(tmp_path / "base/a")
    write(tmp_path / "any/dev/b")
    found = roots(tmp_path, base=["base"], __env__=["any/__env__"])
    assert found.envs() == ["base"]
    assert names(found, "dev") == ["b"]
    assert names(found, "other") == []
    assert found.find("base", "b") is None


def test_link_within_the_roots_is_followed_and_one_that_leads_out_is_not_there(tmp_path: Path) -> None:
    base = write(tmp_path / "base/real").parent
    write(tmp_path / "secret/key")
    (base / "near").symlink_to("real")
    (base / "out").symlink_to(tmp_path / "secret/key")
    (base / "folder").symlink_to(tmp_path / "secret")
    (base / "dangling").symlink_to("nowhere")
    found = roots(tmp_path)
    near = found.find("base", "near")
    assert near is not None
    assert near.path == str(base / "real")
    assert [found.find("base", name) for name in ("out", "folder/key", "dangling")] == [None] * 3
    assert names(found) == ["near", "real"]


def test_root_whose_name_begins_like_another_is_not_within_it(tmp_path: Path) -> None:
    base = write(tmp_path / "base/a").parent
    (base / "x").symlink_to(write(tmp_path / "base-private/key"))
    assert roots(tmp_path).find("base", "x") is None


def test_links_are_not_there_when_they_are_not_to_be_followed(tmp_path: Path) -> None:
    base = write(tmp_path / "base/folder/real").parent.parent
    (base / "near").symlink_to("folder/real")
    (base / "linked").symlink_to("folder")
    found = roots(tmp_path, Rules(follow_links=False))
    assert names(found) == ["folder", "folder/real"]
    assert found.find("base", "near") is None
    assert found.find("base", "linked/real") is None


def test_folders_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    base = write(tmp_path / "base/a/file").parent.parent
    (base / "a/up").symlink_to(base)
    assert "a/file" in names(roots(tmp_path))
    assert len(names(roots(tmp_path))) < 10


def test_what_is_no_regular_file_is_not_served_and_nobody_waits_for_it(tmp_path: Path) -> None:
    base = write(tmp_path / "base/a").parent
    os.mkfifo(base / "pipe")
    (base / "null").symlink_to("/dev/null")
    found = roots(tmp_path)
    assert found.find("base", "pipe") is None
    assert found.find("base", "null") is None
    assert names(found) == ["a"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../x", "a\\b"])
def test_way_out_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WireError):
        roots(tmp_path).find("base", name)
    with pytest.raises(WireError):
        roots(tmp_path).walk("base", name)


def test_ignored_names_are_not_there_nor_what_is_below_them(tmp_path: Path) -> None:
    for name in (".git/config", "a.swp", "keep/a", "keep/.svn/x", "build/out.o"):
        write(tmp_path / "base" / name)
    rules = Rules(
        ignore_globs=("*.swp", ".git"), ignore_regexes=(re.compile(r"(^|/)\.svn$"), re.compile("^build"))
    )
    found = roots(tmp_path, rules)
    assert names(found) == ["keep", "keep/a"]
    assert found.find("base", ".git/config") is None
    assert found.find("base", "build/out.o") is None
    assert found.find("base", "keep/a") is not None


def test_only_what_is_below_the_prefix_is_listed(tmp_path: Path) -> None:
    for name in ("a/1", "a/b/2", "ab/3"):
        write(tmp_path / "base" / name)
    assert names(roots(tmp_path), prefix="a") == ["a/1", "a/b", "a/b/2"]


def test_file_that_was_changed_since_it_was_found_is_not_opened(tmp_path: Path) -> None:
    path = write(tmp_path / "base/a", "old")
    found = roots(tmp_path).find("base", "a")
    assert found is not None
    os.close(open_found(found))
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(OSError):
        open_found(found)
    path.unlink()
    write(path, "new content")
    with pytest.raises(OSError, match="changed"):
        open_found(found)


def test_link_that_may_not_be_read_is_not_there_and_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `/proc/1/root` is for who may not trace that process."""
    write(tmp_path / "base/a")
    (tmp_path / "base/link").symlink_to("a")

    def readlink(path: object, **_: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "readlink", readlink)
    found = roots(tmp_path)
    assert found.find("base", "link") is None
    assert names(found) == ["a"]
