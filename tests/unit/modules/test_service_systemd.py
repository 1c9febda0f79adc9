"""`service.*` on a box with systemd: a fake systemctl for what runs, the real one for unit files below a root."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.service import listing, provider, systemd
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.test_unit_table import SHOW_252, UNIT_FILES_252, UNITS_252

Ask = Callable[[str], Any]
FLAGS = ["--no-pager", "--no-ask-password"]
LOADED = "LoadState=loaded\nNeedDaemonReload=no\n"
UP = "ActiveState=active\nSubState=running\nResult=success\n"
FAILED = (
    "Job for nginx.service failed because the control process exited with error code.\n"
    'See "systemctl status nginx.service" and "journalctl -xeu nginx.service" for details.\n'
)


@pytest.fixture
def box(programs: FakePrograms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """A box on which systemd runs, with an nginx that can be started."""
    (tmp_path / "etc/rc3.d").mkdir(parents=True)
    (tmp_path / "etc/init.d").mkdir()
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(systemd, "ETC", tmp_path / "etc")
    monkeypatch.setattr(listing, "_PAUSE_S", 0.0)
    programs.say("systemctl show --property=LoadState,NeedDaemonReload", LOADED)
    programs.say("systemctl show --property=ActiveState,SubState,Result", UP)
    programs.say("systemctl list-unit-files", UNIT_FILES_252)
    programs.say("systemctl list-units", UNITS_252)
    return programs


def changes(box: FakePrograms) -> list[list[str]]:
    """Return the calls of systemctl that are no question."""
    asked = {"show", "is-active", "is-enabled", "list-units", "list-unit-files"}
    calls = [words[len(FLAGS) :] for words in box.calls("systemctl")]
    return [words for words in calls if words[0] not in asked]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("service.start nginx", ["start", "--", "nginx.service"]),
        ("service.start nginx no_block=true", ["start", "--no-block", "--", "nginx.service"]),
        ("service.stop nginx.socket", ["stop", "--", "nginx.socket"]),
        ("service.stop nginx no_block=true", ["stop", "--no-block", "--", "nginx.service"]),
        ("service.restart getty@tty1", ["restart", "--", "getty@tty1.service"]),
        ("service.reload nginx", ["reload", "--", "nginx.service"]),
        ("service.force_reload nginx", ["force-reload", "--no-block", "--", "nginx.service"]),
        ("service.force_reload nginx no_block=false", ["force-reload", "--", "nginx.service"]),
        ("service.disable nginx", ["disable", "--", "nginx.service"]),
        ("service.mask nginx", ["mask", "--", "nginx.service"]),
        ("service.mask nginx runtime=true", ["mask", "--runtime", "--", "nginx.service"]),
        ("service.unmask nginx", ["unmask", "--", "nginx.service"]),
        ("service.systemctl_reload", ["daemon-reload"]),
    ],
)
def test_what_is_done(box: FakePrograms, ask: Ask, line: str, words: list[str]) -> None:
    assert ask(line) is True
    assert changes(box) == [words]
    assert all(call[: len(FLAGS)] == FLAGS for call in box.calls("systemctl"))


@pytest.mark.parametrize(
    "function", ["start", "stop", "restart", "status", "enable", "mask", "show", "available"]
)
@pytest.mark.parametrize("name", ["--root=/", "-f", "a b", "x/../y"])
def test_name_never_becomes_an_option(box: FakePrograms, ask: Ask, function: str, name: str) -> None:
    with pytest.raises(ArgumentError, match="name of a unit"):
        ask(f"service.{function} '{name}'")
    assert box.calls() == []


def test_start_that_fails_says_why(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl start", err=FAILED, code=1)
    box.say(
        "journalctl --unit=nginx.service", "nginx: [emerg] bind() to 0.0.0.0:80 failed\nFailed to start.\n"
    )
    with pytest.raises(CommandError) as caught:
        ask("service.start nginx")
    said = str(caught.value)
    assert said == (
        "cannot start nginx.service: Job for nginx.service failed because the control process exited with error "
        "code; its journal ends with: nginx: [emerg] bind() to 0.0.0.0:80 failed | Failed to start."
    )
    words = box.calls("journalctl")[0]
    assert "--lines=5" in words
    assert any(word.startswith("--since=@") and word[9:].isdigit() for word in words)


def test_start_that_fails_on_a_box_without_journalctl(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl start", err=FAILED, code=1)
    with pytest.raises(CommandError, match=r"error code$"):
        ask("service.start nginx")


@pytest.mark.parametrize(
    "state",
    [
        "ActiveState=failed\nSubState=failed\nResult=exit-code\n",
        "ActiveState=activating\nSubState=auto-restart\nResult=exit-code\n",
    ],
)
def test_simple_service_that_ends_at_once_has_not_started(box: FakePrograms, ask: Ask, state: str) -> None:
    box.say("systemctl show --property=ActiveState,SubState,Result", state)
    box.say("journalctl", "cannot read /etc/x.conf\n")
    with pytest.raises(CommandError, match=r"ended at once \(exit-code\).*cannot read /etc/x.conf"):
        ask("service.start nginx")


def test_start_that_is_not_waited_for_is_not_looked_at(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl show --property=ActiveState,SubState,Result", "ActiveState=failed\n")
    assert ask("service.start nginx no_block=true") is True


def test_changed_files_are_read_before_a_start(box: FakePrograms, ask: Ask) -> None:
    box.say(
        "systemctl show --property=LoadState,NeedDaemonReload",
        "LoadState=loaded\nNeedDaemonReload=yes\n",
        LOADED,
    )
    ask("service.start nginx")
    assert [words[0] for words in changes(box)] == ["daemon-reload", "start"]


def test_file_that_an_old_systemd_does_not_know_yet(box: FakePrograms, ask: Ask) -> None:
    absent = "LoadState=not-found\nNeedDaemonReload=no\n"
    box.say("systemctl show --property=LoadState,NeedDaemonReload", absent, LOADED)
    ask("service.start nginx")
    assert [words[0] for words in changes(box)] == ["daemon-reload", "start"]


def test_service_that_is_not_there(box: FakePrograms, ask: Ask) -> None:
    box.say(
        "systemctl show --property=LoadState,NeedDaemonReload", "LoadState=not-found\nNeedDaemonReload=no\n"
    )
    with pytest.raises(ModuleError, match=r"there is no service nginx.service"):
        ask("service.restart nginx")
    assert "restart" not in [words[0] for words in changes(box)]


def test_masked_service_is_not_started_but_can_be_unmasked_first(box: FakePrograms, ask: Ask) -> None:
    box.say(
        "systemctl show --property=LoadState,NeedDaemonReload",
        "LoadState=masked\nNeedDaemonReload=no\n",
        LOADED,
    )
    with pytest.raises(ModuleError, match="unmask=true"):
        ask("service.start nginx")
    assert ask("service.start nginx unmask=true unmask_runtime=true") is True
    assert [words[:2] for words in changes(box)] == [
        ["unmask", "--"],
        ["unmask", "--runtime"],
        ["start", "--"],
    ]


@pytest.mark.parametrize(
    ("state", "runs"),
    [("active", True), ("reloading", True), ("inactive", False), ("failed", False), ("deactivating", False)],
)
def test_status(box: FakePrograms, ask: Ask, state: str, runs: bool) -> None:
    box.say("systemctl is-active", f"{state}\n", code=0 if runs else 3)
    assert ask("service.status nginx") is runs


def test_status_waits_for_one_that_is_just_starting(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl is-active", "activating\n", "activating\n", "active\n")
    assert ask("service.status nginx wait=30") is True
    assert len(box.calls("systemctl")) == 3


def test_status_that_is_not_waited_for(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl is-active", "activating\n", "active\n", code=3)
    assert ask("service.status nginx wait=0") is False


def test_status_of_a_pattern_is_a_map(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl is-active", "inactive\nactive\n", code=3)
    assert ask("service.status '*s[qs]*'") == {"postgresql": False, "ssh": True}


def test_status_of_a_pattern_asks_for_what_fits_but_no_template(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl is-active", "active\n")
    assert ask("service.status 'getty*'") == {"getty@tty1": True}
    assert box.calls("systemctl")[-1] == [*FLAGS, "is-active", "--", "getty@tty1.service"]


def test_status_of_a_pattern_that_fits_nothing(box: FakePrograms, ask: Ask) -> None:
    assert ask("service.status 'nope*'") == {}


def test_status_when_systemd_does_not_answer(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl is-active", err="Failed to connect to bus: Host is down\n", code=1)
    with pytest.raises(CommandError, match="Host is down"):
        ask("service.status nginx")


def test_what_there_is(box: FakePrograms, ask: Ask) -> None:
    assert ask("service.get_all") == [
        "cryptdisks",
        "dbus-org.freedesktop.login1",
        "getty@",
        "getty@tty1",
        "postgresql",
        "proc-sys-fs-binfmt_misc.automount",
        "ssh",
    ]
    assert ask("service.get_running") == ["getty@tty1", "ssh"]
    assert ask("service.get_static") == ["proc-sys-fs-binfmt_misc.automount"]


def test_init_script_counts_by_its_runlevels(box: FakePrograms, ask: Ask, tmp_path: Path) -> None:
    assert ask("service.get_enabled") == ["getty@", "ssh"]
    assert ask("service.get_disabled") == []
    (tmp_path / "etc/init.d/postgresql").touch()
    assert ask("service.get_disabled") == ["postgresql"]
    (tmp_path / "etc/rc3.d/S01postgresql").touch()
    assert ask("service.get_enabled") == ["getty@", "postgresql", "ssh"]
    assert ask("service.get_disabled") == []


@pytest.mark.parametrize(("state", "there"), [("loaded", True), ("masked", True), ("not-found", False)])
def test_available(box: FakePrograms, ask: Ask, state: str, there: bool) -> None:
    box.say("systemctl show --property=LoadState", f"LoadState={state}\n")
    assert ask("service.available nginx") is there
    assert ask("service.missing nginx") is not there


def test_template_is_available_by_its_file(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl list-unit-files getty@.service", "getty@.service enabled enabled\n")
    box.say("systemctl list-unit-files nope@.service", code=1)
    assert ask("service.available getty@") is True
    assert ask("service.available nope@") is False


def test_alias_counts_as_its_unit(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl is-enabled", "alias\n")
    box.say("systemctl show --property=UnitFileState", "UnitFileState=enabled\n", "UnitFileState=static\n")
    assert ask("service.enabled sshd") is True
    assert ask("service.enabled sshd") is False


def test_properties(box: FakePrograms, ask: Ask) -> None:
    box.say("systemctl show ssh.service", SHOW_252)
    assert ask("service.show ssh")["ExecStart"]["pid"] == "612"
    box.say("systemctl show nope.service", "Id=nope.service\nLoadState=not-found\n")
    with pytest.raises(ModuleError, match=r"no service nope\.service"):
        ask("service.show nope")


def test_commands_of_all_services(box: FakePrograms, ask: Ask) -> None:
    box.say(
        "systemctl show --property=Id,ExecStart",
        "ExecStart={ path=/sbin/agetty ; argv[]=/sbin/agetty tty1 }\nId=getty@tty1.service\n\nId=cryptdisks.service\n",
    )
    assert ask("service.execs") == {"getty@tty1": {"path": "/sbin/agetty", "argv[]": "/sbin/agetty tty1"}}
    asked = box.calls("systemctl")[-1]
    assert "getty@tty1.service" in asked
    assert (
        "getty@.service" not in asked
    )  # systemctl takes a template for an error and says nothing of the others


def test_box_without_any_init_system(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path / "no")
    monkeypatch.setattr(provider, "OPENRC_RUNS", tmp_path / "nor")
    with pytest.raises(UnavailableError, match="service is not available here because neither systemd"):
        ask("service.start nginx")


# The real systemctl on unit files below a folder; nothing of this box is touched.

needs_systemctl = pytest.mark.skipif(shutil.which("systemctl") is None, reason="there is no systemctl")
INSTALL = "[Install]\nWantedBy=multi-user.target\nAlias=other.service\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    folder = tmp_path / "image/usr/lib/systemd/system"
    folder.mkdir(parents=True)
    (tmp_path / "image/etc/systemd/system").mkdir(parents=True)
    (folder / "demo.service").write_text(f"[Service]\nExecStart=/bin/true\n{INSTALL}")
    (folder / "still.service").write_text("[Service]\nExecStart=/bin/true\n")
    (folder / "many@.service").write_text("[Service]\nExecStart=/bin/true %i\n[Install]\nWantedBy=a.target\n")
    return tmp_path / "image"


@needs_systemctl
def test_enable_and_disable_in_an_image(image: Path, ask: Ask) -> None:
    link = image / "etc/systemd/system/multi-user.target.wants/demo.service"
    assert ask(f"service.enabled demo root={image}") is False
    assert ask(f"service.get_disabled root={image}") == ["demo", "many@"]
    assert ask(f"service.enable demo root={image}") is True
    assert link.is_symlink()
    assert ask(f"service.enabled demo root={image}") is True
    assert ask(f"service.disabled demo root={image}") is False
    assert ask(f"service.get_enabled root={image}") == ["demo"]
    assert ask(f"service.disable demo root={image}") is True
    assert not link.is_symlink()
    assert ask(f"service.disabled demo root={image}") is True


@needs_systemctl
def test_instance_in_an_image(image: Path, ask: Ask) -> None:
    ask(f"service.enable many@one root={image}")
    assert ask(f"service.enabled many@one root={image}") is True
    assert ask(f"service.enabled many@two root={image}") is False


@needs_systemctl
def test_mask_in_an_image(image: Path, ask: Ask) -> None:
    assert ask(f"service.masked demo root={image}") is False
    assert ask(f"service.mask demo root={image}") is True
    assert ask(f"service.masked demo root={image}") is True
    assert ask(f"service.masked demo runtime=true root={image}") is False
    with pytest.raises(ModuleError, match="is masked"):
        ask(f"service.enable demo root={image}")
    assert ask(f"service.enable demo unmask=true root={image}") is True
    assert ask(f"service.masked demo root={image}") is False
    ask(f"service.mask still runtime=true root={image}")
    assert ask(f"service.masked still runtime=true root={image}") is True
    assert ask(f"service.masked still root={image}") is False


@needs_systemctl
def test_static_unit_is_not_said_to_be_enabled(image: Path, ask: Ask) -> None:
    assert ask(f"service.get_static root={image}") == ["still"]
    with pytest.raises(ModuleError, match="no \\[Install\\] section"):
        ask(f"service.enable still root={image}")
    assert ask(f"service.enabled still root={image}") is False


@needs_systemctl
def test_unit_that_an_image_does_not_have(image: Path, ask: Ask) -> None:
    assert ask(f"service.enabled nope root={image}") is False
    with pytest.raises(CommandError, match=r"nope\.service does not exist"):
        ask(f"service.enable nope root={image}")
    assert ask(f"service.get_all root={image}") == ["demo", "many@", "still"]


def test_image_that_is_not_there(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "relative").mkdir()
    monkeypatch.chdir(tmp_path)
    for root in ("relative", tmp_path / "nope"):
        with pytest.raises(ArgumentError, match="root must be"):
            ask(f"service.enable demo root={root}")
