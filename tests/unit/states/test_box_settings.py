"""`timezone`, `locale`, `hostname`, `environ` and `alternatives`, on files and folders of the test's own."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from modules import environ, hostname, timezone
from modules.alternatives import debian as debian_alternatives
from modules.locale import debian as debian_locales
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.states.trial import Box

needs_debian = pytest.mark.skipif(
    not shutil.which("update-alternatives") or bool(shutil.which("alternatives")),
    reason="not Debian's family",
)


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir()
    return folder


@pytest.fixture
def box(etc: Path) -> Box:
    return Box(etc)


@pytest.fixture
def zones(etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the time zones; the box is in the first, and its link is a relative one."""
    zoneinfo = tmp_path / "zoneinfo"
    for name in ("Etc/UTC", "Europe/Berlin"):
        (zoneinfo / name).parent.mkdir(parents=True, exist_ok=True)
        (zoneinfo / name).write_bytes(b"TZif" + name.encode())
    (etc / "localtime").symlink_to("../zoneinfo/Etc/UTC")
    (etc / "timezone").write_text("Etc/UTC\n")
    monkeypatch.setattr(timezone, "ZONEINFO", str(zoneinfo))
    for name, file in [("LOCALTIME", "localtime"), ("TIMEZONE", "timezone"), ("ADJTIME", "adjtime")]:
        monkeypatch.setattr(timezone, name, str(etc / file))
    monkeypatch.setattr(timezone, "OPENRC_HWCLOCK", str(etc / "hwclock"))
    return zoneinfo


@pytest.fixture
def locales(etc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """C.UTF-8 and de_AT.UTF-8 are there; the second can be made."""
    programs = FakePrograms(tmp_path / "fakes", monkeypatch)
    (tmp_path / "listed").write_text("C\nC.utf8\nPOSIX\n")
    (tmp_path / "supported").write_text("de_AT.UTF-8 UTF-8\n")
    programs.say("locale", does=programs.printing(tmp_path / "listed"))
    programs.say("locale-gen", does=f"echo de_AT.utf8 >> {tmp_path / 'listed'}")
    monkeypatch.setattr(debian_locales, "DEFAULT_LOCALE", str(etc / "locale"))
    monkeypatch.setattr(debian_locales, "LOCALE_GEN", str(etc / "locale.gen"))
    monkeypatch.setattr(debian_locales, "SUPPORTED", str(tmp_path / "supported"))
    return programs


def test_time_zone_is_set_and_led_back_by_the_same_link(box: Box, zones: Path) -> None:
    outcome = box.cycle("timezone.system", "Europe/Berlin")
    assert outcome.changes == {"timezone": "Europe/Berlin"}
    assert outcome.comment == "Set timezone Europe/Berlin"


def test_time_zone_that_is_set_stays(box: Box, zones: Path) -> None:
    outcome = box.run("timezone.system", "Etc/UTC")
    assert (outcome.result, outcome.changes) == (True, {})
    assert outcome.comment == "Timezone Etc/UTC already set, UTC already set to Etc/UTC"


def test_box_without_a_time_zone_has_none_again(box: Box, zones: Path) -> None:
    (box.folder / "localtime").unlink()
    (box.folder / "timezone").unlink()
    box.cycle("timezone.system", "Europe/Berlin")


def test_unknown_time_zone_is_told(box: Box, zones: Path) -> None:
    outcome = box.run("timezone.system", "Nowhere/Land")
    assert outcome.result is False
    assert outcome.comment.endswith('Can\'t find a local timezone "Nowhere/Land"')


def test_copied_time_zone_has_no_way_back(box: Box, zones: Path) -> None:
    (box.folder / "localtime").unlink()
    (box.folder / "localtime").write_bytes(b"TZifEtc/UTC")
    (step,) = box.plan("timezone.system", "Europe/Berlin").steps
    assert step.undo is None
    assert "is a copy of a zone" in step.final


def test_hardware_clock_is_set_to_local_time(
    box: Box, zones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = FakePrograms(tmp_path / "fakes", monkeypatch)
    programs.add("hwclock")
    (box.folder / "hwclock").write_text('clock="UTC"\n')
    outcome = box.cycle("timezone.system", "Etc/UTC", utc=False)
    assert outcome.changes == {"utc": False}
    assert programs.calls("hwclock")[-2:] == [["-w", "-l"], ["-w", "-u"]]


def test_locale_that_is_there_stays(box: Box, locales: FakePrograms) -> None:
    outcome = box.run("locale.present", "C.UTF-8")
    assert (outcome.result, outcome.comment) == (True, "Locale C.UTF-8 is already present")


def test_locale_is_made_for_good(box: Box, locales: FakePrograms) -> None:
    assert box.run("locale.present", "de_AT.UTF-8", test=True).comment == (
        "Locale de_AT.UTF-8 needs to be generated"
    )
    outcome = box.run("locale.present", "de_AT.UTF-8")
    assert (outcome.result, outcome.comment) == (True, "Generated locale de_AT.UTF-8")
    assert box.journal.steps[0].final


def test_system_locale_is_set(box: Box, locales: FakePrograms) -> None:
    (box.folder / "locale").write_text("# mine\nLANG=C\nLC_TIME=C\n")
    outcome = box.cycle("locale.system", "C.UTF-8")
    assert (outcome.changes, outcome.comment) == ({"locale": "C.UTF-8"}, "Set system locale C.UTF-8")
    (box.folder / "locale").write_text("LANG=C.utf8\n")
    assert box.run("locale.system", "C.UTF-8").comment == "System locale C.UTF-8 already set"


def test_locale_that_is_not_there_is_not_made_the_systems(box: Box, locales: FakePrograms) -> None:
    outcome = box.run("locale.system", "de_AT.UTF-8")
    assert outcome.result is False
    assert "make it with locale.gen_locale" in outcome.comment


@pytest.fixture
def named(etc: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kernel's word for the box: `old`."""
    kernel = ["old"]
    monkeypatch.setattr(socket, "gethostname", lambda: kernel[0])
    monkeypatch.setattr(socket, "sethostname", lambda name: kernel.__setitem__(0, name))
    monkeypatch.setattr(hostname, "HOSTNAME", str(etc / "hostname"))
    monkeypatch.setattr(hostname, "HOSTS", str(etc / "hosts"))
    monkeypatch.setattr(hostname, "SYSTEMD", str(etc / "systemd"))
    (etc / "hostname").write_text("old\n")
    (etc / "hosts").write_text("127.0.0.1\tlocalhost\n127.0.1.1\told\n10.1.1.1 old\n")
    return kernel


def test_box_gets_its_name_and_the_old_one_back(box: Box, named: list[str]) -> None:
    outcome = box.cycle("hostname.present", "web2.example.org")
    assert outcome.changes == {
        "hostname": {"old": "old", "new": "web2.example.org"},
        "static": {"old": "old", "new": "web2.example.org"},
    }
    assert named == ["old"]


def test_name_for_now_leaves_the_files(box: Box, named: list[str]) -> None:
    outcome = box.cycle("hostname.present", "web2", persist=False)
    assert outcome.changes == {"hostname": {"old": "old", "new": "web2"}}


def test_name_that_is_no_host_name_is_refused(box: Box, named: list[str]) -> None:
    outcome = box.run("hostname.present", "two words")
    assert outcome.result is False
    assert "is not a host name" in outcome.comment


@pytest.fixture
def surroundings(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environ, "ENVIRONMENT", str(etc / "environment"))
    monkeypatch.delenv("SHOAL_A", raising=False)
    monkeypatch.setenv("SHOAL_B", "b")


@pytest.mark.usefixtures("surroundings")
def test_variables_are_set_for_the_run(box: Box) -> None:
    outcome = box.cycle("environ.setenv", "SHOAL_A", value=7)
    assert (outcome.changes, outcome.comment) == ({"SHOAL_A": "7"}, "Environ values were set")
    assert "SHOAL_A" not in os.environ
    assert box.run("environ.setenv", "SHOAL_B", value="b").comment == (
        "Environ values are already set with the correct values"
    )


@pytest.mark.usefixtures("surroundings")
def test_false_unsets_where_it_is_said(box: Box) -> None:
    assert box.cycle("environ.setenv", "SHOAL_B", value=False).changes == {"SHOAL_B": ""}
    assert box.cycle("environ.setenv", "SHOAL_B", value=False, false_unsets=True).changes == {"SHOAL_B": None}
    assert os.environ["SHOAL_B"] == "b"


@pytest.mark.usefixtures("surroundings")
def test_permanent_variables_are_in_the_file(box: Box) -> None:
    (box.folder / "environment").write_text("PATH=/bin\n")
    values = {"SHOAL_A": "x y", "SHOAL_B": "b"}
    outcome = box.cycle("environ.setenv", "it", value=values, permanent=True)
    assert outcome.changes == values
    os.environ.pop("SHOAL_A")


@pytest.mark.usefixtures("surroundings")
def test_minions_own_surroundings_are_not_touched(box: Box) -> None:
    outcome = box.run("environ.setenv", "SHOAL_B", value="b", update_minion=True, test=True)
    assert outcome.result is True
    plan = box.plan("environ.setenv", "SHOAL_B", value="b", update_minion=True)
    assert plan.warnings == ("update_minion does nothing: what is set ends with the run",)


@pytest.fixture
def editors(box: Box, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folders for the real tool, two programs, and `nano` as the editor."""
    root = box.folder
    for name in ("alt", "admin", "bin"):
        (root / name).mkdir()
    for name in ("nano", "vim"):
        (root / "bin" / name).touch(0o755)
    log = root.parent / "log"
    monkeypatch.setattr(
        debian_alternatives,
        "FOLDERS",
        ("--altdir", f"{root}/alt", "--admindir", f"{root}/admin", "--log", str(log)),
    )
    nano = {"link": str(root / "bin/editor"), "path": str(root / "bin/nano"), "priority": 10}
    assert box.run("alternatives.install", "editor", **nano).result is True
    box.journal.steps.clear()
    return root / "bin"


@needs_debian
def test_alternatives_come_and_go(box: Box, editors: Path) -> None:
    vim = {"link": str(editors / "editor"), "path": str(editors / "vim"), "priority": 50}
    outcome = box.cycle("alternatives.install", "editor", **vim)
    assert outcome.changes == {"name": "editor", **vim}
    box.run("alternatives.install", "editor", **vim)
    box.cycle("alternatives.install", "editor", **{**vim, "priority": 5})
    box.cycle("alternatives.remove", "editor", path=vim["path"])
    assert box.cycle("alternatives.set", "editor", path=vim["path"]).changes == {"path": vim["path"]}
    box.run("alternatives.set", "editor", path=str(editors / "nano"))
    box.journal.steps.clear()
    box.cycle("alternatives.set", "editor", path=vim["path"])
    outcome = box.cycle("alternatives.auto", "editor")
    assert outcome.changes == {"result": {"old": str(editors / "nano"), "new": vim["path"]}}


@needs_debian
def test_program_that_is_no_alternative_is_told(box: Box, editors: Path) -> None:
    outcome = box.run("alternatives.set", "editor", path="/bin/nope")
    assert (outcome.result, outcome.comment) == (False, "Alternative /bin/nope for editor doesn't exist")
    assert box.run("alternatives.remove", "editor", path="/bin/nope").result is True
    assert box.run("alternatives.auto", "nope").result is False
