"""git works in real repositories, as the user that was asked for."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.git.config import config_get, config_set
from modules.git.history import archive, describe, diff, merge_base, rev_parse
from modules.git.refs import branch, current_branch, list_branches, list_tags, tag
from modules.git.remotes import changes, fetch, ls_remote, pull, remote_get, remote_set, remotes
from modules.git.repository import (
    add,
    checkout,
    clone,
    commit,
    init,
    parse_status,
    reset,
    status,
    submodule,
    version,
)
from modules.git.run import GitOptions
from modules.git.worktrees import is_worktree, worktree_add, worktree_rm
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
LOCAL = GitOptions(local=True)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, with a name for commits."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".gitconfig").write_text(
        "[user]\nname = Tess\nemail = tess@example.com\n[init]\ndefaultBranch = main\n"
    )
    monkeypatch.setattr("modules.git.run.own_home", lambda: str(folder))
    return folder


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What each test's `origin` is a copy of; the first one makes it."""
    return tmp_path_factory.mktemp("pattern") / "origin"


@pytest.fixture
def origin(ctx: Context, pattern: Path, tmp_path: Path) -> str:
    """A repository with two commits and a tag on the first."""
    if not pattern.exists():
        init(ctx, str(pattern))
        for text in ("one", "two"):
            (pattern / "file").write_text(f"{text}\n")
            add(ctx, str(pattern), "file")
            commit(ctx, str(pattern), f"Write {text}")
            if text == "one":
                tag(ctx, str(pattern), "v1", message="Version 1")
    return str(shutil.copytree(pattern, tmp_path / "origin", symlinks=True))


@pytest.fixture
def work(ctx: Context, origin: str, tmp_path: Path) -> str:
    """A clone of it."""
    assert clone(ctx, str(tmp_path), origin, name="work") is True
    return str(tmp_path / "work")


def change(ctx: Context, origin: str, text: str) -> str:
    Path(origin, "file").write_text(text)
    commit(ctx, origin, f"Write {text}", opts="--all")
    return rev_parse(ctx, origin)


def test_status_tells_what_differs(ctx: Context, work: str) -> None:
    assert status(ctx, work) == {}
    Path(work, "file").write_text("other\n")
    Path(work, "new äö").write_text("x")
    Path(work, "-odd").write_text("x")
    assert status(ctx, work) == {"modified": ["file"], "untracked": ["-odd", "new äö"]}
    assert add(ctx, work, "new äö") == "add 'new äö'"
    add(ctx, work, "-odd")
    assert status(ctx, work) == {"modified": ["file"], "new": ["-odd", "new äö"]}
    Path(work, "file").unlink()
    assert status(ctx, work)["deleted"] == ["file"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        (" M a\0M  b\0MM c\0", {"modified": ["a", "b", "c"]}),
        ("R  new\0old\0?? x\0", {"renamed": ["new"], "untracked": ["x"]}),
        ("UU a\0AA b\0DU c\0DD d\0", {"unmerged": ["a", "b", "c", "d"]}),
        ("A  a b\n\0AM z\0 D d\0", {"new": ["a b\n", "z"], "deleted": ["d"]}),
    ],
)
def test_status_output_is_taken_apart(text: str, expected: dict[str, Any]) -> None:
    assert parse_status(text) == expected


def test_commit_takes_one_file_or_what_was_added(ctx: Context, work: str) -> None:
    Path(work, "file").write_text("a\n")
    Path(work, "second").write_text("b\n")
    add(ctx, work, ".")
    said = commit(ctx, work, "-n odd message\n\nwith more", filename="file")
    assert "-n odd message" in said
    assert status(ctx, work) == {"new": ["second"]}
    with pytest.raises(ArgumentError, match="no message"):
        commit(ctx, work, "  ")
    commit(ctx, work, "Rest", opts='--author="A B <a@b.c>"')
    with pytest.raises(CommandError, match=r"git commit in .*: .*nothing to commit"):
        commit(ctx, work, "Nothing")


def test_fetch_tells_what_changed(ctx: Context, origin: str, work: str) -> None:
    old = rev_parse(ctx, work)
    assert fetch(ctx, work, options=LOCAL) == {}
    new = change(ctx, origin, "three\n")
    tag(ctx, origin, "v3")
    branch(ctx, origin, "feature", opts="v1")
    assert fetch(ctx, work, "origin", options=LOCAL) == {
        "updated branches": {"origin/main": {"old": old, "new": new}},
        "new branches": ["origin/feature"],
        "new tags": ["v3"],
    }
    branch(ctx, origin, "feature", opts="-D")
    assert fetch(ctx, work, opts="--prune", options=LOCAL) == {"deleted branches": ["origin/feature"]}
    assert fetch(ctx, work, refspecs=["+refs/heads/main:refs/remotes/other/main"], options=LOCAL) == {
        "new branches": ["other/main"]
    }


def test_changes_of_refs_are_sorted_by_kind() -> None:
    before = {"refs/heads/a": "1", "refs/tags/t": "1", "refs/tags/gone": "2"}
    after = {"refs/heads/a": "1", "refs/tags/t": "3", "refs/remotes/origin/b": "4"}
    assert changes(before, after) == {
        "updated tags": {"t": {"old": "1", "new": "3"}},
        "deleted tags": ["gone"],
        "new branches": ["origin/b"],
    }


def test_pull_and_reset_move_the_branch(ctx: Context, origin: str, work: str) -> None:
    new = change(ctx, origin, "three\n")
    assert "Fast-forward" in pull(ctx, work, opts="--ff-only origin main", options=LOCAL)
    assert rev_parse(ctx, work) == new
    assert "HEAD is now at" in reset(ctx, work, opts="--hard v1")
    assert Path(work, "file").read_text() == "one\n"
    with pytest.raises(ArgumentError, match="two revisions"):
        reset(ctx, work, opts="--hard v1 v2")


def test_checkout_goes_to_branch_tag_and_commit(ctx: Context, work: str) -> None:
    assert current_branch(ctx, work) == "main"
    checkout(ctx, work, "v1")
    assert current_branch(ctx, work) == "HEAD"
    assert "Switched to a new branch 'topic'" in checkout(ctx, work, opts="-b topic origin/main")
    assert current_branch(ctx, work) == "topic"
    Path(work, "file").write_text("mine\n")
    with pytest.raises(CommandError, match="git checkout in"):
        checkout(ctx, work, "v1")
    checkout(ctx, work, "v1", force=True)
    with pytest.raises(CommandError, match="git checkout in"):
        checkout(ctx, work, "file")  # a path is no revision: it must not be overwritten
    with pytest.raises(ArgumentError, match="give the revision"):
        checkout(ctx, work)


def test_branches_and_tags(ctx: Context, work: str) -> None:
    assert list_branches(ctx, work) == ["main"]
    assert list_branches(ctx, work, remote=True) == ["origin/main"]
    branch(ctx, work, "topic/a", opts="v1")
    assert list_branches(ctx, work) == ["main", "topic/a"]
    branch(ctx, work, "topic/a", opts="-d")
    assert list_branches(ctx, work) == ["main"]
    tag(ctx, work, "v2", ref="main")
    assert list_tags(ctx, work) == ["v1", "v2"]
    with pytest.raises(CommandError, match="already exists"):
        tag(ctx, work, "v2")
    assert "Deleted tag 'v2'" in tag(ctx, work, "v2", opts="-d")


def test_revisions(ctx: Context, work: str) -> None:
    first = rev_parse(ctx, work, "v1^{commit}")
    assert len(first) == 40
    assert first.startswith(rev_parse(ctx, work, "HEAD~1", short=True))
    assert describe(ctx, work, "v1") == "v1"
    assert describe(ctx, work).startswith("v1-1-g")
    assert merge_base(ctx, work, ["v1", "HEAD"]) == first
    assert merge_base(ctx, work, ["v1", "HEAD"], is_ancestor=True) is True
    assert merge_base(ctx, work, ["HEAD", "v1"], is_ancestor=True) is False
    with pytest.raises(CommandError, match="Needed a single revision"):
        rev_parse(ctx, work, "never")


def test_diff_shows_the_change(ctx: Context, work: str) -> None:
    assert "-one\n+two" in diff(ctx, work, "v1", "HEAD")
    assert diff(ctx, work, "v1", "HEAD", ["other"]) == ""
    assert diff(ctx, work, "v1", opts="--name-status") == "M\tfile"


def test_archive_is_of_the_revision(ctx: Context, work: str, tmp_path: Path) -> None:
    assert archive(ctx, work, str(tmp_path / "a.tar"), rev="v1") is True
    with tarfile.open(tmp_path / "a.tar") as packed:
        assert [each.name for each in packed.getmembers() if each.isfile()] == ["work/file"]
    archive(ctx, work, str(tmp_path / "b.tar"), prefix="")
    with tarfile.open(tmp_path / "b.tar") as packed:
        assert packed.getnames() == ["file"]
    with pytest.raises(ArgumentError, match="a prefix"):
        archive(ctx, work, str(tmp_path / "c.tar"), prefix="../")


def test_remotes_are_set_and_shown(ctx: Context, origin: str, work: str) -> None:
    assert remotes(ctx, work) == {"origin": {"fetch": origin, "push": origin}}
    assert remote_set(ctx, work, "https://u:p@h.example/x.git", "more", "ssh://git:pw@h.example/x") == {
        "fetch": "https://******@h.example/x.git",
        "push": "ssh://git:******@h.example/x",
    }
    assert remote_get(ctx, work, "more", redact_auth=False)["fetch"] == "https://u:p@h.example/x.git"
    assert remote_set(ctx, work, "host:path", "origin")["fetch"] == "host:path"
    assert config_get(ctx, "remote.more.url", work) == "https://******@h.example/x.git"
    with pytest.raises(ModuleError, match="has no remote 'none'"):
        remote_get(ctx, work, "none")


def test_remotes_refs_are_listed(ctx: Context, origin: str, work: str) -> None:
    head = rev_parse(ctx, origin)
    assert ls_remote(ctx, work, ref="main", options=LOCAL) == {"refs/heads/main": head}
    assert set(ls_remote(ctx, remote=origin, opts="--tags")) == {"refs/tags/v1", "refs/tags/v1^{}"}
    with pytest.raises(ArgumentError, match="give the repository"):
        ls_remote(ctx)


def test_settings_are_set_and_read(ctx: Context, work: str, home: Path) -> None:
    assert config_get(ctx, "no.such", work) is None
    assert config_set(ctx, "user.email", "-x@example.com", cwd=work) == ["-x@example.com"]
    assert config_set(ctx, "a.b.c", multivar=["1", "two\nlines"], cwd=work) == ["1", "two\nlines"]
    assert config_get(ctx, "a.b.c", work) == "two\nlines"
    assert config_get(ctx, "a.b.c", work, all_=True) == ["1", "two\nlines"]
    config_set(ctx, "x.y", "z", global_=True)
    assert "y = z" in (home / ".gitconfig").read_text()
    for arguments in ({"key": "x.y"}, {"key": "x", "cwd": work}, {"key": "--list.x", "cwd": work}):
        with pytest.raises(ArgumentError):
            config_get(ctx, **arguments)


def test_worktree_is_made_and_removed(ctx: Context, work: str, tmp_path: Path) -> None:
    path = str(tmp_path / "next")
    worktree_add(ctx, work, path, ref="v1", reset_branch="old")
    assert (is_worktree(ctx, path), is_worktree(ctx, work), is_worktree(ctx, str(tmp_path))) == (
        True,
        False,
        False,
    )
    assert current_branch(ctx, path) == "old"
    Path(path, "unsaved").write_text("x")
    assert worktree_rm(ctx, path) is True
    assert not Path(path).exists()
    with pytest.raises(ModuleError, match="was not removed"):
        worktree_rm(ctx, work)
    assert Path(work, "file").exists()


def test_submodule_from_a_path_needs_a_word(ctx: Context, origin: str, work: str) -> None:
    argv = ["git", "-c", "protocol.file.allow=always", "submodule", "add", "-q", origin, "sub"]
    subprocess.run(argv, cwd=work, check=True)
    shutil.rmtree(Path(work, "sub"))
    shutil.rmtree(Path(work, ".git", "modules"))
    with pytest.raises(CommandError, match=r"transport 'file' not allowed|give local=true|Failed to clone"):
        submodule(ctx, work, "update", init=True)
    submodule(ctx, work, "update", init=True, opts="--recursive", options=LOCAL)
    assert Path(work, "sub", "file").read_text() == "two\n"
    assert "sub" in submodule(ctx, work, "status")


def test_path_as_a_remote_needs_a_word_unless_it_is_given_itself(
    ctx: Context, origin: str, work: str
) -> None:
    with pytest.raises(CommandError, match="'file' not allowed; give local=true"):
        fetch(ctx, work)
    assert ls_remote(ctx, remote=f"file://{origin}")


def test_another_users_repository_is_not_touched_as_root(ctx: Context, work: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    subprocess.run(["chown", "-R", "nobody", work], check=True)
    with pytest.raises(CommandError, match="belongs to another user; give user="):
        status(ctx, work)
    assert status(ctx, work, GitOptions(trust=True)) == {}


@needs_root
def test_user_works_with_its_own_rights(ctx: Context, origin: str, tmp_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(folder.stat().st_mode | 0o011)
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", nobody.pw_uid, nobody.pw_gid)
    options = GitOptions(user="nobody")
    target = str(tmp_path / "theirs" / "repo")
    init(ctx, target, options=options)
    assert Path(target, ".git").stat().st_uid == nobody.pw_uid
    assert status(ctx, target, options) == {}
    with pytest.raises(CommandError, match="Permission denied"):
        init(ctx, str(tmp_path / "ours"), options=options)


def test_ssh_gets_the_key_and_never_asks(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, seen = tmp_path / "bin" / "ssh", tmp_path / "seen"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nfor word; do printf "%s\\n" "$word"; done >> {seen}\nexit 255\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {tmp_path}/inherited")
    key = tmp_path / "key; touch pwned $(touch pwned) 'x"
    key.write_text("")
    with pytest.raises(CommandError, match="git ls-remote in /"):
        ls_remote(ctx, remote="git@host.example:site.git", options=GitOptions(identity=str(key)))
    words = seen.read_text().splitlines()
    assert words[words.index("-i") + 1] == str(key)
    assert {"BatchMode=yes", "IdentitiesOnly=yes", "git@host.example"} <= set(words)
    assert not list(tmp_path.rglob("pwned"))
    assert not (tmp_path / "inherited").exists()
    with pytest.raises(ModuleError, match="identity /no/key: there is no such file"):
        ls_remote(ctx, remote="git@host.example:site.git", options=GitOptions(identity="/no/key"))


def test_inherited_settings_have_no_say(ctx: Context, work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    assert status(ctx, work) == {}


def test_box_without_git_is_told(
    ctx: Context, work: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="no program git"):
        status(ctx, work)


def test_server_that_does_not_answer_is_given_up(ctx: Context) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://user:geheim@127.0.0.1:{server.getsockname()[1]}/x.git"
        with pytest.raises(CommandError, match="Timed out") as late:
            ls_remote(ctx, remote=url, options=GitOptions(timeout=0.3))
    assert "geheim" not in str(late.value)


def test_version_is_a_text_or_numbers(ctx: Context) -> None:
    text = version(ctx)
    assert isinstance(text, str)
    assert version(ctx, versioninfo=True) == [int(part) for part in text.split(".") if part.isdigit()]


def test_words_of_a_command_line_arrive(ask: Callable[[str], Any], work: str) -> None:
    assert ask(f"git.revision {work} short=true") == ask(f"git.rev_parse {work} HEAD true")
    assert ask(f"git.config_get user.name {work} global=true") == "Tess"
