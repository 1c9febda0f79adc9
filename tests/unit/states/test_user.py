"""`user` on a box in a box, with real useradd and its kin. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.modules.private_box import PrivateBox, private_box
from tests.unit.states.test_group import States

__all__ = ["private_box"]
HASH = "$6$abcdefgh$" + "x" * 86
OTHER = "$6$abcdefgh$" + "y" * 86


@pytest.fixture
def states(private_box: PrivateBox) -> States:
    private_box.ask("group.add g1 2001", "group.add g2 2002", "group.add g3 2003", "user.add old 1400")
    return States(private_box)


def test_user_is_made_as_asked_and_goes_again(states: States, private_box: PrivateBox) -> None:
    whole = {
        "uid": 3000,
        "gid": "g1",
        "groups": ["g2"],
        "home": "/home/u1",
        "shell": "/bin/sh",
        "fullname": "U One",
    }
    answers = states(
        ("test", "user.present", "u1", whole),
        ("run", "user.present", "u1", {**whole, "password": HASH, "mindays": 1, "roomnumber": 12}),
        ("test", "user.present", "u1", {**whole, "password": HASH, "mindays": 1, "roomnumber": 12}),
        ("cycle", "user.absent", "u1", {}),
        ("run", "user.absent", "u1", {}),
        ("run", "user.absent", "u1", {}),
    )
    assert answers[0]["comment"] == "User u1 set to be added"
    assert answers[1]["comment"] == "New user u1 created"
    made = answers[1]["changes"]
    assert (made["uid"], made["gid"], made["groups"]) == (3000, 2001, ["g1", "g2"])
    assert (made["roomnumber"], made["password"]) == ("12", "XXX-REDACTED-XXX")
    assert answers[2]["comment"] == "User u1 is present and up to date"
    assert answers[3]["changes"] == {"u1": "removed"}
    assert answers[5]["comment"] == "User u1 is not present"
    assert HASH not in str(answers)


def test_way_back_of_a_new_user_takes_home_and_password_along(
    states: States, private_box: PrivateBox
) -> None:
    answers = private_box.within(
        "tests.unit.states.undoing",
        [["user.present", "u2", {"password": HASH, "mindays": 1, "date": "2026-01-01", "groups": ["g1"]}]],
    )
    assert answers == [{"result": True, "same": True}]


def test_all_of_a_user_is_changed_and_taken_back(states: States, private_box: PrivateBox) -> None:
    states(
        ("run", "user.present", "u1", {"uid": 3000, "gid": "g1", "groups": ["g2", "g3"], "password": HASH})
    )
    answers = states(
        ("cycle", "user.present", "u1", {"uid": 3001, "allow_uid_change": True}),
        ("cycle", "user.present", "u1", {"gid": "g2", "allow_gid_change": True}),
        ("cycle", "user.present", "u1", {"groups": ["g2"]}),
        ("cycle", "user.present", "u1", {"groups": []}),
        ("cycle", "user.present", "u1", {"groups": ["users"], "remove_groups": False}),
        ("test", "user.present", "u1", {"optional_groups": ["g2", "nope"], "remove_groups": False}),
        (
            "cycle",
            "user.present",
            "u1",
            {"home": "/home/new", "shell": "/bin/false", "fullname": "U", "other": "x,y"},
        ),
        ("cycle", "user.present", "u1", {"password": OTHER}),
        ("cycle", "user.present", "u1", {"empty_password": True}),
        ("cycle", "user.present", "u1", {"password_lock": True}),
        (
            "cycle",
            "user.present",
            "u1",
            {"mindays": 1, "maxdays": 99, "warndays": 5, "inactdays": 3, "expire": 20000},
        ),
        ("cycle", "user.present", "u1", {"date": "2026-01-01"}),
    )
    assert answers[0]["changes"] == {"uid": 3001}
    assert answers[2]["changes"] == {"groups": ["g1", "g2"]}
    assert answers[3]["changes"] == {"groups": ["g1"]}
    assert answers[5]["comment"] == "User u1 is present and up to date"
    assert answers[6]["changes"]["home"] == "/home/new"
    assert answers[6]["comment"] == "Updated user u1"
    assert {each["changes"]["passwd"] for each in answers[7:10]} == {"XXX-REDACTED-XXX"}
    assert answers[10]["changes"] == {"min": 1, "max": 99, "inact": 3, "warn": 5, "expire": 20000}
    assert HASH not in str(answers)
    assert OTHER not in str(answers)


def test_trial_lists_what_it_would_change_and_no_password(states: States) -> None:
    (answer,) = states(
        (
            "test",
            "user.present",
            "old",
            {"shell": "/bin/false", "groups": ["g1", "nope"], "password": HASH, "mindays": 1},
        ),
    )
    assert answer["result"] is None
    assert answer["comment"] == (
        "The following user attributes are set to be changed:\ngroups: ['g1']\ngroups (pending creation): nope\n"
        "shell: /bin/false\npasswd: XXX-REDACTED-XXX\nmindays: 1\n"
    )


def test_what_cannot_be_is_refused_and_nothing_is_changed(states: States, private_box: PrivateBox) -> None:
    before = (private_box.root / "etc/passwd").read_text()
    answers = states(
        ("run", "user.present", "old", {"uid": 1, "gid": "g1"}),
        ("run", "user.present", "old", {"groups": ["nope"], "shell": "/bin/false"}),
        ("run", "user.present", "new", {"groups": ["nope"]}),
        ("run", "user.present", "old", {"password": "plain text"}),
        ("run", "user.present", "old", {"groups": ["g1"], "optional_groups": ["g1"]}),
    )
    assert {each["result"] for each in answers} == {False}
    first = "Encountered error checking for needed changes. Additional info follows:\n\n- Changing uid (1400 -> 1)"
    assert answers[0]["comment"].startswith(f"{first} not permitted, set allow_uid_change to True")
    assert "\n- Changing gid (1400 -> g1) not permitted, set allow_gid_change" in answers[0]["comment"]
    assert "group 'nope' does not exist" in answers[1]["comment"]
    assert "group 'nope' does not exist" in answers[2]["comment"]
    assert "plain text" not in str(answers)
    assert (private_box.root / "etc/passwd").read_text() == before
    (answer,) = private_box.within(
        "tests.unit.states.undoing", [["user.present", "new", {"groups": ["nope"]}]]
    )
    assert answer == {"result": False, "same": True}


def test_locked_account_stays_locked(states: States, private_box: PrivateBox) -> None:
    answers = states(
        ("run", "user.present", "old", {"password": HASH, "password_lock": True}),
        ("test", "user.present", "old", {"password": HASH}),
        ("test", "user.present", "old", {"password": OTHER, "enforce_password": False}),
    )
    assert private_box.line("shadow", "old")[1] == f"!{HASH}"
    assert [each["result"] for each in answers] == [True, True, True]
    states(("run", "user.present", "old", {"password": OTHER}))
    assert private_box.line("shadow", "old")[1] == f"!{OTHER}"
    states(("run", "user.present", "old", {"password": OTHER, "password_lock": False}))
    assert private_box.line("shadow", "old")[1] == OTHER


def test_plain_password_is_hashed_once(states: States, private_box: PrivateBox) -> None:
    asked = {"password": "correct horse", "hash_password": True}
    answers = states(("run", "user.present", "old", asked), ("run", "user.present", "old", asked))
    assert answers[0]["changes"] == {"passwd": "XXX-REDACTED-XXX"}
    assert answers[1]["changes"] == {}
    assert private_box.line("shadow", "old")[1].startswith("$6$")


def test_home_that_was_purged_cannot_come_back(states: States, private_box: PrivateBox) -> None:
    (answer,) = private_box.within("tests.unit.states.undoing", [["user.absent", "old", {"purge": True}]])
    assert answer["error"].endswith("what is in /home/old is deleted with the user")
    assert not Path(private_box.root / "home/old").exists()


def test_missing_home_is_made(states: States, private_box: PrivateBox) -> None:
    states(("run", "user.present", "u3", {"createhome": False}))
    answers = states(
        ("test", "user.present", "u3", {"createhome": False}),
        ("cycle", "user.present", "u3", {}),
        ("test", "user.present", "nobody", {}),
    )
    assert [each["changes"] for each in answers] == [{}, {"homeDoesNotExist": "/home/u3"}, {}]
