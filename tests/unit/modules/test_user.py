"""`user.*`: what reaches useradd and its kin, and real ones on an /etc of the test's own."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.user import account, record
from modules.user.gecos import Gecos
from modules.user.names import check_group, check_user_name
from modules.user.program import start
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.private_box import PrivateBox, private_box

__all__ = ["private_box"]
Ask = Callable[[str], Any]
ALICE = pwd.struct_passwd(("alice", "x", 1500, 100, "Alice A.,12,,", "/nonexistent/alice", "/bin/sh"))


@pytest.fixture
def alice(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one user, who is in `users` only."""

    def find(name: str) -> pwd.struct_passwd:
        if name != "alice":
            raise KeyError(name)
        return ALICE

    monkeypatch.setattr(pwd, "getpwnam", find)
    monkeypatch.setattr(os, "getgrouplist", lambda name, gid: [gid])
    monkeypatch.setattr(record, "group_name", lambda gid: "users" if gid == 100 else "")


def test_user_is_told(ask: Ask) -> None:
    found = ask("user.info root")
    assert (found["uid"], found["gid"], found["home"]) == (0, 0, pwd.getpwuid(0).pw_dir)
    assert "root" in found["groups"]
    assert ask("user.info no-such-user") == {}
    assert "root" in ask("user.list_users")
    assert found in ask("user.getent")
    assert ask("user.primary_group root") == "root"
    assert "root" in ask("user.list_groups root")


def test_hash_in_the_old_place_is_masked(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> None:
    old = pwd.struct_passwd(("root", "$6$abc$defghijkl", 0, 0, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda name: old)
    assert ask("user.info root")["passwd"] == "********"


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", ("", "", "", "", "")),
        ("Alice A.", ("Alice A.", "", "", "", "")),
        ("A,1,2,3", ("A", "1", "2", "3", "")),
        ("A,,,,x,y", ("A", "", "", "", "x,y")),
    ],
)
def test_comment_is_read_and_written_again(text: str, fields: tuple[str, ...]) -> None:
    read = Gecos.read(text)
    assert tuple(read.fields().values()) == fields
    assert read.text() == text


@pytest.mark.parametrize("name", ["Doe, John", "a:b", "two\nlines"])
def test_name_that_would_move_the_fields_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=r"fullname .* must be one line without"):
        Gecos(fullname=name).text()


@pytest.mark.parametrize(
    "name", ["", "-r", "--root=/x", "a b", "a:b", "a\n", "../x", ".x", "1000", "a" * 33, "ä"]
)
def test_name_that_could_be_something_else_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match="cannot be the name of a user"):
        check_user_name(name)


@pytest.mark.parametrize("name", ["alice", "_apt", "host$", "a.b-c_d", "3com", "a" * 32])
def test_usual_names_are_fine(name: str) -> None:
    assert check_user_name(name) == name


@pytest.mark.parametrize("group", [-1, 2**32 - 1, "-g", "a,b", ""])
def test_group_that_is_none_is_refused(group: int | str) -> None:
    with pytest.raises(ArgumentError):
        check_group(group)


def test_everything_about_a_new_user_is_handed_on(ask: Ask, programs: FakePrograms) -> None:
    programs.add("useradd")
    assert ask(
        "user.add newcomer 1501 users wheel,audio shell=/bin/bash home=/srv/n fullname='N. C.' roomnumber=7 "
        "system=true nologinit=true unique=false"
    )
    assert programs.calls() == [
        [
            *("useradd", "--uid", "1501", "--non-unique", "--gid", "users", "--groups", "wheel,audio"),
            *("--shell", "/bin/bash", "--home-dir", "/srv/n", "--create-home", "--system", "--no-log-init"),
            *("--comment", "N. C.,7", "--", "newcomer"),
        ]
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", ["--create-home"]),
        ("createhome=false usergroup=true", ["--user-group", "--no-create-home"]),
        ("usergroup=false", ["--no-user-group", "--create-home"]),
        ("groups=newcomer,wheel", ["--gid", "newcomer", "--groups", "wheel", "--create-home"]),
        ("gid=100", ["--gid", "100", "--create-home"]),
    ],
)
def test_groups_of_a_new_user(ask: Ask, programs: FakePrograms, words: str, expected: list[str]) -> None:
    programs.add("useradd")
    ask(f"user.add newcomer {words}")
    assert programs.calls() == [["useradd", *expected, "--", "newcomer"]]


@pytest.mark.parametrize(
    "line",
    [
        "user.add -r",
        "user.add newcomer groups=-x",
        "user.add newcomer shell=bash",
        "user.add newcomer home='/a:0:0::/:'",
        "user.add newcomer uid=-1",
        "user.delete --root=/",
        "user.chshell alice '/bin/sh\n'",
        "user.rename alice '-x'",
        "user.chgroups alice a,b:c",
        "user.chhome alice relative",
    ],
)
@pytest.mark.usefixtures("alice")
def test_nothing_odd_reaches_a_program(ask: Ask, programs: FakePrograms, line: str) -> None:
    for name in ("useradd", "userdel", "usermod"):
        programs.add(name)
    with pytest.raises(ArgumentError):
        ask(line)
    assert programs.calls() == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("user.chuid alice 1500", None),
        ("user.chuid alice 1501", ["--uid", "1501"]),
        ("user.chgid alice users", None),
        ("user.chgid alice 100", None),
        ("user.chgid alice wheel", ["--gid", "wheel"]),
        ("user.chshell alice /bin/sh", None),
        ("user.chshell alice /bin/zsh", ["--shell", "/bin/zsh"]),
        ("user.chhome alice /srv/a", ["--home", "/srv/a"]),
        ("user.chhome alice /srv/a persist=true", ["--home", "/srv/a"]),
        ("user.chgroups alice []", None),
        ("user.chgroups alice wheel,audio", ["--groups", "audio,wheel"]),
        ("user.chgroups alice wheel append=true", ["--append", "--groups", "wheel"]),
        ("user.chgroups alice users append=true", None),
        ("user.chfullname alice 'Alice A.'", None),
        ("user.chfullname alice Alicia", ["--comment", "Alicia,12"]),
        ("user.chroomnumber alice 13", ["--comment", "Alice A.,13"]),
        ("user.chworkphone alice 5", ["--comment", "Alice A.,12,5"]),
        ("user.chhomephone alice 5", ["--comment", "Alice A.,12,,5"]),
        ("user.chother alice a,b", ["--comment", "Alice A.,12,,,a,b"]),
        ("user.rename alice bob", ["--login", "bob"]),
    ],
)
@pytest.mark.usefixtures("alice")
def test_only_what_differs_is_changed(
    ask: Ask, programs: FakePrograms, line: str, expected: list[str] | None
) -> None:
    programs.add("usermod")
    assert ask(line) is True
    assert programs.calls() == ([["usermod", *expected, "--", "alice"]] if expected else [])


@pytest.mark.usefixtures("alice")
def test_home_that_is_there_moves(ask: Ask, programs: FakePrograms, tmp_path: Path, monkeypatch: Any) -> None:
    programs.add("usermod")
    monkeypatch.setattr(record, "find", lambda _: pwd.struct_passwd((*ALICE[:5], str(tmp_path), "/bin/sh")))
    ask("user.chhome alice /srv/a persist=true")
    assert programs.calls() == [["usermod", "--home", "/srv/a", "--move-home", "--", "alice"]]


@pytest.mark.usefixtures("alice")
def test_what_the_program_says_is_told(ask: Ask, programs: FakePrograms) -> None:
    programs.say("userdel", err="userdel: user alice is currently used by process 1\n", code=8)
    with pytest.raises(
        CommandError, match="return code 8: userdel: user alice is currently used by process 1"
    ):
        ask("user.delete alice")


@pytest.mark.usefixtures("alice")
def test_mailbox_that_was_never_there_is_not_missed(ask: Ask, programs: FakePrograms) -> None:
    programs.say("userdel", err="userdel: alice mail spool not found\n", code=12)
    assert ask("user.delete alice remove=true force=true") is True
    assert programs.calls() == [["userdel", "--remove", "--force", "--", "alice"]]
    with pytest.raises(CommandError, match="return code 12"):
        ask("user.delete alice")


@pytest.mark.usefixtures("alice", "programs")
def test_box_without_the_programs_says_so(ask: Ask) -> None:
    with pytest.raises(
        UnavailableError, match="useradd is not available here because the box has no such program"
    ):
        ask("user.add newcomer")


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize(
    "line", ["user.chuid bob 1", "user.delete bob", "user.rename bob eve", "user.list_groups bob"]
)
def test_user_that_is_not_there_is_told(ask: Ask, line: str) -> None:
    with pytest.raises(ModuleError, match="there is no user 'bob' on this box"):
        ask(line)


@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("line", ["user.add alice", "user.rename alice alice"])
def test_user_that_is_there_already_is_told(ask: Ask, line: str) -> None:
    with pytest.raises(ModuleError, match="there is a user alice on this box already"):
        ask(line)


@pytest.mark.usefixtures("alice")
def test_after_a_crash_the_box_itself_says_what_was_done(ctx: Any) -> None:
    options = account.AddOptions(createhome=False)
    assert account._is_added(ctx, "bob") is False
    assert account._is_added(ctx, "alice", 1500, options=options) is True
    assert account._is_added(ctx, "alice", 1, options=options) is None
    assert account._is_added(ctx, "alice", 1500) is None  # no home yet
    assert account._is_deleted(ctx, "alice") is False
    assert account._is_deleted(ctx, "bob") is True
    assert account._is_deleted(ctx, "bob", remove=True) is None
    assert account._is_renamed(ctx, "alice", "bob") is False
    assert account._is_renamed(ctx, "bob", "alice") is True
    assert account._is_renamed(ctx, "bob", "eve") is None


def test_programs_speak_english() -> None:
    assert "LC_ALL=C\n" in start("env").stdout


def test_life_of_a_real_user(private_box: PrivateBox) -> None:
    answers = private_box.ask(
        "user.add alice 1500 users wheel shell=/bin/bash fullname='Alice A.'",
        "user.info alice",
        "user.chuid alice 1600",
        "user.chshell alice /bin/sh",
        "user.chgroups alice users append=true",
        "user.chgroups alice []",
        "user.chroomnumber alice 12",
        "user.chhome alice /home/moved persist=true",
        "user.rename alice alicia",
        "user.info alicia",
        "user.add alicia",
    )
    assert answers[0] is True
    assert answers[1] == {
        **{"name": "alice", "uid": 1500, "gid": 100, "groups": ["users", "wheel"], "home": "/home/alice"},
        **{"passwd": "x", "shell": "/bin/bash", "fullname": "Alice A.", "roomnumber": "", "workphone": ""},
        **{"homephone": "", "other": ""},
    }
    assert answers[2:9] == [True] * 7
    assert private_box.line("passwd", "alicia")[2:] == [
        "1600",
        "100",
        "Alice A.,12",
        "/home/moved",
        "/bin/sh",
    ]
    assert answers[9]["groups"] == ["users"]
    assert answers[10] == {"error": "there is a user alicia on this box already"}
    profile = private_box.root / "home" / "moved" / ".profile"
    assert profile.read_text() == "# from skel\n"
    assert profile.stat().st_uid == 1600
    assert not (private_box.root / "home" / "alice").exists()


def test_real_user_is_deleted_with_the_home(private_box: PrivateBox) -> None:
    assert (
        private_box.ask(
            "user.add alice",
            "user.add bob createhome=false system=true",
            "user.delete alice remove=true",
            "user.delete bob",
        )
        == [True] * 4
    )
    assert private_box.line("passwd", "alice") == private_box.line("passwd", "bob") == []
    assert private_box.line("shadow", "alice") == []
    assert list((private_box.root / "home").iterdir()) == []


def test_real_useradd_says_why_it_refuses(private_box: PrivateBox) -> None:
    refused = private_box.ask("user.add alice gid=4242", "user.add bob uid=0")
    assert "group '4242' does not exist" in refused[0]["error"]
    assert "UID 0 is not unique" in refused[1]["error"]
