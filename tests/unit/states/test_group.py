"""`group` on a box in a box, with real groupadd and its kin. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.modules.private_box import PrivateBox, private_box
from tests.unit.states import private

__all__ = ["private_box"]


class States:
    """Asks for states, many in one box."""

    def __init__(self, box: PrivateBox) -> None:
        self._box = box

    def __call__(self, *asked: tuple[str, str, str, dict[str, Any]]) -> list[Any]:
        found = self._box.within(private.__name__, list(asked))
        assert not [each for each in found if "error" in each], found
        return found


@pytest.fixture
def states(private_box: PrivateBox) -> States:
    private_box.ask("user.add alice 1500", "user.add bob 1501")
    return States(private_box)


def test_group_is_made_changed_and_removed(states: States, private_box: PrivateBox) -> None:
    people = {"addusers": ["bob"], "delusers": ["alice"]}
    answers = states(
        ("test", "group.present", "grp", {"gid": 2000}),
        ("cycle", "group.present", "grp", {"gid": 2000, "members": ["alice"], "system": False}),
        ("run", "group.present", "grp", {"gid": 2000, "members": ["alice"]}),
        ("run", "group.present", "grp", {"gid": 2000}),
        ("cycle", "group.present", "grp", {"gid": 2001}),
        ("cycle", "group.present", "grp", {"members": ["bob"]}),
        ("cycle", "group.present", "grp", people),
        ("test", "group.absent", "grp", {}),
        ("cycle", "group.absent", "grp", {}),
        ("run", "group.absent", "nosuch", {}),
    )
    made = {"name": "grp", "passwd": "x", "gid": 2000, "members": ["alice"]}
    assert answers[0]["comment"] == "Group grp set to be added"
    assert answers[1] == {"result": True, "comment": "New group grp created", "changes": made}
    assert answers[3]["comment"] == "Group grp is present and up to date"
    assert answers[4]["comment"] == "The following group attributes are set to be changed:\ngid: 2001\n"
    assert answers[4]["changes"] == {"gid": {"old": 2000, "new": 2001}}
    assert answers[5]["changes"] == {"members": {"old": ["alice"], "new": ["bob"]}}
    assert answers[6]["comment"].endswith(":\naddusers: ['bob']\ndelusers: ['alice']\n")
    assert answers[7]["comment"] == "Group grp is set for removal"
    assert answers[8] == {"result": True, "comment": "Removed group grp", "changes": {"grp": ""}}
    assert answers[9]["comment"] == "Group not present"
    assert private_box.line("group", "grp") == ["grp", "x", "2000", "alice"]


def test_what_cannot_be_is_refused(states: States, private_box: PrivateBox) -> None:
    answers = states(
        ("test", "group.present", "g", {"addusers": ["bob"], "delusers": ["bob"]}),
        ("test", "group.present", "g", {"addusers": ["bob"], "members": ["bob"]}),
        ("test", "group.present", "root2", {"gid": 0}),
        ("test", "group.present", "users", {"gid": 0}),
        ("test", "group.present", "users", {"members": ["eve"]}),
        ("run", "group.present", "users", {"members": ["eve"]}),
        ("run", "group.absent", "alice", {}),
    )
    assert [each["result"] for each in answers] == [False, False, False, False, None, False, False]
    assert answers[0]["comment"] == "Error. Same user(s) can not be added and deleted simultaneously"
    assert answers[2]["comment"] == "Group root2 is not present but gid 0 is already taken by group root"
    assert answers[3]["comment"] == "gid 0 is already taken by group root"
    assert answers[5]["comment"] == "there is no user 'eve' on this box"
    assert "primary group" in answers[6]["comment"]
    assert private_box.line("group", "alice")
