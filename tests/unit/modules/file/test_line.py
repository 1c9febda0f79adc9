"""`file.line`: its four modes as data, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.file.line_modes import MODES, Wish
from modules.file.lines import LineOptions, line
from shoal.errors import ArgumentError, ModuleError

Ask = Callable[[str], Any]
ABC = "a\nb\nc\n"

CASES: list[tuple[str, str, dict[str, Any], str]] = [
    ("delete", ABC, {"match": "^b"}, "a\nc\n"),
    ("delete", "x.y\nxzy\n", {"content": "x.y"}, "xzy\n"),
    ("delete", "foo\nfoobar\n  foo\n", {"content": "foo"}, "foobar\n"),
    ("delete", ABC, {"match": "nothing"}, ABC),
    ("replace", "a\n  b=1\nc", {"match": "b=", "content": "b=2"}, "a\n  b=2\nc"),
    ("replace", "a\n  b=1\n", {"match": "b=", "content": "b=2", "indent": False}, "a\nb=2\n"),
    ("replace", "b\nb\n", {"match": "b", "content": "x"}, "x\nx\n"),
    ("replace", "b\nb", {"match": "b", "content": "x"}, "x\nx"),
    ("insert", ABC, {"content": "x", "location": "start"}, "x\na\nb\nc\n"),
    ("insert", ABC, {"content": "x", "location": "end"}, "a\nb\nc\nx\n"),
    ("insert", "a", {"content": "x", "location": "end"}, "a\nx\n"),
    ("insert", "", {"content": "x", "location": "end"}, "x\n"),
    ("insert", ABC, {"content": "c", "location": "end"}, ABC),
    ("insert", ABC, {"content": "a", "location": "start"}, ABC),
    ("insert", ABC, {"content": "x", "after": "^a"}, "a\nx\nb\nc\n"),
    ("insert", ABC, {"content": "x", "before": "^a"}, "x\na\nb\nc\n"),
    ("insert", ABC, {"content": "x", "after": "c"}, "a\nb\nc\nx\n"),
    ("insert", "a\nc", {"content": "x", "after": "c"}, "a\nc\nx\n"),
    ("insert", "a\nc", {"content": "x", "before": "c"}, "a\nx\nc"),
    ("insert", ABC, {"content": "x", "after": "a", "before": "c"}, "a\nb\nx\nc\n"),
    ("insert", ABC, {"content": "b", "after": "a", "before": "c"}, ABC),
    ("ensure", ABC, {"content": "x", "after": "a", "before": "c"}, "a\nx\nc\n"),
    ("ensure", "a\nc\n", {"content": "x", "after": "a", "before": "c"}, "a\nx\nc\n"),
    ("ensure", "  a\n  c\n", {"content": "x", "after": "a"}, "  a\n  x\n  c\n"),
    ("ensure", ABC, {"content": "b", "after": "a"}, ABC),
    ("ensure", ABC, {"content": "b", "before": "c"}, ABC),
    ("ensure", "a\r\nb\r\n", {"content": "x", "before": "b", "end": "\r\n"}, "a\r\nx\r\nb\r\n"),
]


@pytest.mark.parametrize(("mode", "before", "wish", "after"), CASES)
def test_mode(mode: str, before: str, wish: dict[str, Any], after: str) -> None:
    lines = before.splitlines(keepends=True)
    assert "".join(MODES[mode](lines, Wish(**wish))) == after
    again = MODES[mode](after.splitlines(keepends=True), Wish(**wish))
    assert "".join(again) == after


@pytest.mark.parametrize(
    ("mode", "before", "wish"),
    [
        ("ensure", ABC, {"content": "x"}),
        ("insert", ABC, {"content": "x"}),
        ("ensure", "a\na\n", {"content": "x", "after": "a"}),
        ("ensure", ABC, {"content": "x", "before": "nothing"}),
        ("ensure", "a\nb\nb\nc\n", {"content": "x", "after": "a", "before": "c"}),
        ("ensure", ABC, {"content": "x", "after": "c", "before": "a"}),
        ("delete", ABC, {}),
        ("replace", ABC, {"match": "(", "content": "x"}),
    ],
)
def test_what_cannot_be_told_is_refused(mode: str, before: str, wish: dict[str, Any]) -> None:
    with pytest.raises(ModuleError):
        MODES[mode](before.splitlines(keepends=True), Wish(**wish))


def test_line_of_a_file(ctx: Context, tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "x"
    path.write_text(ABC)
    assert ask(f"file.line {path} 'b 2' match=^b mode=replace") == (
        "--- old\n+++ new\n@@ -1,3 +1,3 @@\n a\n-b\n+b 2\n c\n"
    )
    assert path.read_text() == "a\nb 2\nc\n"
    assert line(ctx, str(path), "b 2", mode="delete", options=LineOptions(show_changes=False)) is True
    assert line(ctx, str(path), "b 2", mode="delete") is False
    assert path.read_text() == "a\nc\n"


def test_arguments_are_checked(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(ABC)
    for arguments in ({}, {"content": "x"}, {"mode": "insert"}, {"mode": "replace", "content": "a\nb"}):
        with pytest.raises(ArgumentError):
            line(ctx, str(path), **arguments)  # type: ignore[arg-type]
    missing = str(tmp_path / "none")
    with pytest.raises(ModuleError, match="not there"):
        line(ctx, missing, "x", mode="delete")
    assert line(ctx, missing, "x", mode="delete", options=LineOptions(quiet=True)) is False
    with pytest.raises(ModuleError, match="regular"):
        line(ctx, str(tmp_path), "x", mode="delete", options=LineOptions(quiet=True))
