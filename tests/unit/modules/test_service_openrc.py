"""`service.*` on a box with OpenRC: fakes of its programs print what OpenRC 0.52 does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.service import openrc, provider
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
RUNLEVELS = """\
             bootmisc | boot
                chronyd |      default
              hwclock | boot
             local |
                 sshd |      default
"""
STATES = """\
 sshd                                                              [  started  ]
 chronyd                                      [  started 02:11:09 (0)  ]
 nginx                                                             [  crashed  ]
 local                                                             [  stopped  ]
"""
DESCRIBED = (
    " * Secure shell server\n * checkconfig: Verify configuration file\n * reload: Reload configuration\n"
)


@pytest.fixture
def box(programs: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path / "no")
    monkeypatch.setattr(provider, "OPENRC_RUNS", tmp_path)
    programs.say("rc-update show", RUNLEVELS)
    programs.say("rc-status --servicelist", STATES)
    programs.say("rc-service --list", "sshd\nchronyd\nnginx\nlocal\nhwclock\nbootmisc\n")
    return programs


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "reload"])
def test_what_is_done_now(box: FakePrograms, ask: Ask, verb: str) -> None:
    assert ask(f"service.{verb} sshd.service") is True
    assert box.calls("rc-service") == [["--exists", "sshd"], ["sshd", verb]]


@pytest.mark.parametrize(
    ("said", "verb"), [(DESCRIBED, "reload"), (" * No description for sshd\n", "restart")]
)
def test_force_reload_restarts_only_what_cannot_reload(
    box: FakePrograms, ask: Ask, said: str, verb: str
) -> None:
    box.say("rc-service sshd describe", said)
    ask("service.force_reload sshd")
    assert box.calls("rc-service")[-1] == ["sshd", verb]


def test_start_that_fails_says_why(box: FakePrograms, ask: Ask) -> None:
    box.say(
        "rc-service nginx start",
        " * Checking nginx' configuration ...\n",
        err=" * nginx: bind() failed\n * ERROR: nginx failed to start\n",
        code=1,
    )
    with pytest.raises(
        CommandError, match=r"cannot start nginx: .*bind\(\) failed \| ERROR: nginx failed to start"
    ):
        ask("service.start nginx")


def test_service_that_is_not_there(box: FakePrograms, ask: Ask) -> None:
    box.say("rc-service --exists nope", code=1)
    assert ask("service.available nope") is False
    assert ask("service.available sshd") is True
    for line in ("start nope", "enable nope", "disable nope"):
        with pytest.raises(ModuleError, match="there is no service nope"):
            ask(f"service.{line}")


@pytest.mark.parametrize("name", ["--list", "-l", "a b", "../x"])
def test_name_never_becomes_an_option(box: FakePrograms, ask: Ask, name: str) -> None:
    for function in ("start", "status", "enable", "enabled", "available"):
        with pytest.raises(ArgumentError, match="name of a service"):
            ask(f"service.{function} '{name}'")
    assert box.calls() == []


@pytest.mark.parametrize(("code", "runs"), [(0, True), (3, False), (32, False)])
def test_status(box: FakePrograms, ask: Ask, code: int, runs: bool) -> None:
    box.say("rc-service sshd status", " * status: ...\n", code=code)
    assert ask("service.status sshd") is runs


def test_status_of_a_pattern_is_a_map(box: FakePrograms, ask: Ask) -> None:
    box.say("rc-service status", code=3)
    box.say("rc-service chronyd status", " * status: started\n")
    assert ask("service.status '*[dx]'") == {"chronyd": True, "nginx": False, "sshd": False}


def test_what_there_is(box: FakePrograms, ask: Ask) -> None:
    assert ask("service.get_enabled") == ["bootmisc", "chronyd", "hwclock", "sshd"]
    assert ask("service.get_disabled") == ["local", "nginx"]
    assert ask("service.get_running") == ["chronyd", "sshd"]
    assert ask("service.get_static") == []
    assert ask("service.get_all") == ["bootmisc", "chronyd", "hwclock", "local", "nginx", "sshd"]


def test_enable_puts_into_the_runlevel_once(box: FakePrograms, ask: Ask) -> None:
    assert ask("service.enabled nginx") is False
    ask("service.enable nginx")
    ask("service.enable sshd")
    assert [words for words in box.calls("rc-update") if words != ["show"]] == [["add", "nginx", "default"]]


def test_disable_takes_out_of_all_runlevels(box: FakePrograms, ask: Ask) -> None:
    assert ask("service.disabled hwclock") is False
    ask("service.disable hwclock")
    ask("service.disable nginx")
    assert [words for words in box.calls("rc-update") if words != ["show"]] == [["--all", "del", "hwclock"]]


@pytest.mark.parametrize(
    "line", ["mask sshd", "unmask sshd", "masked sshd", "show sshd", "execs", "systemctl_reload"]
)
def test_what_only_systemd_has(box: FakePrograms, ask: Ask, line: str) -> None:
    with pytest.raises(UnavailableError, match="systemd does not run on this box"):
        ask(f"service.{line}")


def test_unmask_before_a_start_is_refused_not_forgotten(box: FakePrograms, ask: Ask) -> None:
    with pytest.raises(UnavailableError):
        ask("service.start sshd unmask=true")
    assert box.calls() == []


def test_parsers_on_nothing() -> None:
    assert openrc.in_runlevels("") == set()
    assert openrc.service_states("\n") == []
    assert not openrc.can_reload(" * unreload: x\n")
    assert openrc.last_lines(" \n") == "it does not say why"
