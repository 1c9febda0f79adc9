"""`sysctl`: a file of the test's own, and a folder that plays /proc/sys. Texts as Salt 3008.3 says them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.sysctl import key, running
from tests.unit.states.trial import Box

NAME = "net.ipv4.ip_forward"
_RUNS = "Sysctl value is currently set on the running system but not in a config file."


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    proc = tmp_path / "proc/net/ipv4"
    proc.mkdir(parents=True)
    (proc / "ip_forward").write_text("0\n")
    monkeypatch.setattr(key, "PROC_SYS", str(tmp_path / "proc"))
    monkeypatch.setattr(running, "CONFIG", str(tmp_path / "etc/sysctl.d/99.conf"))
    return Box(tmp_path)


def test_value_is_set_and_kept_and_the_folder_of_its_file_is_made(box: Box) -> None:
    outcome = box.cycle("sysctl.present", NAME, value=1)
    assert outcome.changes == {NAME: 1}
    assert outcome.comment == f"Updated sysctl value {NAME} = 1"


def test_what_is_so_already_is_left_alone(box: Box) -> None:
    box.run("sysctl.present", NAME, value=1)
    outcome = box.run("sysctl.present", NAME, value="1")
    assert (outcome.changes, outcome.comment) == ({}, f"Sysctl value {NAME} = 1 is already set")


@pytest.mark.parametrize(
    ("running_value", "file", "would"),
    [
        ("0", "", f"Sysctl option {NAME} set to be changed to 1"),
        ("0", f"{NAME} = 1\n", f"Sysctl option {NAME} would be changed to 1"),
        (
            "1",
            "# nothing\n",
            f"{_RUNS} Sysctl option {NAME} set to be changed to 1 in config file.",
        ),
    ],
)
def test_trial_says_where_the_value_is_missing(
    box: Box, tmp_path: Path, running_value: str, file: str, would: str
) -> None:
    (tmp_path / "proc/net/ipv4/ip_forward").write_text(f"{running_value}\n")
    (tmp_path / "own.conf").write_text(file)
    config = str(tmp_path / "own.conf")
    outcome = box.run("sysctl.present", NAME, test=True, value=1, config=config)
    assert (outcome.result, outcome.comment) == (None, would)
    box.cycle("sysctl.present", NAME, value=1, config=config)


def test_parameter_of_a_module_that_is_not_loaded_yet_is_promised_and_then_refused(box: Box) -> None:
    assert box.run("sysctl.present", "net.bridge.x", test=True, value=1).result is None
    outcome = box.run("sysctl.present", "net.bridge.x", value=1)
    assert outcome.result is False
    assert outcome.comment == "net.bridge.x: the kernel has no such parameter; its module may not be loaded"


def test_what_is_no_name_is_refused_in_a_trial_too(box: Box) -> None:
    outcome = box.run("sysctl.present", "../../etc/passwd", test=True, value=1)
    assert outcome.result is False
    assert "is not the name of a kernel parameter" in outcome.comment
