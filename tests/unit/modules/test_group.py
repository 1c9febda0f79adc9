"""`group.*`: what reaches groupadd and its kin, and real ones on an /etc of the test's own."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Callable
from typing import Any

import pytest

from modules import group
from shoal.errors import ArgumentError, CommandError, ModuleError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.private_box import PrivateBox, private_box

__all__ = ["private_box"]
Ask = Callable[[str], Any]


@pytest.fixture
def staff(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one group, with alice in it, and the users alice and bob."""

    def find(name: str) -> grp.struct_group:
        if name != "staff":
            raise KeyError(name)
        return grp.struct_group(("staff", "x", 50, ["alice"]))

    def find_user(name: str) -> pwd.struct_passwd:
        if name not in ("alice", "bob"):
            raise KeyError(name)
        return pwd.struct_passwd((name, "x", 1, 1, "", "/", "/bin/sh"))

    monkeypatch.setattr(grp, "getgrnam", find)
    monkeypatch.setattr(pwd, "getpwnam", find_user)


def test_group_is_told(ask: Ask) -> None:
    assert ask("group.info root")["gid"] == 0
    assert ask("group.info no-such-group") == {}
    assert ask("group.info root") in ask("group.getent")


def test_hash_of_a_group_is_not_told(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grp, "getgrnam", lambda name: grp.struct_group((name, "$6$abc$defghijkl", 1, [])))
    assert ask("group.info root") == {"name": "root", "passwd": "x", "gid": 1, "members": []}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("group.add new", ["groupadd", "--", "new"]),
        ("group.add new 950 system=true", ["groupadd", "--gid", "950", "--system", "--", "new"]),
        ("group.add new 0 non_unique=true", ["groupadd", "--gid", "0", "--non-unique", "--", "new"]),
        ("group.delete staff", ["groupdel", "--", "staff"]),
        ("group.chgid staff 50", None),
        ("group.chgid staff 51", ["groupmod", "--gid", "51", "--", "staff"]),
        ("group.adduser staff alice", None),
        ("group.adduser staff bob", ["gpasswd", "--add", "bob", "--", "staff"]),
        ("group.deluser staff bob", None),
        ("group.deluser staff alice", ["gpasswd", "--delete", "alice", "--", "staff"]),
        ("group.members staff alice,alice", None),
        ("group.members staff bob,alice", ["gpasswd", "--members", "bob,alice", "--", "staff"]),
        ("group.members staff []", ["gpasswd", "--members", "", "--", "staff"]),
    ],
)
@pytest.mark.usefixtures("staff")
def test_only_what_differs_is_changed(
    ask: Ask, programs: FakePrograms, line: str, expected: list[str] | None
) -> None:
    for name in ("groupadd", "groupdel", "groupmod", "gpasswd"):
        programs.add(name)
    assert ask(line) is True
    assert programs.calls() == ([expected] if expected else [])


@pytest.mark.usefixtures("staff", "programs")
@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("group.add -f", ArgumentError, "cannot be the name of a group"),
        ("group.add staff", ModuleError, "there is a group staff on this box already"),
        ("group.add new -5", ArgumentError, "gid -5 is out of range"),
        ("group.delete other", ModuleError, "there is no group other"),
        ("group.adduser staff -x", ArgumentError, "cannot be the name of a user"),
        ("group.adduser staff eve", ModuleError, "there is no user 'eve'"),
        ("group.members staff alice,eve", ModuleError, "there is no user 'eve'"),
    ],
)
def test_what_cannot_be_is_told(ask: Ask, line: str, error: type[ModuleError], message: str) -> None:
    with pytest.raises(error, match=message):
        ask(line)


@pytest.mark.usefixtures("staff")
def test_what_the_program_says_is_told(ask: Ask, programs: FakePrograms) -> None:
    programs.say("groupdel", err="groupdel: cannot remove the primary group of user 'alice'\n", code=8)
    with pytest.raises(CommandError, match="return code 8: groupdel: cannot remove the primary group"):
        ask("group.delete staff")


@pytest.mark.usefixtures("staff")
def test_after_a_crash_the_box_itself_says_what_was_done(ctx: Any) -> None:
    assert group._is_added(ctx, "new") is False
    assert group._is_added(ctx, "staff", 50) is True
    assert group._is_added(ctx, "staff", 51) is None
    assert group._is_deleted(ctx, "staff") is False
    assert group._is_deleted(ctx, "new") is True


def test_life_of_a_real_group(private_box: PrivateBox) -> None:
    answers = private_box.ask(
        "user.add alice",
        "user.add bob",
        "group.add crew 1700",
        "group.adduser crew alice",
        "group.members crew alice,bob",
        "group.deluser crew alice",
        "group.chgid crew 1701",
        "group.info crew",
        "group.members crew []",
        "group.info crew",
        "group.delete alice",
        "group.delete crew",
        "group.info crew",
    )
    assert answers[:7] == [True] * 7
    assert answers[7] == {"name": "crew", "passwd": "x", "gid": 1701, "members": ["bob"]}
    assert answers[8] is True
    assert answers[9]["members"] == []
    assert "cannot remove the primary group of user 'alice'" in answers[10]["error"]
    assert answers[11:] == [True, {}]
    assert private_box.line("group", "crew") == private_box.line("gshadow", "crew") == []
