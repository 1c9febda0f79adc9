"""`pkgrepo` of all kinds, in folders of the test's own. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modules.pkgrepo import apk, apt, dnf
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.states.trial import Box, context

LINE = "deb http://a.example.org/debian bookworm main"
MAY = "This may cause pkg states to behave differently than stated if this action is repeated without test=True, "
MAY += "due to the differences in the configured repositories."
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "etc"
    for name in ("apt/sources.list.d", "apt/keyrings", "yum.repos.d", "apk"):
        (folder / name).mkdir(parents=True)
    monkeypatch.setattr(apt, "MAIN_FILE", folder / "apt/sources.list")
    monkeypatch.setattr(apt, "FOLDER", folder / "apt/sources.list.d")
    monkeypatch.setattr(apt, "KEYRINGS", folder / "apt/keyrings")
    monkeypatch.setattr(dnf, "FOLDER", folder / "yum.repos.d")
    monkeypatch.setattr(apk, "FILE", folder / "apk/repositories")
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    return FakePrograms(tmp_path / "fakes", monkeypatch)


@pytest.fixture
def debian(etc: Path, tmp_path: Path, programs: FakePrograms) -> Box:
    programs.add("apt-get", "dpkg-query")
    return Box(etc, context(tmp_path / "roots"))


def test_new_repository_is_configured_and_the_lists_fetched(
    debian: Box, programs: FakePrograms, etc: Path
) -> None:
    would = debian.run("pkgrepo.managed", LINE, test=True)
    assert would.comment == f"Package repo '{LINE}' would be configured. {MAY}"
    assert programs.calls() == []
    outcome = debian.cycle("pkgrepo.managed", LINE)
    assert (outcome.comment, outcome.changes) == (f"Configured package repo '{LINE}'", {"repo": LINE})
    assert [words[-1] for words in programs.calls("apt-get")] == ["update"]
    debian.run("pkgrepo.managed", LINE, refresh=False)
    assert debian.run("pkgrepo.managed", LINE).comment == f"Package repo '{LINE}' already configured"
    assert len(programs.calls("apt-get")) == 1


@pytest.mark.parametrize(
    ("name", "args", "changes"),
    [
        (f"{LINE} contrib", {}, {"comps": {"new": ["main", "contrib"], "old": ["main"]}}),
        (LINE, {"comps": "main,contrib"}, {"comps": {"new": ["main", "contrib"], "old": ["main"]}}),
        (LINE, {"disabled": True}, {"disabled": {"new": True, "old": False}}),
        (LINE, {"enabled": 0}, {"disabled": {"new": True, "old": False}}),
        (LINE, {"architectures": "amd64,arm64"}, {"architectures": {"new": ["amd64", "arm64"], "old": []}}),
    ],
)
def test_repository_is_changed_where_it_is(
    debian: Box, etc: Path, name: str, args: dict[str, Any], changes: dict[str, Any]
) -> None:
    (etc / "apt/sources.list").write_text(f"# mine\n{LINE}\n")
    (etc / "apt/sources.list").chmod(0o640)
    outcome = debian.cycle("pkgrepo.managed", name, refresh=False, **args)
    assert {key: value for key, value in outcome.changes.items() if key != "line"} == changes
    assert outcome.changes["line"]["old"] == LINE


def test_repository_moves_with_its_key_to_another_file(debian: Box, etc: Path, tmp_path: Path) -> None:
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots/a.asc").write_text(KEY)
    (etc / "apt/sources.list.d/old.list").write_text(f"{LINE}\n")
    file = str(etc / "apt/sources.list.d/new.sources")
    args = {"file": file, "key_url": "salt://a.asc", "refresh": False}
    outcome = debian.cycle("pkgrepo.managed", LINE, **args)
    assert outcome.changes["file"] == {"new": file, "old": str(etc / "apt/sources.list.d/old.list")}
    debian.run("pkgrepo.managed", LINE, **args)
    assert not (etc / "apt/sources.list.d/old.list").exists()
    assert debian.plan("pkgrepo.managed", LINE, **args).empty


def test_repository_is_removed_from_all_files(debian: Box, etc: Path) -> None:
    (etc / "apt/sources.list").write_text(f"{LINE}\n")
    (etc / "apt/sources.list.d/again.list").write_text(f"{LINE} contrib\n")
    (etc / "apt/sources.list.d/again.list").chmod(0o600)
    would = debian.run("pkgrepo.absent", LINE, test=True)
    assert would.comment == f"Package repo '{LINE}' will be removed. {MAY}"
    outcome = debian.cycle("pkgrepo.absent", LINE)
    assert (outcome.comment, outcome.changes) == (f"Removed repo {LINE}", {"repo": LINE})
    assert debian.run("pkgrepo.absent", "deb http://b.example.org/ ./").comment.endswith("is absent")


@pytest.mark.parametrize(
    "args", [{"name": "human"}, {"name": LINE, "enabled": True, "disabled": True}, {"name": LINE, "tag": "x"}]
)
def test_what_cannot_be_is_refused_in_a_trial_too(debian: Box, args: dict[str, Any]) -> None:
    assert debian.run("pkgrepo.managed", args.pop("name"), test=True, **args).result is False


def test_password_of_an_address_is_told_nowhere(debian: Box) -> None:
    outcome = debian.run(
        "pkgrepo.managed", "deb http://me:secret@a.example.org/debian bookworm main", refresh=False
    )
    assert outcome.result is True
    assert "secret" not in f"{outcome.comment} {outcome.changes}"


def test_way_back_leaves_what_others_have_written_since(debian: Box, etc: Path) -> None:
    (etc / "apt/sources.list").write_text("# mine\n")
    debian.run("pkgrepo.managed", LINE, file=str(etc / "apt/sources.list"), refresh=False)
    (etc / "apt/sources.list").write_text("# theirs\n")
    with pytest.raises(Exception, match="was changed since"):
        debian.undo()
    assert (etc / "apt/sources.list").read_text() == "# theirs\n"


def test_repository_of_dnf(etc: Path, programs: FakePrograms) -> None:
    programs.add("dnf", "rpm")
    box = Box(etc, context(grains={"os_family": "RedHat"}))
    args = {
        "humanname": "Example",
        "baseurl": "https://repo.example.org/rpm",
        "gpgcheck": 1,
        "refresh": False,
    }
    outcome = box.cycle("pkgrepo.managed", "example", **args)
    assert outcome.changes == {"repo": "example"}
    box.run("pkgrepo.managed", "example", **args)
    assert (
        box.run("pkgrepo.managed", "example", **args).comment == "Package repo 'example' already configured"
    )
    outcome = box.cycle("pkgrepo.managed", "example", enabled=False, refresh=False)
    assert outcome.changes == {"enabled": {"new": "0", "old": "1"}}
    assert box.cycle("pkgrepo.absent", "example").comment == "Removed repo example"


def test_repository_of_apk(etc: Path, programs: FakePrograms) -> None:
    programs.add("apk")
    (etc / "apk/repositories").write_text("https://dl.example.org/main\n")
    box = Box(etc, context(grains={"os_family": "Alpine"}))
    address = "https://dl.example.org/testing"
    assert box.cycle("pkgrepo.managed", address, tag="testing", refresh=False).changes == {"repo": address}
    outcome = box.cycle("pkgrepo.managed", "https://dl.example.org/main", disabled=True, refresh=False)
    assert outcome.changes["disabled"] == {"new": True, "old": False}
    assert box.cycle("pkgrepo.absent", "https://dl.example.org/main").result is True
