"""Every command line in the documents is one: programs, options, functions and their arguments exist."""

from __future__ import annotations

import argparse
import configparser
from collections.abc import Callable
from pathlib import Path

import pytest

from master.cli import cp, key_options, run, shoal
from master.cli.event_stream import read_words
from master.cli.job_options import command
from master.runners.directory import Directory
from minion.cli import call_options, minion
from shoal.errors import ArgumentError
from shoal.functions.signature import bind
from states.registry import full_registry
from tests.unit.docs.pages import GUIDES, ROOT, command_lines, inline_commands, name

REGISTRY = full_registry()
RUNNERS = Directory()
PLACEHOLDERS = {"NAME": "sys.list_functions", "MODULE": "cmd", "MODULE.FUNCTION": "test.ping"}


def programs() -> set[str]:
    """Return the programs that are installed."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options.entry_points"]["console_scripts"].split("\n")
    return {line.partition("=")[0].strip() for line in lines if line}


def check_shoal(words: list[str]) -> None:
    """Read a line of `shoal`, and fit the function's arguments."""
    options, rest = shoal._parser().read([PLACEHOLDERS.get(word, word) for word in words])
    if "…" in rest:
        return
    _target, fun, args = command(options, rest)
    if fun:
        check_function(fun, args, options.no_parse)


def check_function(fun: str, args: list[str], no_parse: list[str] | None = None) -> None:
    """Fit arguments to an execution function."""
    bind(REGISTRY.get(fun), args, {}, from_text=True, no_parse=no_parse or [])


def check_key(words: list[str]) -> None:
    """Read a line of `shoal-key`."""
    options, rest = key_options.key_parser().read(words)
    key_options.key_action(options, rest)


def check_run(words: list[str]) -> None:
    """Read a line of `shoal-run`, and fit the runner's arguments."""
    _options, rest = run._parser().read(words)
    if not rest:
        return
    fun, *args = rest
    if fun == "state.event":
        read_words([word for word in args if "[" not in word and "]" not in word])
    elif fun == "pillar.seal":
        assert args == []
    elif fun != "sys.doc":
        bind(RUNNERS.get(fun), args, {}, from_text=True)


def check_cp(words: list[str]) -> None:
    """Read a line of `shoal-cp`."""
    _options, rest = cp._parser().read(words)
    assert len(rest) >= 3 or not words


def check_call(words: list[str]) -> None:
    """Read a line of `shoal-call`."""
    _options, rest = call_options.call_parser().read(words)
    fun, *args = rest or ["test.ping"]
    check_function(PLACEHOLDERS.get(fun, fun), args)


def check_minion(words: list[str]) -> None:
    """Read a line of `shoal-minion`."""
    parsed(minion._parser, [*words, "STRING"] if words[-1:] == ["join"] else words)


def check_master(words: list[str]) -> None:
    """`shoal-master` is documented with the common options only."""
    assert words in ([], ["-l", "info"])


def parsed(parser: Callable[[], argparse.ArgumentParser], words: list[str]) -> argparse.Namespace:
    """Return the options; fail where argparse would print its usage and exit."""
    try:
        return parser().parse_args(words)
    except SystemExit as stop:
        raise AssertionError(f"not understood: {words}") from stop


CHECKS: dict[str, Callable[[list[str]], None]] = {
    "shoal": check_shoal,
    "shoal-key": check_key,
    "shoal-run": check_run,
    "shoal-call": check_call,
    "shoal-cp": check_cp,
    "shoal-minion": check_minion,
    "shoal-master": check_master,
}


def test_every_program_can_be_checked() -> None:
    assert programs() == set(CHECKS)


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_command_lines_are_understood(page: Path) -> None:
    wrong = []
    for program, *words in command_lines(page):
        try:
            CHECKS[program](words)
        except SystemExit as stop:  # --completion, --version
            assert not stop.code
        except (Exception, AssertionError) as error:
            wrong.append(f"{program} {' '.join(words)}: {error}")
    assert wrong == []


@pytest.mark.parametrize("page", GUIDES, ids=name)
def test_functions_named_in_sentences_exist(page: Path) -> None:
    unknown = []
    for program, *words in inline_commands(page):
        try:
            CHECKS[program](words)
        except ArgumentError:
            pass  # `shoal-run token.revoke ID` shows a form, not an example
        except SystemExit as stop:
            assert not stop.code
        except (Exception, AssertionError) as error:
            unknown.append(f"{program} {' '.join(words)}: {error}")
    assert unknown == []
