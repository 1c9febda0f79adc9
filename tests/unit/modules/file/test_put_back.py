"""`file.put_back`: an earlier content comes back over what a change had left, and over nothing else."""

from __future__ import annotations

import base64
import stat
import zlib
from pathlib import Path

import pytest

from modules.context import Context
from modules.file.put_back import content_of, put_back, way_back
from modules.text_file import MAX_BYTES
from shoal.errors import ArgumentError, ModuleError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"after")
    path.chmod(0o640)
    return path


@pytest.mark.parametrize("before", [b"before\xff\n", b"", b"x" * MAX_BYTES])
def test_content_comes_back_and_the_mode_stays(ctx: Context, file: Path, before: bytes) -> None:
    way = way_back(str(file), before, b"after")
    assert put_back(ctx, **way) is True
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert put_back(ctx, **way) is False  # a second time, after a power cut


def test_file_that_was_not_there_goes(ctx: Context, file: Path) -> None:
    way = way_back(str(file), None, b"after")
    assert put_back(ctx, **way) is True
    assert content_of(str(file)) is None
    assert put_back(ctx, **way) is False


def test_what_was_changed_since_stays(ctx: Context, file: Path) -> None:
    file.write_bytes(b"theirs")
    for before in (b"before", None):
        with pytest.raises(ModuleError, match="was changed since"):
            put_back(ctx, **way_back(str(file), before, b"after"))
    with pytest.raises(ModuleError, match="was changed since"):
        put_back(ctx, str(file))
    assert file.read_bytes() == b"theirs"


def test_file_that_is_gone_does_not_come_back(ctx: Context, file: Path) -> None:
    way = way_back(str(file), b"before", b"after")
    file.unlink()
    with pytest.raises(ModuleError, match="is not there any more"):
        put_back(ctx, **way)


@pytest.mark.parametrize(
    "content",
    ["not packed", "ä", base64.b85encode(zlib.compress(b"x" * (MAX_BYTES + 2))).decode()],
    ids=["text", "letters", "bomb"],
)
def test_content_that_is_none_is_refused(ctx: Context, file: Path, content: str) -> None:
    with pytest.raises(ArgumentError, match="is not a packed content"):
        put_back(ctx, str(file), content, "x")
