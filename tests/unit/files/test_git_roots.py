"""Branches and tags of real git repositories as environments."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from master.fileserver.git import GitRoots
from shoal.files.roots import FileRoots, Rules

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


class Repository:
    """A repository that the test writes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "core.hooksPath=/dev/null")
        subprocess.run(["git", *who, *words], cwd=self.folder, check=True, capture_output=True)

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "x")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.commit(top="one")
    return made


def roots(tmp_path: Path, *urls: str, base: str = "main") -> GitRoots:
    return GitRoots(urls, tmp_path / "cache", base)


def read(git: GitRoots, env: str, name: str) -> str | None:
    found = FileRoots(git.folders, Rules()).find(env, name)
    return None if found is None else Path(found.path).read_text()


def test_base_branch_is_base_and_others_are_environments(tmp_path: Path, repository: Repository) -> None:
    repository.git("tag", "v1")
    repository.git("checkout", "--quiet", "-b", "feature/x")
    repository.commit(top="two", more="x")
    git = roots(tmp_path, repository.url)
    assert git.folders() == {}
    assert git.update() == {}
    assert sorted(git.folders()) == ["base", "feature/x", "v1"]
    assert [read(git, env, "top") for env in ("base", "feature/x", "v1")] == ["one", "two", "one"]
    assert read(git, "base", "more") is None


def test_new_commits_branches_and_deletions_are_taken_over(tmp_path: Path, repository: Repository) -> None:
    repository.git("branch", "old")
    git = roots(tmp_path, repository.url)
    git.update()
    repository.commit(top="two")
    repository.git("branch", "-D", "old")
    repository.git("branch", "new")
    assert read(git, "base", "top") == "one", "nothing changes before an update"
    assert git.update() == {}
    assert sorted(git.folders()) == ["base", "new"]
    assert read(git, "base", "top") == "two"


def test_reader_keeps_its_files_over_one_update_and_old_ones_go(
    tmp_path: Path, repository: Repository
) -> None:
    git = roots(tmp_path, repository.url)
    git.update()
    (first,) = git.folders()["base"]
    for number in range(3):
        repository.commit(top=str(number))
        git.update()
        assert first.is_dir() == (number == 0)


def test_history_that_was_rewritten_is_followed(tmp_path: Path, repository: Repository) -> None:
    git = roots(tmp_path, repository.url)
    git.update()
    repository.git("checkout", "--quiet", "--orphan", "fresh")
    repository.commit(top="rewritten")
    repository.git("branch", "-M", "fresh", "main")
    assert git.update() == {}
    assert read(git, "base", "top") == "rewritten"


def test_repository_that_fails_keeps_what_was_served_and_the_others_go_on(
    tmp_path: Path, repository: Repository
) -> None:
    other = Repository(tmp_path / "other")
    other.commit(second="2")
    git = roots(tmp_path, repository.url, other.url)
    git.update()
    shutil.move(repository.folder, tmp_path / "away")
    other.commit(second="3")
    errors = git.update()
    assert list(errors) == [repository.url]
    assert (read(git, "base", "top"), read(git, "base", "second")) == ("one", "3")


def test_first_repository_wins(tmp_path: Path, repository: Repository) -> None:
    other = Repository(tmp_path / "other")
    other.commit(top="other", only="x")
    git = roots(tmp_path, repository.url, other.url)
    git.update()
    assert (read(git, "base", "top"), read(git, "base", "only")) == ("one", "x")


def test_base_may_be_another_branch_and_must_be_there(tmp_path: Path, repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "production")
    repository.commit(top="production")
    git = roots(tmp_path, repository.url, base="production")
    git.update()
    assert read(git, "base", "top") == "production"
    assert read(git, "main", "top") == "one"
    missing = roots(tmp_path, repository.url, base="nowhere").update()
    assert missing[repository.url] == "there is no branch nowhere; name one as gitfs_base"


def test_link_in_a_repository_that_leads_out_is_not_served(tmp_path: Path, repository: Repository) -> None:
    (repository.folder / "out").symlink_to("/etc/passwd")
    (repository.folder / "near").symlink_to("top")
    repository.commit()
    git = roots(tmp_path, repository.url)
    git.update()
    assert (read(git, "base", "out"), read(git, "base", "near")) == (None, "one")


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% pwned", "--upload-pack=touch pwned", "http://127.0.0.1:1/x"]
)
def test_address_that_could_run_something_or_is_not_sealed_is_refused(tmp_path: Path, url: str) -> None:
    errors = roots(tmp_path, url).update()
    assert list(errors) == [url]
    assert not list(tmp_path.rglob("pwned"))


def test_login_in_an_address_is_not_told(tmp_path: Path) -> None:
    errors = roots(tmp_path, "https://bob:secret@127.0.0.1:1/repo").update()
    assert "secret" not in str(errors)
    assert list(errors) == ["https://127.0.0.1:1/repo"]


def test_server_that_does_not_answer_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        git = roots(tmp_path, f"git://127.0.0.1:{silent.getsockname()[1]}/repo")
        errors: list[dict[str, str]] = []
        thread = threading.Thread(target=lambda: errors.append(git.update()))
        thread.start()
        connection, _ = silent.accept()
        with connection:
            git.stop()
            thread.join(20)
        assert not thread.is_alive()
        assert len(errors[0]) == 1
        assert list(git.update().values()) == ["the master is stopping"]
