"""The time zone, on a zoneinfo folder and an /etc of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules import timezone
from shoal.errors import ArgumentError, ModuleError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
SYSTEM = Path("/usr/share/zoneinfo")
ZONES = ("Etc/UTC", "Asia/Tokyo", "America/Argentina/Salta")
pytestmark = pytest.mark.skipif(
    not all((SYSTEM / zone).exists() for zone in ZONES), reason="no tzdata on this box"
)


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    zoneinfo, root = tmp_path / "zoneinfo", tmp_path / "etc"
    root.mkdir()
    for zone in (*ZONES, "posix/Asia/Tokyo"):
        (zoneinfo / zone).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SYSTEM / zone.removeprefix("posix/"), zoneinfo / zone)
    (zoneinfo / "zone.tab").write_text("no zone")
    monkeypatch.setattr(timezone, "ZONEINFO", str(zoneinfo))
    for name, file in [("LOCALTIME", "localtime"), ("TIMEZONE", "timezone"), ("ADJTIME", "adjtime")]:
        monkeypatch.setattr(timezone, name, str(root / file))
    monkeypatch.setattr(timezone, "OPENRC_HWCLOCK", str(root / "conf.d/hwclock"))
    return root


def test_set_zone_is_told_and_used(ask: Ask, etc: Path) -> None:
    assert ask("timezone.set_zone Asia/Tokyo") is True
    assert ask("timezone.get_zone") == "Asia/Tokyo"
    assert ask("timezone.get_zonecode") == "JST"
    assert ask("timezone.get_offset") == "+0900"
    assert ask("timezone.zone_compare Asia/Tokyo") is True
    assert ask("timezone.zone_compare Etc/UTC") is False
    assert ask("timezone.set_zone America/Argentina/Salta") is True
    assert ask("timezone.get_offset") == "-0300"
    assert [each.name for each in etc.iterdir()] == ["localtime"]  # no second file where there was none


def test_name_is_repeated_where_the_box_does_so(ask: Ask, etc: Path) -> None:
    (etc / "timezone").write_text("Etc/UTC\n")
    ask("timezone.set_zone Asia/Tokyo")
    assert (etc / "timezone").read_text() == "Asia/Tokyo\n"


def test_relative_link_is_understood(ask: Ask, etc: Path) -> None:
    (etc / "localtime").symlink_to("../zoneinfo/Asia/Tokyo")
    assert ask("timezone.get_zone") == "Asia/Tokyo"


def test_box_without_a_zone_is_on_utc(ask: Ask, etc: Path) -> None:
    assert ask("timezone.get_zone") == "UTC"
    assert ask("timezone.get_offset") == "+0000"
    assert ask("timezone.get_zonecode") == "UTC"
    assert ask("timezone.zone_compare Etc/UTC") is True


def test_copy_of_a_zone_is_known_by_its_bytes(ask: Ask, etc: Path) -> None:
    shutil.copyfile(SYSTEM / "Asia/Tokyo", etc / "localtime")
    (etc / "timezone").write_text("Etc/UTC\n")  # which is wrong
    assert ask("timezone.get_zone") == "Asia/Tokyo"
    (etc / "localtime").write_bytes(b"TZif and more")
    with pytest.raises(ModuleError, match="is none of the time zones"):
        ask("timezone.get_zone")


@pytest.mark.parametrize("zone", ["Mars/Phobos", "../etc/passwd", "/etc/localtime", "zone.tab", "Asia", "-x"])
def test_what_is_no_zone_is_refused(ask: Ask, etc: Path, zone: str) -> None:
    for verb in ("set_zone", "zone_compare"):
        with pytest.raises(ArgumentError, match="is no time zone of this box"):
            ask(f"timezone.{verb} {zone}")
    assert not (etc / "localtime").exists()


def test_zones_are_listed_once(ask: Ask, etc: Path) -> None:
    assert ask("timezone.list") == ["America/Argentina/Salta", "Asia/Tokyo", "Etc/UTC"]


@pytest.mark.parametrize(
    ("adjtime", "openrc", "clock"),
    [
        ("", "", "UTC"),
        ("0.0 0 0.0\n0\nLOCAL\n", "", "localtime"),
        ("0.0 0 0.0\n0\nUTC\n", "", "UTC"),
        ("", '# clock="UTC"\nclock="local"\n', "localtime"),
        ("0.0 0 0.0\n0\nLOCAL\n", "clock=UTC\n", "UTC"),
    ],
)
def test_hardware_clock_is_told(ask: Ask, etc: Path, adjtime: str, openrc: str, clock: str) -> None:
    (etc / "adjtime").write_text(adjtime)
    if openrc:
        (etc / "conf.d").mkdir()
        (etc / "conf.d/hwclock").write_text(openrc)
    assert ask("timezone.get_hwclock") == clock


def test_hardware_clock_is_set_for_good(ask: Ask, etc: Path, programs: FakePrograms) -> None:
    programs.add("hwclock")
    (etc / "conf.d").mkdir()
    (etc / "conf.d/hwclock").write_text("# x\nclock='UTC'\nother=1\n")
    assert ask("timezone.set_hwclock localtime") is True
    assert (etc / "conf.d/hwclock").read_text() == '# x\nclock="local"\nother=1\n'
    assert ask("timezone.set_hwclock UTC") is True
    assert programs.calls() == [["hwclock", "-w", "-l"], ["hwclock", "-w", "-u"]]
    with pytest.raises(ArgumentError):
        ask("timezone.set_hwclock GMT")


def test_link_does_not_lead_out_of_the_zones(ask: Ask, etc: Path) -> None:
    for target in ("/etc/shadow", "../zoneinfo/../x"):
        with pytest.raises(ArgumentError, match="is not below"):
            ask(f"timezone.put_back {target}")
    assert not (etc / "localtime").exists()
