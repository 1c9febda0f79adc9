"""The clock, which is never really set here, and the reasons for a restart, in files of the test's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from modules.system import clock, reboot_need
from shoal.errors import ArgumentError, CommandError, ModuleError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]


@pytest.fixture
def set_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[float]:
    """Noted instead of set."""
    noted: list[float] = []
    monkeypatch.setattr(time, "clock_settime", lambda which, seconds: noted.append(seconds))
    monkeypatch.setattr(clock, "RTC_DEVICES", (tmp_path / "rtc0",))
    return noted


@pytest.mark.parametrize(
    ("function", "form"),
    [
        ("get_system_time", "%I:%M:%S %p"),
        ("get_system_date", "%a %m/%d/%Y"),
        ("get_system_date_time", "%Y-%m-%d %H:%M:%S"),
    ],
)
def test_time_at_an_offset(ask: Ask, monkeypatch: pytest.MonkeyPatch, function: str, form: str) -> None:
    then = datetime(2026, 1, 31, 23, 32, 5, tzinfo=timezone.utc)
    monkeypatch.setattr(clock, "_now", lambda offset: then.astimezone(clock.zone(offset)))
    for offset, hour, day in (("+0000", 23, 31), ("+0100", 0, 1), ("-0530", 18, 31)):
        shown = datetime.strptime(ask(f"system.{function} utc_offset={offset}"), form)
        if "%H" in form or "%I" in form:
            assert shown.hour == hour
        if "%d" in form:
            assert shown.day == day


@pytest.mark.parametrize("offset", ["6", "+6", "0600", "+2400", "+0660", "UTC", "+0600x"])
def test_offset_that_cannot_be_read(ask: Ask, offset: str) -> None:
    with pytest.raises(ArgumentError, match="utc_offset"):
        ask(f"system.get_system_time utc_offset={offset}")


@pytest.mark.parametrize("newtime", ["14:32:05", "02:32:05 PM"])
def test_time_is_set(ask: Ask, programs: FakePrograms, set_to: list[float], newtime: str) -> None:
    assert ask(f"system.set_system_time '{newtime}' utc_offset=+0200") is True
    moment = datetime.fromtimestamp(set_to[0], timezone.utc)
    assert (moment.hour, moment.minute, moment.second) == (12, 32, 5)
    assert programs.calls() == []


def test_date_is_set(ask: Ask, programs: FakePrograms, set_to: list[float]) -> None:
    ask("system.set_system_date 2031-02-28 utc_offset=+0000")
    ask("system.set_system_date 02/28/2031 utc_offset=+0000")
    assert {time.strftime("%Y-%m-%d", time.gmtime(each)) for each in set_to} == {"2031-02-28"}


def test_parts_are_set(ask: Ask, programs: FakePrograms, set_to: list[float]) -> None:
    ask("system.set_system_date_time years=2031 months=5 days=6 hours=0 minutes=7 seconds=8 utc_offset=+0000")
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(set_to[0])) == "2031-05-06 00:07:08"


@pytest.mark.parametrize(
    "line",
    [
        "set_system_time 25:00",
        "set_system_time noon",
        "set_system_date 2026-02-30",
        "set_system_date_time",
        "set_system_date_time months=13",
        "set_system_date_time hours=-2",
    ],
)
def test_moment_that_is_none(ask: Ask, set_to: list[float], line: str) -> None:
    with pytest.raises(ArgumentError):
        ask(f"system.{line}")
    assert set_to == []


def test_hardware_clock_is_set_too(
    ask: Ask, programs: FakePrograms, set_to: list[float], tmp_path: Path
) -> None:
    assert ask("system.has_settable_hwclock") is False
    (tmp_path / "rtc0").touch()
    assert ask("system.has_settable_hwclock") is False
    programs.add("hwclock")
    assert ask("system.has_settable_hwclock") is True
    ask("system.set_system_time 12:00")
    assert programs.calls() == [["hwclock", "--systohc"]]
    programs.say("hwclock", err="hwclock: Cannot access the Hardware Clock.\n", code=1)
    with pytest.raises(CommandError, match="Cannot access"):
        ask("system.set_system_time 12:00")


def test_clock_that_we_may_not_set(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_which: int, _seconds: float) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(time, "clock_settime", refuse)
    with pytest.raises(ModuleError, match="cannot be set: Operation not permitted"):
        ask("system.set_system_time 12:00")


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setattr(reboot_need, "KERNELS", tmp_path / "modules")
    monkeypatch.setattr(reboot_need, "MARKS", (tmp_path / "reboot-required",))

    def install(*names: str) -> None:
        for name in names:
            (tmp_path / "modules" / name).mkdir(parents=True)
            (tmp_path / "modules" / name / "modules.dep").touch()

    return install


@pytest.mark.parametrize(
    ("name", "running", "newer"),
    [
        ("6.1.0-26-amd64", "6.1.0-25-amd64", True),
        ("6.1.0-9-amd64", "6.1.0-25-amd64", False),
        ("6.1.0-26-cloud-amd64", "6.1.0-25-amd64", False),
        ("6.6.51+rpt-rpi-v8", "6.6.31+rpt-rpi-v8", True),
        ("6.6.51+rpt-rpi-2712", "6.6.31+rpt-rpi-v8", False),
        ("6.1.21-v8+", "6.1.19-v8+", True),
        ("5.14.0-427.13.1.el9_4.x86_64", "5.14.0-362.8.1.el9_3.x86_64", True),
        ("6.6.51-0-lts", "6.6.50-0-lts", True),
        ("5.15.0-91-generic", "5.15.0-91-generic", False),
        ("5.15.0-100-generic", "5.15.0-91-generic", True),
        ("extra", "6.1.0-25-amd64", False),
    ],
)
def test_newer_kernel_of_the_same_flavour(name: str, running: str, newer: bool) -> None:
    assert reboot_need.is_newer(name, running) is newer


def test_no_reason(kernels: Callable[..., None], tmp_path: Path) -> None:
    assert reboot_need.reasons("6.1.0-25-amd64") == []  # a container has no kernels at all
    kernels("6.1.0-25-amd64", "6.1.0-23-amd64", "6.1.0-99-rt-amd64")
    assert reboot_need.reasons("6.1.0-25-amd64") == []
    (tmp_path / "modules/6.1.0-30-amd64").mkdir()  # what a removed kernel leaves
    assert reboot_need.reasons("6.1.0-25-amd64") == []


def test_reasons_are_told(kernels: Callable[..., None], ask: Ask, tmp_path: Path) -> None:
    assert ask("system.get_reboot_required_witnessed") is False
    mark = tmp_path / "reboot-required"
    mark.touch()
    assert reboot_need.reasons("1") == [f"{mark} is there"]
    (tmp_path / "reboot-required.pkgs").write_text("libc6\nlinux-base\nlibc6\n")
    kernels("6.1.0-25-amd64", "6.1.0-27-amd64", "6.1.0-100-amd64")
    assert reboot_need.reasons("6.1.0-25-amd64") == [
        f"{mark} is there, left by libc6 linux-base",
        "kernel 6.1.0-100-amd64 is installed, 6.1.0-25-amd64 runs",
    ]
    assert ask("system.get_reboot_required_witnessed") is True
    assert ask("system.reboot_reasons")[0].startswith(str(mark))


def test_running_kernel_that_was_removed(kernels: Callable[..., None]) -> None:
    kernels("6.6.49-0-lts")
    assert reboot_need.reasons("6.6.50-0-lts") == [
        "kernel 6.6.50-0-lts runs, but it is not installed any more"
    ]
    assert reboot_need.reasons("6.6.50-host") == []  # a container that sees another kernel's modules


def test_id_of_this_boot(ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert len(ask("system.boot_id")) == 36
    assert ask("system.random_boot_id") == ask("system.boot_id")
    monkeypatch.setattr(reboot_need, "BOOT_ID", tmp_path / "nope")
    with pytest.raises(ModuleError, match="cannot be read"):
        ask("system.boot_id")


def test_uptime(ask: Ask) -> None:
    assert ask("system.uptime")["seconds"] > 0
