"""Taking the box down: only fakes are on the PATH, so this box stays up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from modules.system import background, provider, transient_timer
from modules.system.delay import delay_s
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
NOW = 1767607200  # 2026-01-05T10:00:00Z
NO_TIMER = "ActiveState=inactive\nDescription=shoal-shutdown.timer\n"
TIMER = f"Description=Shoal: reboot at {NOW + 300}\nActiveState=active\n"
LOGIND = "USEC=1767610800000000\nWARN_WALL=1\nMODE=poweroff\nUID=0\nTTY=pts/0\n"


@pytest.fixture
def fakes(programs: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePrograms]:
    monkeypatch.setattr(time, "time", lambda: float(NOW))
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path / "no")
    monkeypatch.setattr(transient_timer, "SCHEDULED", tmp_path / "scheduled")
    monkeypatch.setattr(background, "RUN", tmp_path)
    yield programs
    monkeypatch.undo()  # pytest itself looks at the time


@pytest.fixture
def systemd(fakes: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path)
    fakes.say("systemctl show shoal-shutdown.timer", NO_TIMER)
    fakes.add("systemd-run", "shutdown")
    return fakes


@pytest.fixture
def openrc(fakes: FakePrograms) -> FakePrograms:
    fakes.add("start-stop-daemon", "shutdown")
    return fakes


@pytest.mark.parametrize(
    ("at_time", "in_seconds", "seconds"),
    [
        ("", False, 10),
        ("now", False, 5),
        (0, False, 5),
        (5, False, 300),
        ("5", False, 300),
        ("+5", False, 300),
        (20, True, 20),
        (1, True, 5),
        ("30s", False, 30),
        ("5m", True, 300),
        ("2h", False, 7200),
        ("10:01", False, 60),
        ("09:59", False, 86400 - 60),
        ("10:00", False, 86400),
    ],
)
def test_when(at_time: int | str, in_seconds: bool, seconds: int) -> None:
    now = datetime(2026, 1, 5, 10, 0, tzinfo=timezone.utc)
    assert delay_s(at_time, in_seconds=in_seconds, now=now) == seconds


@pytest.mark.parametrize(
    "at_time", [-1, "-5", "soon", "24:00", "10:60", "5 m", "1d", 999_999, "5m -k", "5\n6"]
)
def test_when_that_cannot_be_read(at_time: int | str) -> None:
    with pytest.raises(ArgumentError):
        delay_s(at_time, in_seconds=False, now=datetime(2026, 1, 5, tzinfo=timezone.utc))


@pytest.mark.parametrize("action", ["reboot", "poweroff", "halt"])
def test_timer_takes_the_box_down_later(systemd: FakePrograms, ask: Ask, action: str) -> None:
    assert ask(f"system.{action}") == {"action": action, "at": "2026-01-05T10:00:10Z", "by": "shoal"}
    assert systemd.calls("systemd-run") == [
        [
            "--quiet",
            "--collect",
            "--unit=shoal-shutdown",
            f"--description=Shoal: {action} at {NOW + 10}",
            "--on-active=10s",
            "--timer-property=AccuracySec=100ms",
            "--",
            "systemctl",
            "--no-ask-password",
            action,
        ]
    ]


def test_delay_in_minutes(systemd: FakePrograms, ask: Ask) -> None:
    assert ask("system.shutdown 5")["at"] == "2026-01-05T10:05:00Z"
    assert "--on-active=300s" in systemd.calls("systemd-run")[0]
    assert systemd.calls("systemd-run")[0][-1] == "poweroff"


def test_description_that_is_written_is_read_again(systemd: FakePrograms, ask: Ask) -> None:
    made = ask("system.reboot 30s")
    description = next(word for word in systemd.calls("systemd-run")[0] if word.startswith("--description="))
    systemd.say("systemctl show shoal-shutdown.timer", f"ActiveState=active\nD{description[3:]}\n")
    assert ask("system.pending") == made


def test_nothing_is_pending(systemd: FakePrograms, ask: Ask) -> None:
    assert ask("system.pending") is None
    assert ask("system.cancel") is None
    assert "stop" not in [word for call in systemd.calls("systemctl") for word in call]
    assert systemd.calls("shutdown") == []


def test_timer_that_does_not_run_takes_nothing_down(systemd: FakePrograms, ask: Ask) -> None:
    systemd.say("systemctl show shoal-shutdown.timer", TIMER.replace("=active", "=failed"))
    assert ask("system.pending") is None


def test_second_shutdown_is_refused(systemd: FakePrograms, ask: Ask) -> None:
    systemd.say("systemctl show shoal-shutdown.timer", TIMER)
    with pytest.raises(
        ModuleError, match=r"a reboot is due at 2026-01-05T10:05:00Z already; run system\.cancel"
    ):
        ask("system.poweroff")
    assert systemd.calls("systemd-run") == []


def test_timer_is_cancelled(systemd: FakePrograms, ask: Ask) -> None:
    systemd.say("systemctl show shoal-shutdown.timer", TIMER)
    assert ask("system.cancel") == {"action": "reboot", "at": "2026-01-05T10:05:00Z", "by": "shoal"}
    assert systemd.calls("systemctl")[-1] == ["--no-ask-password", "stop", "--", "shoal-shutdown.timer"]
    assert systemd.calls("shutdown") == []


def test_shutdown_of_somebody_else(systemd: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "scheduled").write_text(LOGIND)
    found = {"action": "poweroff", "at": "2026-01-05T11:00:00Z", "by": "shutdown"}
    assert ask("system.pending") == found
    assert ask("system.shutdown_abort") == found
    assert systemd.calls("shutdown") == [["-c", "--no-wall"]]


@pytest.mark.parametrize("text", ["", "USEC=soon\nMODE=reboot\n", "USEC=1\n", "garbage"])
def test_schedule_that_cannot_be_read_is_none(text: str) -> None:
    assert transient_timer.logind_schedule(text) is None


def test_timer_that_cannot_be_started(systemd: FakePrograms, ask: Ask) -> None:
    systemd.say("systemd-run", err="Failed to start transient timer unit: Access denied\n", code=1)
    with pytest.raises(CommandError, match="Access denied"):
        ask("system.reboot")


@pytest.mark.parametrize(
    ("line", "words", "at"),
    [
        ("reboot", ["-r", "+1"], "10:01"),
        ("poweroff 5", ["-h", "-P", "+5"], "10:05"),
        ("halt 61s", ["-h", "-H", "+2"], "10:02"),
    ],
)
def test_without_systemd_shutdown_waits_in_the_background(
    openrc: FakePrograms, ask: Ask, tmp_path: Path, line: str, words: list[str], at: str
) -> None:
    made = ask(f"system.{line}")
    assert made["at"] == f"2026-01-05T{at}:00Z"
    pid_file, program = str(tmp_path / "shoal-shutdown.pid"), str(openrc.bin / "shutdown")
    assert openrc.calls() == [
        ["start-stop-daemon", "-S", "-b", "-m", "-p", pid_file, "-x", program, "--", *words]
    ]
    assert (tmp_path / "shoal-shutdown.json").stat().st_mode & 0o777 == 0o600


def test_shutdown_of_openrc_takes_one_word(openrc: FakePrograms, ask: Ask) -> None:
    openrc.add("openrc-shutdown")
    (openrc.bin / "shutdown").unlink()
    (openrc.bin / "shutdown").symlink_to("openrc-shutdown")
    ask("system.halt")
    assert openrc.calls()[0][-3:] == ["--", "-H", "+1"]


def test_busybox_waits_by_itself(openrc: FakePrograms, ask: Ask) -> None:
    (openrc.bin / "shutdown").unlink()
    openrc.add("busybox")
    (openrc.bin / "reboot").symlink_to("busybox")
    assert ask("system.reboot")["at"] == "2026-01-05T10:00:10Z"
    assert openrc.calls()[0][-4:] == [str(openrc.bin / "reboot"), "--", "-d", "10"]


@pytest.mark.parametrize("missing", ["shutdown", "start-stop-daemon"])
def test_box_that_cannot_wait(openrc: FakePrograms, ask: Ask, missing: str) -> None:
    openrc.add("reboot")  # not busybox's: it would go down at once
    (openrc.bin / missing).unlink()
    with pytest.raises(UnavailableError):
        ask("system.reboot")
    assert openrc.calls() == []


@pytest.fixture
def waiting(tmp_path: Path, openrc: FakePrograms) -> Iterator[subprocess.Popen[bytes]]:
    """A process called `shutdown` that waits, as `start-stop-daemon` would have left it."""
    script = tmp_path / "shutdown"
    script.write_text("import sys; print('up', flush=True); sys.stdin.read()")
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdout
        started.stdout.readline()
        (tmp_path / "shoal-shutdown.pid").write_text(f"{started.pid}\n")
        yield started
        started.kill()


def test_background_shutdown_is_told_and_cancelled(
    openrc: FakePrograms, ask: Ask, tmp_path: Path, waiting: subprocess.Popen[bytes]
) -> None:
    (tmp_path / "shoal-shutdown.json").write_text(f'{{"action": "reboot", "at": {NOW + 60}}}')
    found = {"action": "reboot", "at": "2026-01-05T10:01:00Z", "by": "shoal"}
    assert ask("system.pending") == found
    with pytest.raises(ModuleError, match=r"due at 2026-01-05T10:01:00Z already"):
        ask("system.reboot")
    assert ask("system.cancel") == found
    assert waiting.wait(10) == -15
    assert not (tmp_path / "shoal-shutdown.pid").exists()
    assert ask("system.pending") is None


def test_number_that_is_somebody_elses_now(openrc: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "shoal-shutdown.pid").write_text(str(os.getpid()))
    (tmp_path / "shoal-shutdown.json").write_text(f'{{"action": "reboot", "at": {NOW + 60}}}')
    assert ask("system.pending") is None
    assert ask("system.cancel") is None


def test_message_to_everybody(fakes: FakePrograms, ask: Ask) -> None:
    fakes.add("wall")
    assert ask("system.wall 'Back at \x1b[2Jnoon. --help'") is True
    assert fakes.calls() == [["wall"]]
    assert fakes.stdin() == "Back at [2Jnoon. --help\n"
    for text in ("", " ", "\x07", "x" * 2001):
        with pytest.raises(ArgumentError):
            ask(f"system.wall '{text}'")
