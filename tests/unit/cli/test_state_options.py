"""The options about the look of state runs: the same for all programs that show results."""

from __future__ import annotations

import argparse

import pytest

from minion.cli.call_options import call_parser
from shoal.command_line import CommandLine
from shoal.exits import UsageError
from shoal.state_look import StateLook
from shoal.state_options import add_state_options, state_look


def look(*words: str) -> StateLook:
    parser = CommandLine(prog="shoal", allow_abbrev=False)
    add_state_options(parser)
    options, rest = parser.read(list(words))
    assert rest == []
    return state_look(options)


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], StateLook()),
        (["--state-output=terse"], StateLook(output="terse")),
        (["--state_output", "Mixed_ID"], StateLook(output="mixed_id")),
        (["--state-verbose=False"], StateLook(verbose=False)),
        (["--state_verbose", "true"], StateLook(verbose=True)),
        (["--output-diff"], StateLook(output_diff=True)),
        (["--output_diff"], StateLook(output_diff=True)),
        (["--state-output-diff"], StateLook(output_diff=True)),
        (["--state_output_diff"], StateLook(output_diff=True)),
        (["--state-output-pct", "--state-tabular"], StateLook(output_pct=True, tabular=True)),
        (["--state-output-profile=False"], StateLook(output_profile=False)),
        (["--state-output-exclude=True, none"], StateLook(output_exclude=("True", "None"))),
        (["--state-output-terse", "false"], StateLook(output_terse=("False",))),
        (["--state-compress-ids"], StateLook(compress_ids=True)),
    ],
)
def test_what_is_asked_for(words: list[str], asked: StateLook) -> None:
    assert look(*words) == asked


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--state-output=brief"], "--state-output.*'brief'.*'terse'"),
        (["--state-verbose=perhaps"], "--state-verbose: True or False expected, not 'perhaps'"),
        (["--state-output-exclude=Maybe"], "--state-output-exclude: True, False or None expected, .*'Maybe'"),
        (["--state-output-terse="], "--state-output-terse: True, False or None expected"),
    ],
)
def test_what_does_not_exist_is_refused(words: list[str], why: str) -> None:
    with pytest.raises(UsageError, match=why):
        look(*words)


def test_program_without_these_options_has_the_usual_look() -> None:
    assert state_look(argparse.Namespace(out="")) == StateLook()


def test_call_has_them() -> None:
    options, rest = call_parser().read(["--local", "state.apply", "--state-output=changes"])
    assert (state_look(options), rest) == (StateLook(output="changes"), ["state.apply"])


def test_shell_is_offered_the_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_parser().read(["--complete", "zsh", "--state-output", "te"])
    assert capsys.readouterr().out.split() == ["terse", "terse_id"]
