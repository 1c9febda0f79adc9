"""`file.find`: each test alone and together, on a tree with all that can be in one."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.file import find as finding
from modules.file.criteria import FindOptions, age_range, size_range
from modules.file.find import find
from shoal.errors import ArgumentError, ModuleError

Ask = Callable[[str], Any]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "sub/deep").mkdir(parents=True)
    (tree / "a.txt").write_text("x" * 3000)
    (tree / "B.TXT").write_text("x")
    (tree / "sub/c.txt").write_text("")
    (tree / "sub/deep/new\nline").write_text("x")
    (tree / "sub/loop").symlink_to("..")
    os.mkfifo(tree / "sub/pipe")
    os.utime(tree / "a.txt", (0, time.time() - 5 * 86_400))
    return tree


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, ["", "B.TXT", "a.txt", "sub", "sub/c.txt", "sub/deep", "sub/loop", "sub/pipe", "sub/deep/new\nline"]),
        ({"name": "*.txt"}, ["a.txt", "sub/c.txt"]),
        ({"iname": "*.txt"}, ["B.TXT", "a.txt", "sub/c.txt"]),
        ({"regex": "[ab]"}, ["a.txt"]),
        ({"iregex": "[ab]"}, ["B.TXT", "a.txt"]),
        ({"type_": "d"}, ["", "sub", "sub/deep"]),
        ({"type_": "lp"}, ["sub/loop", "sub/pipe"]),
        ({"type_": "f,d", "mindepth": 2}, ["sub/c.txt", "sub/deep", "sub/deep/new\nline"]),
        ({"maxdepth": 0}, [""]),
        ({"maxdepth": 1, "type_": "f"}, ["B.TXT", "a.txt"]),
        ({"size": "+1k", "type_": "f"}, ["a.txt"]),
        ({"size": "0", "type_": "f"}, ["sub/c.txt"]),
        ({"size": "2k", "type_": "f"}, ["a.txt"]),
        ({"size": "-1", "type_": "f"}, ["B.TXT", "sub/c.txt", "sub/deep/new\nline"]),
        ({"mtime": "+4d", "type_": "f"}, ["a.txt"]),
        ({"mtime": "5d", "type_": "f"}, ["a.txt"]),
        ({"mtime": "-1h", "type_": "f"}, ["B.TXT", "sub/c.txt", "sub/deep/new\nline"]),
        ({"owner": [str(os.geteuid())], "name": "a*"}, ["a.txt"]),
        ({"owner": ["54321"]}, []),
        ({"group": ["54321"]}, []),
        ({"name": "a*", "size": "0"}, []),
    ],
)  # fmt: skip
def test_tests(ctx: Context, tree: Path, options: dict[str, Any], found: list[str]) -> None:
    assert find(ctx, str(tree), FindOptions(**options)) == [str(tree / each) for each in found]


def test_columns(ctx: Context, tree: Path, ask: Ask) -> None:
    assert ask(f"file.find {tree} name=B.TXT print=name,type,size,mode,md5") == [
        [
            "B.TXT",
            "f",
            1,
            f"{(tree / 'B.TXT').stat().st_mode & 0o7777:04o}",
            "9dd4e461268c8034f5c8564e155c67a6",
        ]
    ]
    assert ask(f"file.find {tree} type=p print=type,md5") == [["p", ""]]
    assert ask(f"file.find {tree} name=sub print=name") == ["sub"]
    with pytest.raises(ArgumentError, match="printed"):
        ask(f"file.find {tree} print=exec")


def test_start_may_be_a_glob_a_file_or_a_link(ctx: Context, tree: Path) -> None:
    assert find(ctx, f"{tree}/?.txt") == [f"{tree}/a.txt"]
    assert find(ctx, f"{tree}/a.txt") == [f"{tree}/a.txt"]
    assert find(ctx, f"{tree}/none*") == []
    assert f"{tree}/sub/loop/a.txt" in find(ctx, f"{tree}/sub/loop", FindOptions(maxdepth=1))
    with pytest.raises(ModuleError, match="No such file"):
        find(ctx, f"{tree}/none")


def test_more_than_fits_is_an_error(ctx: Context, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MAX_FOUND", 3)
    with pytest.raises(ModuleError, match="more than 3"):
        find(ctx, str(tree))
    assert len(find(ctx, str(tree), FindOptions(name="*.txt"))) == 2


def test_sizes() -> None:
    assert size_range("10k") == (10240, 11263)
    assert size_range("7") == (7, 7)
    assert size_range("+1M") == (2**20, math.inf)
    assert size_range("-2g") == (0, 2**31)


def test_ages() -> None:
    assert age_range("+1w2d") == (777_600, math.inf)
    assert age_range("-2h30m") == (-math.inf, 9000)
    assert age_range("3d") == (259_200, 345_600)


@pytest.mark.parametrize(
    "options",
    [
        {"size": "big"}, {"size": "1x"}, {"mtime": "3"}, {"mtime": "d"}, {"type_": "x"}, {"type_": ""},
        {"regex": "("},
    ],
)  # fmt: skip
def test_criteria_that_cannot_be_read(ctx: Context, tree: Path, options: dict[str, str]) -> None:
    with pytest.raises(ArgumentError):
        find(ctx, str(tree), FindOptions(**options))  # type: ignore[arg-type]
