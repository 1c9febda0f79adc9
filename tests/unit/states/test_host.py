"""`host`: names of addresses in a hosts file of the test's own. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.hosts import entries
from shoal.errors import ModuleError
from tests.unit.states.trial import Box

HOSTS = "127.0.0.1 localhost\n10.0.0.2   a1  b1   # old\n10.0.0.3 a1\n"


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr(entries, "HOSTS", str(tmp_path / "hosts"))
    (tmp_path / "hosts").write_text(HOSTS)
    (tmp_path / "hosts").chmod(0o640)
    return Box(tmp_path)


def test_new_name_is_added(box: Box) -> None:
    outcome = box.cycle("host.present", "web", ip="10.0.0.1")
    assert outcome.changes == {"added": {"10.0.0.1": ["web"]}}
    assert outcome.comment == "Added host web (10.0.0.1)"


def test_trial_says_would(box: Box) -> None:
    outcome = box.run("host.present", "web", test=True, ip=["10.0.0.1", "10.0.0.2"])
    assert outcome.comment == "Host web (10.0.0.1) would be added\nHost web (10.0.0.2) would be added"


def test_name_that_is_there_stays(box: Box) -> None:
    outcome = box.run("host.present", "b1", ip="10.0.0.2")
    assert (outcome.result, outcome.changes) == (True, {})
    assert outcome.comment == "Host b1 (10.0.0.2) already present"


def test_other_address_of_the_name_is_a_warning(box: Box) -> None:
    outcome = box.run("host.present", "a1", ip="10.0.0.2")
    assert len(outcome.warnings) == 1
    assert outcome.warnings[0].startswith(
        "Host a1 present for IP address 10.0.0.3. To get rid of this warning"
    )


def test_clean_takes_the_name_from_other_addresses(box: Box) -> None:
    outcome = box.cycle("host.present", "a1", ip="10.0.0.9", clean=True)
    assert outcome.changes == {
        "added": {"10.0.0.9": ["a1"]},
        "removed": {"10.0.0.2": ["a1"], "10.0.0.3": ["a1"]},
    }
    assert outcome.comment.splitlines() == [
        "Added host a1 (10.0.0.9)",
        "Removed host a1 (10.0.0.2)",
        "Removed host a1 (10.0.0.3)",
    ]
    assert outcome.warnings == ()


def test_comment_is_put_behind_the_line(box: Box) -> None:
    outcome = box.cycle("host.present", "web", ip="10.0.0.1", comment=" hello ")
    assert outcome.changes == {"added": {"10.0.0.1": ["web"]}, "comment_added": {"10.0.0.1": ["hello"]}}
    assert outcome.comment == "Added host web (10.0.0.1)\nSet comment for host 10.0.0.1 (hello)"


def test_name_is_removed_from_several_addresses(box: Box) -> None:
    outcome = box.cycle("host.absent", "a1", ip=["10.0.0.2", "10.0.0.3", "10.0.0.4"])
    assert outcome.changes == {"host": "a1"}
    assert outcome.comment.splitlines() == [
        "Removed host a1 (10.0.0.2)",
        "Removed host a1 (10.0.0.3)",
        "Host a1 (10.0.0.4) already absent",
    ]


def test_address_gets_these_names_only(box: Box) -> None:
    outcome = box.cycle("host.only", "10.0.0.2", hostnames=["x1", "x2"])
    assert outcome.changes == {"10.0.0.2": {"old": "a1 b1", "new": "x1 x2"}}
    assert outcome.comment == 'successfully changed 10.0.0.2 from "a1 b1" to "x1 x2"'
    assert (
        box.run("host.only", "127.0.0.1", hostnames="localhost").comment
        == 'IP address 127.0.0.1 already set to "localhost"'
    )


def test_missing_file_is_gone_again_after_the_way_back(box: Box) -> None:
    (box.folder / "hosts").unlink()
    box.cycle("host.present", "web", ip="10.0.0.1")


def test_wrong_address_is_told(box: Box) -> None:
    outcome = box.run("host.present", "web", ip="nowhere")
    assert outcome.result is False
    assert "'nowhere' is not an IP address" in outcome.comment


def test_what_others_wrote_since_is_not_lost_by_the_way_back(box: Box) -> None:
    box.run("host.present", "web", ip="10.0.0.1")
    hosts = box.folder / "hosts"
    hosts.write_text(hosts.read_text() + "10.9.9.9 theirs\n")
    with pytest.raises(ModuleError, match="was changed since"):
        box.undo()
    assert "theirs" in hosts.read_text()
