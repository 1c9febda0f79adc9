"""Reads: bounded, never waiting, and telling what is there."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules import shell
from modules.context import Context
from modules.file.content import CHUNK, MAX_LINE_BYTES
from modules.file.hashes import check_hash, get_hash
from modules.file.reading import (
    contains,
    contains_glob,
    contains_regex,
    diff,
    grep,
    read,
    search,
    seek_read,
)
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from shoal.returns import MAX_VALUE_BYTES

Ask = Callable[[str], Any]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x"
    path.write_bytes(b"one\ntwo \xff\r\n  three\n")
    return path


def test_text_and_binary(ctx: Context, path: Path) -> None:
    assert read(ctx, str(path)).value == "one\ntwo \\xff\r\n  three\n"
    assert base64.b64decode(read(ctx, str(path), binary=True).value) == path.read_bytes()
    assert seek_read(ctx, str(path), 3, 4).value == "two"
    assert seek_read(ctx, str(path), 3, 1000).value == ""


def test_what_does_not_fit_is_counted(ctx: Context, path: Path) -> None:
    found = read(ctx, str(path), max_bytes=5)
    assert (found.value, found.trimmed) == ("one\nt", path.stat().st_size - 5)
    assert read(ctx, str(path)).trimmed == 0
    for size in (-1, MAX_VALUE_BYTES + 1):
        with pytest.raises(ArgumentError):
            read(ctx, str(path), max_bytes=size)
    with pytest.raises(ArgumentError):
        seek_read(ctx, str(path), 1, 2**63)


def test_file_of_proc_that_does_not_know_its_size(ctx: Context) -> None:
    found = read(ctx, "/proc/self/status", max_bytes=4)
    assert found.value == "Name"
    assert found.trimmed > 0
    assert "Threads:" in read(ctx, "/proc/self/status").value


def test_huge_file_is_read_as_far_as_asked(ctx: Context, tmp_path: Path) -> None:
    huge = tmp_path / "huge"
    huge.touch()
    os.truncate(huge, 50 * 2**30)
    found = read(ctx, str(huge), max_bytes=10)
    assert (found.value, found.trimmed) == ("\0" * 10, 50 * 2**30 - 10)
    for call in (lambda: search(ctx, str(huge), "x"), lambda: diff(ctx, str(huge), str(huge))):
        with pytest.raises(ModuleError, match="more than"):
            call()


def test_nothing_but_regular_files_is_opened(ctx: Context, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    calls: list[Callable[[str], Any]] = [
        lambda path: read(ctx, path),
        lambda path: contains(ctx, path, "x"),
        lambda path: contains_regex(ctx, path, "x"),
        lambda path: contains_glob(ctx, path, "x"),
        lambda path: search(ctx, path, "x"),
        lambda path: get_hash(ctx, path),
        lambda path: diff(ctx, path, path),
        lambda path: grep(ctx, path, "x"),
    ]
    for call in calls:
        for place in (tmp_path / "pipe", tmp_path / "link", "/dev/zero"):
            with pytest.raises(ModuleError, match=r"regular|neither"):
                call(str(place))


def test_missing_file(ctx: Context, tmp_path: Path) -> None:
    path = str(tmp_path / "none")
    assert not contains(ctx, path, "x")
    assert not contains_regex(ctx, path, "x")
    assert not search(ctx, path, "x", ignore_if_missing=True)
    for call in (lambda: read(ctx, path), lambda: search(ctx, path, "x"), lambda: get_hash(ctx, path)):
        with pytest.raises(ModuleError, match="No such file"):
            call()


def test_name_that_is_too_long_is_explained(ctx: Context) -> None:
    with pytest.raises(ModuleError, match="too long"):
        read(ctx, "/" + "x" * 300)
    assert not contains(ctx, "/" + "x" * 300, "x")


def test_text_across_the_border_of_two_chunks_is_found(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * (CHUNK - 3) + b"needle" + b"b" * CHUNK)
    assert contains(ctx, str(path), "needle")
    assert not contains(ctx, str(path), "needles")
    path.write_bytes(b"a" * (2 * CHUNK) + b"end")
    assert contains(ctx, str(path), "end")


def test_lines(ctx: Context, path: Path) -> None:
    assert contains_regex(ctx, str(path), "^one$")
    assert not contains_regex(ctx, str(path), "^three")
    assert contains_regex(ctx, str(path), "^three", lchar=" ")
    assert contains_glob(ctx, str(path), "two*")
    assert not contains_glob(ctx, str(path), "wo*")
    assert search(ctx, str(path), "^  three$")
    assert not search(ctx, str(path), "ONE")
    assert search(ctx, str(path), "ONE", flags="IGNORECASE")
    assert search(ctx, str(path), "ONE.TWO", flags=["I", "S"])
    assert search(ctx, str(path), "one.two", multiline=True)
    with pytest.raises(ArgumentError, match="not a flag"):
        search(ctx, str(path), "x", flags=["LOUD"])
    with pytest.raises(ArgumentError, match="regular expression"):
        search(ctx, str(path), "(")


def test_endless_line_is_taken_in_pieces(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"a" * (MAX_LINE_BYTES + 5) + b"\nlast\n")
    assert contains_regex(ctx, str(path), "^a{5}$")
    assert contains_regex(ctx, str(path), "^last$")


def test_grep_takes_options_but_no_tricks(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "-x").write_text("-e one\nTwo\n")
    (tmp_path / "$(id)\n").write_text("two\n")
    assert grep(ctx, str(tmp_path / "-x"), "-e one")["stdout"] == "-e one\n"
    assert grep(ctx, str(tmp_path / "-x"), "two", "-i", "-c")["stdout"] == "1\n"
    assert grep(ctx, str(tmp_path / "$(id)\n"), "$(id)")["retcode"] == 1
    assert grep(ctx, str(tmp_path / "*"), "two", "-h")["stdout"] == "two\n"
    for option in ("/etc/passwd", "--", "-", ""):
        with pytest.raises(ArgumentError):
            grep(ctx, str(tmp_path / "-x"), "x", option)


def test_no_grep_on_the_box(ctx: Context, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell, "which", lambda _name: "")
    with pytest.raises(UnavailableError, match="grep"):
        grep(ctx, str(path), "x")


def test_difference_of_two_files(ctx: Context, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "y"
    other.write_bytes(path.read_bytes().replace(b"three\n", b"four"))
    assert diff(ctx, str(path), str(path)) == ""
    assert diff(ctx, str(path), str(other)) == (
        f"--- {path}\n+++ {other}\n@@ -1,3 +1,3 @@\n one\n two \\xff\r\n-  three\n+  four\n"
        "\\ No newline at end of file\n"
    )
    other.write_bytes(b"\0")
    assert diff(ctx, str(path), str(other)) == f"Binary files {path} and {other} differ\n"


def test_hashes(ctx: Context, tmp_path: Path, ask: Ask) -> None:
    path = tmp_path / "empty file"
    path.touch()
    md5 = "d41d8cd98f00b204e9800998ecf8427e"
    assert ask(f"file.hash '{path}' md5") == md5
    for text in (
        md5,
        f"md5:{md5}",
        f"md5={md5.upper()}",
        get_hash(ctx, str(path)),
        f"sha256={get_hash(ctx, str(path))}",
    ):
        assert check_hash(ctx, str(path), text)
    assert not check_hash(ctx, str(path), "0" * 64)
    for text in ("", "xyz", "abc", "crc32=00", "md5=" + "é"):
        with pytest.raises(ArgumentError):
            check_hash(ctx, str(path), text)
    with pytest.raises(ArgumentError, match="kind of hash"):
        get_hash(ctx, str(path), "shake_128")


def test_file_that_becomes_a_fifo_meanwhile_is_not_waited_for(
    ctx: Context, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def swap(place: Path, flags: int, **_folder: None) -> int:
        assert flags & os.O_NONBLOCK  # else the test would hang here, as a job would
        path.unlink()
        os.mkfifo(path)
        return real(place, flags)

    monkeypatch.setattr(os, "open", swap)
    with pytest.raises(ModuleError, match="type pipe"):
        read(ctx, str(path))
