"""Another user's process has that user's rights and surroundings, and nothing of ours."""

from __future__ import annotations

import grp
import os
import pwd

import pytest

from modules.process_env import Account, environment, find_account
from modules.shell import Command, run
from shoal.errors import CommandError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@needs_root
def test_process_runs_with_the_users_ids_and_groups() -> None:
    done = run(Command(argv=("id",), runas="nobody"))
    user = pwd.getpwnam("nobody")
    groups = {grp.getgrgid(each).gr_name for each in os.getgrouplist("nobody", user.pw_gid)}
    assert f"uid={user.pw_uid}(nobody)" in done.stdout
    assert all(f"({name})" in done.stdout.partition("groups=")[2] for name in groups)
    assert "root" not in done.stdout


@needs_root
def test_other_users_process_inherits_nothing_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOTS_TOKEN", "x")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    done = run(Command(argv=("env",), runas="nobody", env={"MORE": "1"}))
    found = dict(line.partition("=")[::2] for line in done.stdout.splitlines())
    user = pwd.getpwnam("nobody")
    own = {"HOME", "USER", "LOGNAME", "SHELL", "MORE"}
    shared = {"PATH", "LANG", "LANGUAGE", "TERM", "TZ"}
    assert {name for name in found if not name.startswith("LC_")} <= own | shared
    assert own <= found.keys()
    assert (found["HOME"], found["USER"], found["LOGNAME"]) == (user.pw_dir, "nobody", "nobody")
    assert found["LC_ALL"] == "C.UTF-8"


@needs_root
def test_other_users_process_is_killed_on_timeout() -> None:
    with pytest.raises(CommandError, match="Timed out"):
        run(Command(argv=("sleep", "60"), runas="nobody", timeout_s=0.1))


def test_running_as_oneself_needs_no_rights() -> None:
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert run(Command(argv=("id", "-un"), runas=me)).stdout.strip() == me


def test_only_root_can_become_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(CommandError, match="only a minion that runs as root can change the user"):
        find_account("nobody")


def test_own_account_keeps_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", "1")
    me = Account(name="me", uid=os.geteuid(), gid=0, groups=(), home="/h", shell="/bin/sh")
    assert environment({}, me, clean=False)["MINE"] == "1"
    assert environment({}, me, clean=False)["HOME"] == "/h"
