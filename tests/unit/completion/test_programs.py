"""Every program completes all of its options, and says what stands where."""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable
from importlib import import_module

import pytest

from shoal.completion.scripts import SHELLS
from tests.unit.repository.tree import ROOT


def programs() -> dict[str, Callable[[list[str]], int]]:
    """Return what is installed."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    found = {}
    for line in config["options.entry_points"]["console_scripts"].strip().splitlines():
        name, _, place = (part.strip() for part in line.partition("="))
        module, _, function = place.partition(":")
        found[name] = getattr(import_module(module), function)
    return found


PROGRAMS = programs()


def said(capsys: pytest.CaptureFixture[str], program: str, *words: str) -> str:
    capsys.readouterr()
    assert PROGRAMS[program](list(words)) in (0, 10)
    return capsys.readouterr().out


def completed(capsys: pytest.CaptureFixture[str], program: str, *words: str) -> list[str]:
    lines = said(capsys, program, "--complete", "fish", *words).splitlines()
    return [line.partition("\t")[0] for line in lines]


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_of_the_help_is_completed(capsys: pytest.CaptureFixture[str], program: str) -> None:
    text = said(capsys, program, "--help")
    shown = set(re.findall(r"(?:^  |, )(--?[A-Za-z][A-Za-z-]*)", text, re.MULTILINE))
    assert len(shown) > 5
    assert shown - set(completed(capsys, program, "-")) == set()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_prints_its_script(
    capsys: pytest.CaptureFixture[str], program: str, shell: str
) -> None:
    script = said(capsys, program, "--completion", shell)
    assert f" --complete {shell} " in script
    assert program in script.splitlines()[-1] or program in script.splitlines()[-2]


@pytest.mark.parametrize("program", PROGRAMS)
def test_levels_of_the_log_are_completed(capsys: pytest.CaptureFixture[str], program: str) -> None:
    assert "debug" in completed(capsys, program, "--log-level", "")


@pytest.mark.parametrize("program", ["shoal", "shoal-key", "shoal-run", "shoal-call"])
def test_looks_are_completed(capsys: pytest.CaptureFixture[str], program: str) -> None:
    assert {"nested", "json"} <= set(completed(capsys, program, "--out", ""))


def test_words_of_the_box(capsys: pytest.CaptureFixture[str]) -> None:
    assert completed(capsys, "shoal-minion", "") == ["join"]
    assert "--force" in completed(capsys, "shoal-minion", "join", "--")
    assert completed(capsys, "shoal-call", "--local", "test.pi") == ["test.ping"]
    assert completed(capsys, "shoal-master", "") == []
