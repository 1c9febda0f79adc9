"""`service` on a systemctl that keeps what is so in a folder of the test's own. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from modules.service import control, listing, provider
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.states.trial import Box

# What is in NAME/: `running`, `enabled`, `masked`, `masked-runtime`. `bad` cannot be started, `frail` ends at once.
_SYSTEMCTL = """#!/bin/sh
runtime=
for word; do
    case $word in
    --runtime) runtime=-runtime ;;
    -*) ;;
    *) [ "$verb" ] && unit={units}/${{word%.service}} || verb=$word ;;
    esac
done
echo "$verb $runtime" >> {calls}
[ -d "$unit" ] || case $verb in
daemon-reload) exit 0 ;;
show) echo LoadState=not-found; exit 0 ;;
is-active) echo inactive; exit 3 ;;
is-enabled) echo not-found; exit 4 ;;
*) echo "Unit $unit not found." >&2; exit 5 ;;
esac
case $verb in
start | restart)
    [ "${{unit##*/}}" != bad ] || {{ echo "Job for bad.service failed." >&2; exit 1; }}
    [ "${{unit##*/}}" = frail ] || : > "$unit/running" ;;
stop) {rm} -f "$unit/running" ;;
enable) : > "$unit/enabled" ;;
disable) {rm} -f "$unit/enabled" ;;
mask) : > "$unit/masked$runtime" ;;
unmask) {rm} -f "$unit/masked$runtime" ;;
is-active) [ -e "$unit/running" ] && echo active || echo inactive ;;
is-enabled)
    for each in masked masked-runtime static enabled; do
        [ ! -e "$unit/$each" ] || {{ echo $each; exit 0; }}
    done
    echo disabled ;;
show)
    load=loaded
    [ ! -e "$unit/masked" ] && [ ! -e "$unit/masked-runtime" ] || load=masked
    echo LoadState=$load; echo NeedDaemonReload=no; echo ActiveState=active; echo SubState=running ;;
esac
"""


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder, programs = tmp_path / "units", tmp_path / "bin"
    for name in ("web", "bad", "frail", "static"):
        (folder / name).mkdir(parents=True)
    (folder / "static/static").touch()
    programs.mkdir()
    (programs / "systemctl").write_text(
        _SYSTEMCTL.format(units=folder, calls=tmp_path / "calls", rm=shutil.which("rm"))
    )
    (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path)
    monkeypatch.setattr(listing, "_PAUSE_S", 0.0)
    return folder


@pytest.fixture
def box(units: Path) -> Box:
    return Box(units)


# What is there, the state, its arguments, what a test run says, what a real one does, and the changes.
CHANGES: dict[str, tuple[str, str, dict[str, Any], str, str, dict[str, Any]]] = {
    "start": ("", "running", {}, "Service web is set to start", "Started service web", {"web": True}),
    "start and enable": (
        "",
        "running",
        {"enable": True},
        "Service web is set to start",
        "Service web has been enabled, and is running",
        {"web": True},
    ),
    "start, enabled already": (
        "enabled",
        "running",
        {"enable": True},
        "Service web is set to start",
        "Service web is already enabled, and is running",
        {"web": True},
    ),
    "enable what runs": (
        "running",
        "running",
        {"enable": True},
        "Service web set to be enabled",
        "Service web has been enabled, and is in the desired state",
        {"web": True},
    ),
    "disable what runs": (
        "running enabled",
        "running",
        {"enable": False},
        "Service web set to be disabled",
        "Service web has been disabled, and is in the desired state",
        {"web": True},
    ),
    "unmask and start": (
        "masked",
        "running",
        {"unmask": True},
        "Service web is set to start\nService web would be unmasked",
        "Started service web\nService web was unmasked",
        {"web": True},
    ),
    "stop": (
        "running",
        "dead",
        {},
        "Service web is set to be killed",
        "Service web was killed",
        {"web": False},
    ),
    "stop and disable": (
        "running enabled",
        "dead",
        {"enable": False},
        "Service web is set to be killed",
        "Service web has been disabled, and is dead",
        {"web": True},
    ),
    "disable what is dead": (
        "enabled",
        "dead",
        {"enable": False},
        "Service web set to be disabled",
        "Service web has been disabled, and is in the desired state",
        {"web": True},
    ),
    "enable": (
        "",
        "enabled",
        {},
        "Service web set to be enabled",
        "Service web has been enabled, and is in the desired state",
        {"web": True},
    ),
    "disable": (
        "enabled",
        "disabled",
        {},
        "Service web set to be disabled",
        "Service web has been disabled, and is in the desired state",
        {"web": True},
    ),
    "mask": (
        "",
        "masked",
        {},
        "Service web would be masked",
        "Service web was masked",
        {"masked": {"old": False, "new": True}},
    ),
    "mask until the next boot": (
        "",
        "masked",
        {"runtime": True},
        "Service web would be runtime masked",
        "Service web was runtime masked",
        {"runtime masked": {"old": False, "new": True}},
    ),
    "unmask": (
        "masked",
        "unmasked",
        {},
        "Service web would be unmasked",
        "Service web was unmasked",
        {"masked": {"old": True, "new": False}},
    ),
}


@pytest.mark.parametrize("case", CHANGES)
def test_service_becomes_what_it_is_to_be_and_goes_back(box: Box, units: Path, case: str) -> None:
    there, fun, args, would, did, changes = CHANGES[case]
    for each in there.split():
        (units / "web" / each).touch()
    assert box.run(f"service.{fun}", "web", test=True, **args).comment == would
    outcome = box.cycle(f"service.{fun}", "web", **args)
    assert (outcome.comment, outcome.changes) == (did, changes)


@pytest.mark.parametrize(
    ("there", "fun", "args", "comment"),
    [
        ("running", "running", {}, "The service web is already running"),
        ("running enabled", "running", {"enable": True}, "The service web is already running"),
        (
            "running",
            "running",
            {"unmask": True},
            "The service web is already running\nService web was already unmasked",
        ),
        ("", "dead", {}, "The service web is already dead"),
        ("enabled", "enabled", {}, "Service web is already enabled, and is in the desired state"),
        ("", "disabled", {}, "Service web is already disabled, and is in the desired state"),
        ("masked", "masked", {}, "Service web is already masked"),
        ("", "unmasked", {}, "Service web was already unmasked"),
    ],
)
def test_what_is_so_already_is_left_alone(
    box: Box, units: Path, there: str, fun: str, args: dict[str, Any], comment: str
) -> None:
    for each in there.split():
        (units / "web" / each).touch()
    for test in (True, False):
        outcome = box.run(f"service.{fun}", "web", test=test, **args)
        assert (outcome.result, outcome.changes, outcome.comment) == (True, {}, comment)


@pytest.mark.parametrize(("fun", "word"), [("running", "started"), ("enabled", "enabled")])
def test_service_that_may_come_earlier_in_the_run_is_promised_and_then_missed(
    box: Box, fun: str, word: str
) -> None:
    would = box.run(f"service.{fun}", "nosuch", test=True)
    text = f"Service nosuch not present; if created in this state run, it would have been {word}"
    assert (would.result, would.comment) == (None, text)
    outcome = box.run(f"service.{fun}", "nosuch")
    assert outcome.result is False
    assert outcome.comment.startswith("The named service nosuch is not available: there is no service")
    box.undo()  # of what was never done


@pytest.mark.parametrize("fun", ["dead", "disabled"])
def test_service_that_does_not_exist_is_dead_and_disabled(box: Box, fun: str) -> None:
    outcome = box.run(f"service.{fun}", "nosuch")
    assert (outcome.result, outcome.comment) == (True, "The named service nosuch is not available")


def test_service_that_cannot_be_started_fails_in_systemds_words(box: Box) -> None:
    outcome = box.run("service.running", "bad", enable=True)
    assert (outcome.result, outcome.comment) == (
        False,
        "cannot start bad.service: Job for bad.service failed",
    )


def test_masked_service_is_not_started_unless_told(box: Box, units: Path) -> None:
    (units / "web/masked").touch()
    outcome = box.run("service.running", "web")
    assert outcome.result is False
    assert "web.service is masked" in outcome.comment


def test_service_that_ends_soon_is_found_after_the_delay(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "MAX_DELAY_S", 0.0)
    outcome = box.run("service.running", "frail", init_delay=2)
    assert outcome.comment == "frail was started but does not run any more after 2 seconds"
    assert (
        box.run("service.running", "web", init_delay=2).comment
        == "Started service web\nDelayed return for 2 seconds"
    )


def test_static_unit_is_not_to_be_enabled_and_that_is_said(box: Box) -> None:
    outcome = box.run("service.running", "static", enable=True)
    assert outcome.comment == "Service static is already enabled, and is running"
    assert outcome.warnings == ("static has no [Install] section: nothing enables it, other units start it",)
    assert box.run("service.enabled", "static").warnings == outcome.warnings


@pytest.mark.parametrize(
    ("args", "verb", "word"),
    [
        ({}, "restart", "restarted"),
        ({"reload": True}, "reload", "reloaded"),
        ({"reload": True, "full_restart": True}, "restart", "restarted"),
        ({"reload": True, "force": True}, "force-reload", "forcefully reloaded"),
    ],
)
def test_change_of_what_is_watched(
    box: Box, units: Path, tmp_path: Path, args: dict[str, Any], verb: str, word: str
) -> None:
    (units / "web/running").touch()
    would = box.run("service.running", "web", test=True, changed=["file: /etc/web"], **args)
    assert (would.result, would.comment) == (None, f"Service is set to be {word}")
    outcome = box.run("service.running", "web", changed=["file: /etc/web"], **args)
    assert (outcome.result, outcome.comment, outcome.changes) == (True, f"Service {word}", {"web": True})
    assert f"{verb} \n" in (tmp_path / "calls").read_text()


def test_change_starts_what_does_not_run_and_stops_what_is_to_be_dead(box: Box, units: Path) -> None:
    assert box.run("service.running", "web", changed=["x"]).comment == "Service started"
    assert box.run("service.dead", "web", changed=["x"]).comment == "Service stopped"
    assert box.run("service.dead", "web", changed=["x"]).comment == "Service is already stopped"


def test_change_means_nothing_to_other_states(box: Box) -> None:
    outcome = box.run("service.enabled", "web", changed=["x"])
    assert (outcome.result, outcome.comment) == (False, "Unable to trigger watch for service.enabled")


def test_box_with_openrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = FakePrograms(tmp_path / "fakes", monkeypatch)
    monkeypatch.setattr(provider, "SYSTEMD_RUNS", tmp_path / "nothing")
    monkeypatch.setattr(provider, "OPENRC_RUNS", tmp_path)
    state = tmp_path / "web"
    programs.say("rc-service web status", code=3, does=f"[ ! -e {state} ] || exit 0")
    programs.say("rc-service web start", does=f": > {state}")
    programs.say("rc-service web stop", does=f"{shutil.which('rm')} {state}")
    programs.say("rc-service --exists")
    programs.say("rc-update show", " web | default\n")
    box = Box(tmp_path / "fakes/bin")
    outcome = box.cycle("service.running", "web", enable=True, unmask=True)
    assert (
        outcome.comment == "Service web is already enabled, and is running\nService web was already unmasked"
    )
