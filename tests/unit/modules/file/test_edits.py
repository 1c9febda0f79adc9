"""`replace`, `comment`, `uncomment`, `blockreplace`: what becomes of a text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.context import Context
from modules.file.backups import list_backups
from modules.file.blocks import BlockOptions, blockreplace
from modules.file.comments import comment, uncomment
from modules.file.replacing import ReplaceOptions, replace
from shoal.errors import ArgumentError, ModuleError

Ask = Callable[[str], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x"
    path.write_text("alpha\nbeta beta\ngamma\n")
    return path


def test_replace_returns_the_difference_and_keeps_the_old(ctx: Context, path: Path, ask: Ask) -> None:
    assert ask(f"file.replace {path} beta 'be ta' count=1") == (
        "--- old\n+++ new\n@@ -1,3 +1,3 @@\n alpha\n-beta beta\n+be ta beta\n gamma\n"
    )
    assert path.read_text() == "alpha\nbe ta beta\ngamma\n"
    kept = list_backups(ctx, str(path))
    assert Path(kept["0"]["Location"]).read_text() == "alpha\nbeta beta\ngamma\n"
    assert [each.name for each in path.parent.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("pattern", "repl", "options", "text"),
    [
        ("^b.*$", r"[\g<0>]", {}, "alpha\n[beta beta]\ngamma\n"),
        ("a", "", {"count": 2}, "lph\nbeta beta\ngamma\n"),
        ("BETA", "b", {"flags": ["IGNORECASE"]}, "alpha\nb b\ngamma\n"),
        ("beta", r"\1", {"backslash_literal": True}, "alpha\n\\1 \\1\ngamma\n"),
        ("nothing", "x", {}, "alpha\nbeta beta\ngamma\n"),
        ("nothing", "x", {"append_if_not_found": True}, "alpha\nbeta beta\ngamma\nx\n"),
        ("nothing", "x", {"prepend_if_not_found": True}, "x\nalpha\nbeta beta\ngamma\n"),
        ("nothing", "x", {"append_if_not_found": True, "not_found_content": "gamma"}, "alpha\nbeta beta\ngamma\n"),
        ("nothing", "x", {"append_if_not_found": True, "not_found_content": "y\n"}, "alpha\nbeta beta\ngamma\ny\n"),
        ("alpha\nbeta", "ab", {}, "ab beta\ngamma\n"),
    ],
)  # fmt: skip
def test_replace(
    ctx: Context, path: Path, pattern: str, repl: str, options: dict[str, Any], text: str
) -> None:
    before = path.read_text()
    changed = replace(ctx, str(path), pattern, repl, ReplaceOptions(**options, show_changes=False))
    assert path.read_text() == text
    assert changed is (text != before)


def test_append_to_a_text_without_end_of_line(ctx: Context, path: Path) -> None:
    path.write_bytes(b"a\r\nb")
    replace(ctx, str(path), "zz", "c", ReplaceOptions(append_if_not_found=True))
    assert path.read_bytes() == b"a\r\nb\r\nc\r\n"
    assert replace(ctx, str(path), "zz", "c", ReplaceOptions(append_if_not_found=True)) == ""


def test_nothing_is_written_when_nothing_changes_or_on_trial(ctx: Context, path: Path) -> None:
    before = path.stat()
    assert replace(ctx, str(path), "nothing", "x") == ""
    assert replace(ctx, str(path), "alpha", "alpha") == ""
    assert "+ALPHA" in str(replace(ctx, str(path), "alpha", "ALPHA", ReplaceOptions(dry_run=True)))
    assert replace(ctx, str(path), "alpha", "x", ReplaceOptions(search_only=True)) is True
    assert path.stat() == before
    assert list_backups(ctx, str(path)) == {}


def test_wrong_expressions_and_options_are_explained(ctx: Context, path: Path) -> None:
    for pattern, repl in (("(", "x"), ("a", r"\1"), ("a", r"\g<no>"), ("a", "\\")):
        with pytest.raises(ArgumentError):
            replace(ctx, str(path), pattern, repl)
    with pytest.raises(ArgumentError):
        replace(ctx, str(path), "a", "b", ReplaceOptions(append_if_not_found=True, prepend_if_not_found=True))
    with pytest.raises(ModuleError, match="No such file"):
        replace(ctx, str(path) + "none", "a", "b")
    assert replace(ctx, str(path) + "none", "a", "b", ReplaceOptions(ignore_if_missing=True)) == ""
    assert path.read_text() == "alpha\nbeta beta\ngamma\n"


@pytest.mark.parametrize("suffix", ["/../../etc/x", "bak", ".", "..", ".a/b", ".\n"])
def test_backup_suffix_that_would_lead_elsewhere_is_refused(ctx: Context, path: Path, suffix: str) -> None:
    with pytest.raises(ArgumentError, match="backup"):
        replace(ctx, str(path), "alpha", "x", ReplaceOptions(backup=suffix))
    assert path.read_text().startswith("alpha")


def test_backup_beside_the_file_is_not_written_through_a_link(ctx: Context, path: Path) -> None:
    replace(ctx, str(path), "alpha", "x", ReplaceOptions(backup=".bak"))
    assert path.with_name("x.bak").read_text() == "alpha\nbeta beta\ngamma\n"
    path.with_name("x.old").symlink_to("elsewhere")
    with pytest.raises(ModuleError, match="type link"):
        replace(ctx, str(path), "x", "y", ReplaceOptions(backup=".old"))
    assert not path.with_name("elsewhere").exists()


def test_difference_in_a_long_file_has_the_right_line_numbers(ctx: Context, path: Path) -> None:
    path.write_text("".join(f"{number}\n" for number in range(100_000)))
    found = str(replace(ctx, str(path), "^70000$", "x"))
    assert found == (
        "--- old\n+++ new\n@@ -69998,7 +69998,7 @@\n 69997\n 69998\n 69999\n-70000\n+x\n 70001\n 70002\n 70003\n"
    )
    assert "lines differ" in str(replace(ctx, str(path), "^", "x"))


@pytest.mark.parametrize(
    ("before", "regex", "after"),
    [
        ("a\nb\n", "a", "#a\nb\n"),
        ("  a = 1\n", r"\s*a", "#  a = 1\n"),
        ("#a\n", ".*a", "#a\n"),
        ("ba\n", "a", "ba\n"),
        ("a\r\nb", "^[ab]$", "#a\r\n#b"),
    ],
)
def test_comment(ctx: Context, path: Path, before: str, regex: str, after: str) -> None:
    path.write_bytes(before.encode())
    found = comment(ctx, str(path), regex)
    assert path.read_bytes() == after.encode()
    assert bool(found) is (before != after)


@pytest.mark.parametrize(
    ("before", "regex", "after"),
    [
        ("#a\nb\n", "a", "a\nb\n"),
        ("# a\n", "^a", "a\n"),
        ("#    a = 1\n", "a", "    a = 1\n"),
        ("  # a\n", "a$", "  a\n"),
        ("## a\n", "a", "## a\n"),
        ("a\n#b\n", "a", "a\n#b\n"),
        ("#a\r\n", "a$", "a\r\n"),
    ],
)
def test_uncomment(ctx: Context, path: Path, before: str, regex: str, after: str) -> None:
    path.write_bytes(before.encode())
    found = uncomment(ctx, str(path), regex)
    assert path.read_bytes() == after.encode()
    assert bool(found) is (before != after)


def test_comment_sign_of_several_characters(ctx: Context, path: Path) -> None:
    assert comment(ctx, str(path), "alpha", char="//")
    assert path.read_text().startswith("//alpha\n")
    assert uncomment(ctx, str(path), "alpha", char="//")
    assert path.read_text().startswith("alpha\n")
    for char in ("", " ", "#\n"):
        with pytest.raises(ArgumentError):
            comment(ctx, str(path), "alpha", char=char)


BLOCK = "head\n# start here\nold\n# end here\ntail\n"


def block(ctx: Context, path: Path, content: str, **options: Any) -> str | bool:
    return blockreplace(ctx, str(path), "# start", "# end", content, BlockOptions(**options))


@pytest.mark.parametrize(
    ("content", "after"),
    [
        ("new", "head\n# start here\nnew\n# end here\ntail\n"),
        ("a\n\nb\n", "head\n# start here\na\n\nb\n# end here\ntail\n"),
        ("", "head\n# start here\n# end here\ntail\n"),
        ("old", BLOCK),
    ],
)
def test_block_is_replaced(ctx: Context, path: Path, content: str, after: str) -> None:
    path.write_text(BLOCK)
    assert bool(block(ctx, path, content)) is (after != BLOCK)
    assert path.read_text() == after
    assert block(ctx, path, content) == ""


@pytest.mark.parametrize(
    ("options", "after"),
    [
        ({"append_if_not_found": True}, "a\nb\n# start\nx\n# end\n"),
        ({"prepend_if_not_found": True}, "# start\nx\n# end\na\nb"),
        ({"insert_before_match": "^b"}, "a\n# start\nx\n# end\nb"),
        ({"insert_after_match": "b$"}, "a\nb\n# start\nx\n# end\n"),
    ],
)
def test_block_that_is_not_there_is_added(
    ctx: Context, path: Path, options: dict[str, Any], after: str
) -> None:
    path.write_text("a\nb")
    block(ctx, path, "x", **options)
    assert path.read_text() == after
    block(ctx, path, "x", **options)
    assert path.read_text() == after


@pytest.mark.parametrize(
    "text",
    ["# start\n", "# end\n", "# end\n# start\n", "# start\n# start\n# end\n", "# start # end\n", "none\n"],
)
def test_markers_that_are_not_a_pair_are_refused(ctx: Context, path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(ModuleError):
        block(ctx, path, "x")
    assert path.read_text() == text


def test_block_arguments_are_checked(ctx: Context, path: Path) -> None:
    with pytest.raises(ArgumentError, match="marker"):
        block(ctx, path, "a\n# end\nb", append_if_not_found=True)
    with pytest.raises(ArgumentError, match="one place"):
        block(ctx, path, "a", append_if_not_found=True, insert_after_match="x")
    with pytest.raises(ArgumentError, match="one line"):
        blockreplace(ctx, str(path), "", "# end", "x")
    with pytest.raises(ModuleError, match="no line"):
        block(ctx, path, "a", insert_after_match="nowhere")


def test_block_speaks_the_files_newlines(ctx: Context, path: Path) -> None:
    path.write_bytes(b"a\r\n# start\r\nb\r\n# end\r\n")
    block(ctx, path, "x\ny")
    assert path.read_bytes() == b"a\r\n# start\r\nx\r\ny\r\n# end\r\n"
