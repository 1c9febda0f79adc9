"""What happens at the top of every program: errors, bugs, Ctrl-C, `shoal-master`'s own options."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from master.cli import master
from shoal.errors import ConfigError, DeliveryError
from shoal.exits import CliError, UsageError
from shoal.program import run_program

Captured = pytest.CaptureFixture[str]


HINT = "(write -- before words that begin with a dash)"


def raising(error: BaseException) -> Callable[[list[str]], int]:
    def body(_words: list[str]) -> int:
        raise error

    return body


ENDS: dict[str, tuple[BaseException, int, str]] = {
    "a mistake on the command line": (UsageError("no target"), 64, "x: no target\n"),
    "wrong configuration": (ConfigError("f:1: no"), 78, "x: f:1: no\n"),
    "any other error of ours": (DeliveryError("queue full"), 1, "x: queue full\n"),
    "one that knows its code": (CliError("nothing matched"), 1, "x: nothing matched\n"),
    "Ctrl-C": (KeyboardInterrupt(), 130, ""),
    "a reader that left": (BrokenPipeError(), 141, ""),
    "help was shown": (SystemExit(0), 0, ""),
    "a bug": (
        ValueError("two\nlines \x1b[2J"), 70,
        "x: internal error: ValueError: two (--log-level=debug shows the traceback)\n",
    ),
    "a hostile text": (CliError("bad \x1b[2J\nid"), 1, "x: bad \\x1b[2J\\nid\n"),
}  # fmt: skip


@pytest.mark.parametrize(("error", "code", "err"), ENDS.values(), ids=ENDS.keys())
def test_end(capsys: Captured, error: BaseException, code: int, err: str) -> None:
    assert run_program("x", raising(error), []) == code
    assert capsys.readouterr() == ("", err)


@pytest.mark.parametrize(
    "words", [["-l", "debug"], ["-ldebug"], ["--log-level=trace"], ["--log-level", "all"]]
)
def test_traceback_when_asked_for(capsys: Captured, words: list[str]) -> None:
    assert run_program("x", raising(ValueError("bug")), ["a", *words]) == 70
    err = capsys.readouterr().err
    assert err.startswith("Traceback (most recent call last):")
    assert err.endswith("x: internal error: ValueError: bug (--log-level=debug shows the traceback)\n")


@pytest.mark.parametrize("words", [["-l", "info"], ["-l"], ["--log-level=quiet"], ["debug"]])
def test_no_traceback_otherwise(capsys: Captured, words: list[str]) -> None:
    run_program("x", raising(ValueError("bug")), words)
    assert "Traceback" not in capsys.readouterr().err


def test_output_comes_before_the_complaint(capfd: pytest.CaptureFixture[str]) -> None:
    def body(_words: list[str]) -> int:
        print("result")
        raise CliError("then this")

    assert run_program("x", body, []) == 1
    assert capfd.readouterr() == ("result\n", "x: then this\n")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["-d"], "-d is not there: run it in the foreground, or with systemctl start shoal-master"),
        (["start"], "unexpected word 'start'; see shoal-master --help"),
        (["--rot"], f"no such option: --rot {HINT}; see shoal-master --help"),
    ],
)  # fmt: skip
def test_master_command_line_is_refused(capsys: Captured, words: list[str], text: str) -> None:
    assert master.main(words) == 64
    assert capsys.readouterr() == ("", f"shoal-master: {text}\n")


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """A daemon that ends at once; returns what it was started with."""
    started: list[tuple[Any, ...]] = []
    fake = ModuleType("master.daemon")

    def run_daemon(*given: Any) -> int:
        started.append(given)
        return 3

    vars(fake)["main"] = run_daemon
    monkeypatch.setitem(sys.modules, "master.daemon", fake)
    return started


@pytest.mark.parametrize(("words", "level"), [([], "info"), (["-l", "debug"], "debug")])
def test_master_hands_over_to_the_daemon(
    daemon: list[tuple[Any, ...]], tmp_path: Path, words: list[str], level: str
) -> None:
    (tmp_path / "etc/shoal").mkdir(parents=True)
    (tmp_path / "etc/shoal/master").write_text("log_level: info\n")
    assert master.main(["--root", str(tmp_path), *words]) == 3
    ((paths, config),) = daemon
    assert paths.run_dir == tmp_path / "run/shoal/master"
    assert config.log_level == level


def test_master_with_a_wrong_configuration(
    daemon: list[tuple[Any, ...]], tmp_path: Path, capsys: Captured
) -> None:
    (tmp_path / "master").write_text("log_levle: info\n")
    assert master.main(["--root", str(tmp_path), "-c", str(tmp_path)]) == 78
    assert capsys.readouterr().err.startswith(f"shoal-master: {tmp_path}/master:1: ")
    assert daemon == []
