"""The fakes themselves: what a test is told about a call is what the program was given, byte for byte."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.unit.modules.fake_programs import FakePrograms


def run(*words: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    how = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
    return subprocess.run(words, capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload]


def test_odd_words_are_written_down_as_they_are(programs: FakePrograms) -> None:
    programs.add("tool")
    words = ["tool", "", "a b", "two\nlines", "'\"$(id)`\\", "*", "é€", "-n", "%s"]
    assert run(*words).stdout == ""
    run("tool")
    assert programs.calls() == [words, ["tool"]]
    assert programs.calls("tool") == [words[1:], []]


def test_what_was_told_last_counts_first_when_its_words_are_given(programs: FakePrograms) -> None:
    programs.say("tool", "any\n")
    programs.say("tool show x", "x $HOME '\n", err="oh\n", code=3)
    assert run("tool", "show", "y").stdout == "any\n"
    done = run("tool", "x", "--now", "show")
    assert (done.stdout, done.stderr, done.returncode) == ("x $HOME '\n", "oh\n", 3)
    programs.say("tool")
    assert run("tool", "show", "x").stdout == ""


def test_answers_come_one_after_the_other_and_the_last_one_stays(programs: FakePrograms) -> None:
    programs.say("tool", "1", "2", "", "4")
    assert [run("tool").stdout for _ in range(5)] == ["1", "2", "", "4", "4"]


def test_program_reads_does_and_prints(programs: FakePrograms, tmp_path: Path) -> None:
    programs.say("tool", does=f"echo more >> {tmp_path}/file; {programs.printing(tmp_path / 'file')}")
    assert run("tool", given="half a line").stdout == "more\n"
    assert run("tool", given="").stdout == "more\nmore\n"
    assert programs.stdin() == "half a line"


def test_other_programs_are_on_the_path_only_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = FakePrograms(tmp_path / "more", monkeypatch, alone=False)
    fakes.say("tool", does="ls -d /")
    assert run("tool").stdout == "/\n"
    FakePrograms(tmp_path / "only", monkeypatch)
    with pytest.raises(FileNotFoundError):
        run("ls")
