"""`git`: the real program, on repositories of the test's own. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from shoal.errors import ShoalError
from tests.unit.states.trial import Box

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    """Run git as a person, and return what it says."""
    who = ("-c", "user.email=a@example.org", "-c", "user.name=a", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, text: str, file: str = "f") -> str:
    """Commit a file with this text, and return the commit."""
    (folder / file).write_text(text)
    git(folder, "add", ".")
    git(folder, "commit", "-m", text)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """Two commits on main, the first with the tag v1; dev is at the second."""
    repo = tmp_path / "repo"
    repo.mkdir()
    git(repo, "init")
    commit(repo, "1")
    git(repo, "tag", "v1")
    commit(repo, "2")
    git(repo, "branch", "dev")
    return repo


@pytest.fixture
def box(tmp_path: Path) -> Box:
    (tmp_path / "box").mkdir()
    return Box(tmp_path / "box")


@pytest.fixture
def clone(box: Box, repo: Path) -> Path:
    git(box.folder, "clone", "-q", str(repo), "t")
    return box.folder / "t"


def test_remote_is_cloned_and_the_clone_goes_again(box: Box, repo: Path) -> None:
    target = box.folder / "new/t"
    head = git(repo, "rev-parse", "HEAD")
    trial = box.run("git.latest", str(repo), test=True, target=str(target))
    assert trial.comment == f"Repository {repo} would be cloned to {target}"
    outcome = box.cycle("git.latest", str(repo), target=str(target))
    assert outcome.comment == f"{repo} cloned to {target}"
    assert outcome.changes == {"new": f"{repo} => {target}", "revision": {"old": None, "new": head}}


def test_clone_of_a_tag_is_at_the_tag(box: Box, repo: Path) -> None:
    target = box.folder / "t"
    outcome = box.cycle("git.latest", str(repo), target=str(target), rev="v1")
    short = git(repo, "rev-parse", "v1")[:7]
    assert outcome.comment == f"{repo} cloned to {target}. Repository was reset to v1 ({short})."


def test_clone_of_a_branch_is_on_a_branch(box: Box, repo: Path) -> None:
    target = box.folder / "t"
    box.run("git.latest", str(repo), target=str(target), rev="dev")
    assert git(target, "branch", "--show-current") == "dev"
    outcome = box.cycle(
        "git.latest", str(repo), target=str(box.folder / "u"), rev="dev", branch="mine", depth=1
    )
    assert "Branch 'mine' checked out, with origin/dev (" in outcome.comment


def test_repository_that_is_up_to_date_stays(box: Box, repo: Path, clone: Path) -> None:
    outcome = box.run("git.latest", str(repo), target=str(clone))
    assert (outcome.result, outcome.changes) == (True, {})
    assert outcome.comment == f"Repository {clone} is up-to-date"


def test_repository_is_updated_and_brought_back(box: Box, repo: Path, clone: Path) -> None:
    old, new = git(repo, "rev-parse", "HEAD"), commit(repo, "3")
    trial = box.run("git.latest", str(repo), test=True, target=str(clone))
    assert trial.comment == (
        f"Remote 'origin' would be fetched. Repository would be updated from {old[:7]} to {new[:7]}."
    )
    outcome = box.run("git.latest", str(repo), target=str(clone))
    assert outcome.comment == (
        f"{repo} was fetched, resulting in updated refs. "
        f"Repository was fast-forwarded to remote HEAD ({new[:7]})."
    )
    assert outcome.changes == trial.changes == {"revision": {"old": old, "new": new}}
    assert (clone / "f").read_text() == "3"
    box.undo()
    assert git(clone, "rev-parse", "HEAD") == old
    assert git(clone, "branch", "--show-current") == "main"


def test_changes_are_given_up_only_when_told(box: Box, repo: Path, clone: Path) -> None:
    new = commit(repo, "3")
    (clone / "f").write_text("mine")
    for test in (True, False):
        outcome = box.run("git.latest", str(repo), test=test, target=str(clone))
        assert outcome.result is False
        assert "but there are uncommitted changes. Set 'force_reset' to True" in outcome.comment
    assert (clone / "f").read_text() == "mine"
    outcome = box.run("git.latest", str(repo), target=str(clone), force_reset=True)
    assert outcome.comment == (
        f"{repo} was fetched, resulting in updated refs. Uncommitted changes were discarded. "
        f"Repository was fast-forwarded to remote HEAD ({new[:7]})."
    )
    assert box.journal.steps[-1].final


def test_commits_are_given_up_only_when_told(box: Box, repo: Path, clone: Path) -> None:
    commit(clone, "mine", "g")
    new = commit(repo, "3")
    outcome = box.run("git.latest", str(repo), target=str(clone))
    assert outcome.result is False
    assert outcome.comment.startswith(
        f"Repository would be updated to {new[:7]}, but this is not a fast-forward merge. Set 'force_reset' to True"
    )
    outcome = box.run("git.latest", str(repo), target=str(clone), force_reset=True)
    assert outcome.comment == f"Repository was hard-reset to remote HEAD ({new[:7]})"
    assert outcome.changes["forced update"] is True


def test_local_branch_is_made_and_goes_again(box: Box, repo: Path, clone: Path) -> None:
    box.run("git.latest", str(repo), target=str(clone), rev="dev", branch="mine")
    assert git(clone, "branch", "--show-current") == "mine"
    assert box.plan("git.latest", str(repo), target=str(clone), rev="dev", branch="mine").empty
    box.undo()
    assert git(clone, "branch", "--format=%(refname:short)") == "main"


def test_remote_gets_its_address(box: Box, repo: Path, clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "/elsewhere")
    outcome = box.run("git.latest", str(repo), target=str(clone))
    assert (outcome.result, outcome.changes) == (True, {"remote": {"new": str(repo)}})
    box.undo()
    assert git(clone, "remote", "get-url", "origin") == "/elsewhere"


def test_what_cannot_be_is_told_by_a_trial_too(box: Box, repo: Path) -> None:
    (box.folder / "full").mkdir()
    (box.folder / "full/x").write_text("x")
    for test in (True, False):
        run = {"test": test, "target": str(box.folder / "t")}
        assert box.run("git.latest", str(repo), rev="nope", **run).comment == (
            "No revision matching 'nope' exists in the remote repository"
        )
        assert box.run("git.latest", "/no/repo", **run).comment.startswith("Failed to check remote refs: ")
        assert (
            box.run("git.detached", str(repo), rev="nope", **run).comment == "Revision 'nope' does not exist"
        )
        for fun, more in (("latest", {}), ("cloned", {}), ("detached", {"rev": "v1"})):
            full = box.run(f"git.{fun}", str(repo), test=test, target=str(box.folder / "full"), **more)
            assert full.result is False
            assert "exists, is non-empty and is not a git repository" in full.comment


def test_revision_is_checked_out_on_no_branch(box: Box, repo: Path) -> None:
    target = str(box.folder / "d")
    first, head = git(repo, "rev-parse", "v1"), git(repo, "rev-parse", "HEAD")
    outcome = box.cycle("git.detached", str(repo), target=target, rev="v1")
    assert outcome.changes == {"HEAD": {"old": None, "new": first}}
    assert outcome.comment == f"{repo} cloned to {target}. Commit ID {first} was checked out at {target}."
    box.run("git.detached", str(repo), target=target, rev="v1")
    box.journal.steps.clear()
    outcome = box.run("git.detached", str(repo), target=target, rev="main")
    assert outcome.changes == {"HEAD": {"old": first, "new": head}}
    box.undo()
    assert git(Path(target), "rev-parse", "HEAD") == first
    assert box.run("git.detached", str(repo), target=target, rev="v1").comment == (
        "Already checked out at correct revision."
    )


@pytest.mark.parametrize(("bare", "kind"), [(True, "bare repository"), (False, "repository")])
def test_empty_repository_is_made_and_goes_again(box: Box, bare: bool, kind: str) -> None:
    name = str(box.folder / "p")
    assert box.run("git.present", name, test=True, bare=bare).comment == f"New {kind} would be created"
    outcome = box.cycle("git.present", name, bare=bare)
    assert (outcome.changes, outcome.comment) == ({"new": name}, f"Initialized {kind} in {name}")
    box.run("git.present", name, bare=bare)
    assert box.run("git.present", name, bare=bare).comment == ""


def test_folder_that_is_not_empty_becomes_no_repository(box: Box) -> None:
    (box.folder / "x").write_text("x")
    outcome = box.run("git.present", str(box.folder))
    assert outcome.result is False
    assert "exists, is non-empty, and is not a git repository" in outcome.comment


def test_clone_is_made_once_and_changes_its_branch(box: Box, repo: Path) -> None:
    target = box.folder / "c"
    outcome = box.cycle("git.cloned", str(repo), target=str(target), branch="dev")
    assert outcome.comment == f"{repo} cloned to {target} with branch 'dev'"
    box.run("git.cloned", str(repo), target=str(target))
    box.journal.steps.clear()
    assert (
        box.run("git.cloned", str(repo), target=str(target)).comment
        == f"Repository already exists at {target}"
    )
    outcome = box.run("git.cloned", str(repo), target=str(target), branch="dev")
    assert (outcome.changes, outcome.comment) == (
        {"branch": {"old": "main", "new": "dev"}},
        "Branch changed to 'dev'",
    )
    box.undo()
    assert git(target, "branch", "--show-current") == "main"


def test_setting_is_set_and_has_its_old_value_again(box: Box, clone: Path) -> None:
    git(clone, "config", "x.y", "one")
    repo = str(clone)
    assert box.run("git.config_set", "x.y", value="one", repo=repo).comment == "'x.y' is already set to 'one'"
    trial = box.run("git.config_set", "x.y", test=True, value="two", repo=repo)
    assert trial.comment == "'x.y' would be set to 'two'"
    outcome = box.run("git.config_set", "x.y", value="two", repo=repo)
    assert outcome.comment == "'x.y' was set to 'two'"
    assert outcome.changes == trial.changes == {"x.y": {"old": ["one"], "new": ["two"]}}
    outcome = box.run("git.config_set", "a.B", multivar=["one", "two"], repo=repo)
    assert outcome.comment == "'a.B' was added as ['one', 'two']"
    assert box.plan("git.config_set", "a.B", multivar=["one", "two"], repo=repo).empty
    box.undo()
    assert git(clone, "config", "--get-all", "x.y") == "one"
    assert "a.b" not in git(clone, "config", "--list")


def test_settings_are_unset_and_there_again(box: Box, clone: Path) -> None:
    for value in ("a", "b"):
        git(clone, "config", "--add", "m.v", value)
    repo = str(clone)
    assert box.run("git.config_unset", "no.such", repo=repo).comment == "No matching keys are set"
    refused = box.run("git.config_unset", "m[.].*", repo=repo)
    assert (refused.result, refused.comment) == (
        False,
        "Multivar(s) matched by the key expression (set 'all' to True to force removal): m.v (a, b)",
    )
    outcome = box.run("git.config_unset", "m.v", value_regex="a", repo=repo)
    assert (outcome.result, outcome.changes, outcome.comment) == (
        True,
        {"m.v": ["a"]},
        "Value(s) successfully unset",
    )
    box.undo()
    assert git(clone, "config", "--get-all", "m.v") == "a\nb"
    assert box.run("git.config_unset", "m.v", test=True, all=True, repo=repo).comment == (
        "1 key(s) would have value(s) unset"
    )
    assert box.run("git.config_unset", "m.v", all=True, repo=repo).changes == {"m.v": ["a", "b"]}
    box.undo()
    assert git(clone, "config", "--get-all", "m.v") == "a\nb"


def test_key_may_have_large_letters(box: Box, clone: Path) -> None:
    repo, key = str(clone), "url.https://Example.org/X.insteadOf"
    assert box.run("git.config_set", key, value="x:", repo=repo).result is True
    assert box.run("git.config_set", key, value="x:", repo=repo).changes == {}
    box.undo()
    assert "insteadof" not in git(clone, "config", "--list")


def test_way_back_does_not_give_up_what_was_changed_since(box: Box, repo: Path, clone: Path) -> None:
    new = commit(repo, "3")
    box.run("git.latest", str(repo), target=str(clone))
    (clone / "f").write_text("mine")
    with pytest.raises(ShoalError, match="has changes that are not committed"):
        box.undo()
    assert git(clone, "rev-parse", "HEAD") == new


def test_way_back_leaves_what_others_put_beside_the_clone(box: Box, repo: Path) -> None:
    box.run("git.cloned", str(repo), target=str(box.folder / "new/t"))
    (box.folder / "new/theirs").write_text("theirs")
    box.undo()
    assert [path.name for path in (box.folder / "new").iterdir()] == ["theirs"]
