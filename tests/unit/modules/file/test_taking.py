"""`file.take_away` and `file.bring_back`: only what was seen goes, and it comes back only where nothing is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from modules.context import Context
from modules.file import taking
from modules.file.kept_store import KeptStore
from modules.file.taking import bring_back, look, take_away
from shoal.errors import ModuleError
from shoal.files.digest import Digest
from tests.contracts.states.contract import tree


@pytest.fixture
def ctx(ctx: Context, tmp_path_factory: pytest.TempPathFactory) -> Context:
    return replace(ctx, settings={**ctx.settings, "statedir": str(tmp_path_factory.mktemp("state"))})


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    (top / "in").mkdir(parents=True)
    (top / "in/a").write_text("a")
    (top / "b").write_text("b")
    (top / "in").chmod(0o500)
    return top


def test_tree_comes_back_with_times_and_attributes(ctx: Context, top: Path) -> None:
    os.utime(top / "b", (1000, 2000))
    try:
        os.setxattr(top / "b", "user.note", b"kept")
    except OSError:
        pytest.skip("this file system keeps no attributes")
    before, known = tree(top), look(top).known
    assert take_away(ctx, str(top), known)
    assert not top.exists()
    bring_back(ctx, str(top), known)
    assert tree(top) == before
    assert os.getxattr(top / "b", "user.note") == b"kept"
    assert (top / "b").stat().st_mtime == 2000


@pytest.mark.parametrize("change", ["other content", "one more", "other mode"])
def test_what_was_changed_since_it_was_looked_at_stays(ctx: Context, top: Path, change: str) -> None:
    known = look(top).known
    if change == "other content":
        (top / "b").write_text("longer")
    elif change == "one more":
        (top / "c").touch()
    else:
        (top / "b").chmod(0o600)
    with pytest.raises(ModuleError, match="changed by somebody else"):
        take_away(ctx, str(top), known)
    assert (top / "in/a").exists()


def test_what_is_there_meanwhile_is_not_replaced(ctx: Context, top: Path) -> None:
    known = look(top).known
    take_away(ctx, str(top), known)
    top.write_text("mine")
    with pytest.raises(ModuleError, match="is not put in its place"):
        bring_back(ctx, str(top), known)
    assert top.read_text() == "mine"


def test_nothing_comes_back_when_a_content_is_lost(ctx: Context, top: Path) -> None:
    known = look(top).known
    take_away(ctx, str(top), known)
    KeptStore(ctx)._place(Digest(b"a").final().hex()).unlink()
    with pytest.raises(ModuleError, match="not kept any more"):
        bring_back(ctx, str(top), known)
    assert not top.exists()


def test_too_many_files_are_told_and_not_taken(
    ctx: Context, top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "MAX_ENTRIES", 2)
    found = look(top)
    assert "2 files are not kept" in found.too_large
    with pytest.raises(ModuleError, match="is not taken away"):
        take_away(ctx, str(top), found.known)
    assert top.exists()


def test_what_was_never_taken_away_is_back_already(ctx: Context, top: Path) -> None:
    assert bring_back(ctx, str(top), look(top).known) is False
    assert (top / "in/a").exists()
