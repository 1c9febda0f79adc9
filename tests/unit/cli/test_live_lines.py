"""Lines of jobs that still run, as `shoal --stream` shows them."""

from __future__ import annotations

from typing import Any

import pytest

from master.cli.live import GAP
from tests.unit.cli.conftest import Cli
from tests.unit.cli.fake_master import FakeMaster, Message, done, job, returned


def output(seq: int, text: str, minion: str = "a", kind: str = "output") -> Message:
    return {"event": kind, "id": minion, "seq": seq, "text": text}


CASES: dict[str, tuple[list[Message], str]] = {
    "whole lines": ([output(1, "one\ntwo\n")], "a | one\na | two\n"),
    "a line in two pieces": ([output(1, "on"), output(2, "e\n")], "a | one\n"),
    "a line that never ends": ([output(1, "one")], "a | one\n"),
    "an empty line": ([output(1, "\n"), output(2, "x\n\ny\n")], "a |\na | x\na |\na | y\n"),
    "two boxes, each its own line": (
        [output(1, "o"), output(1, "t", "b"), output(2, "ne\n"), output(2, "wo\n", "b")],
        "a | one\nb | two\n",
    ),
    "a gap": ([output(1, "one\n"), output(4, "five\n")], f"a | one\na | {GAP}\na | five\n"),
    "a gap in a line": ([output(1, "on"), output(3, "x\n")], f"a | on\na | {GAP}\na | x\n"),
    "a gap at the beginning": ([output(2, "x\n")], f"a | {GAP}\na | x\n"),
    "a step": ([output(1, "3 of 10", kind="step")], "a | [3 of 10]\n"),
    "a bar that is drawn again": ([output(1, "10%\r20%\r\n")], "a | 10%\na | 20%\n"),
    "what would drive a terminal": ([output(1, "\x1b]0;x\x07\n")], "a | \\x1b]0;x\\x07\n"),
}


@pytest.mark.parametrize(("events", "lines"), CASES.values(), ids=CASES.keys())
def test_lines(cli: Cli, master: FakeMaster, events: list[Message], lines: str) -> None:
    more = [returned("b")] if any(each["id"] == "b" for each in events) else []
    master.says(job("a", "b"), *events, returned("a"), *more, done())
    ran = cli("shoal", "*", "cmd.run", "x", "--stream", "--static")
    assert ran.code == 0
    assert ran.out.startswith(lines + "a:\n    True\n")


OUTS: dict[str, tuple[str, str]] = {"json": ("", "a | one\n"), "quiet": ("", ""), "nested": ("a | one\n", "")}


@pytest.mark.parametrize("out", OUTS)
def test_where_lines_go(cli: Cli, master: FakeMaster, out: str) -> None:
    """What a program may read holds results only; the lines are for whoever sits before it."""
    master.says(job("a"), output(1, "one\n"), returned("a"), done())
    ran: Any = cli("shoal", "*", "cmd.run", "x", "--stream", f"--out={out}")
    on_stdout, on_stderr = OUTS[out]
    assert ran.out.startswith(on_stdout)
    assert ("one" in ran.out) == bool(on_stdout)
    assert ran.err == on_stderr
