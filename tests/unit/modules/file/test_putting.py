"""`file.put`: all or nothing, what was there is kept, and what the caller did not see is not overwritten."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from modules.context import Context
from modules.file import kept_store, putting
from modules.file.kept_store import KeptStore
from modules.file.perms import set_perms
from modules.file.putting import PutOptions, put
from shoal.errors import ArgumentError, ModuleError
from shoal.files.digest import Digest


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def ctx(ctx: Context, state: Path) -> Context:
    return replace(ctx, settings={**ctx.settings, "statedir": str(state)})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "etc/a"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o640)
    return path


def digest(text: str) -> str:
    return Digest(text.encode()).final().hex()


def names(path: Path) -> list[str]:
    return sorted(each.name for each in path.parent.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_content_and_mode_are_put_and_what_was_there_comes_back(ctx: Context, path: Path) -> None:
    put(ctx, str(path), PutOptions(content="new", was=digest("old"), mode="4711"))
    assert (path.read_text(), mode(path)) == ("new", 0o4711)
    put(ctx, str(path), PutOptions(kept=digest("old"), mode="0640"))
    assert (path.read_text(), mode(path)) == ("old", 0o640)
    assert names(path) == ["a"]


def test_what_is_kept_is_nobody_elses(ctx: Context, path: Path, state: Path) -> None:
    path.write_text("secret " * 1000)
    put(ctx, str(path), PutOptions(content=""))
    assert mode(state / "kept") == 0o700
    (kept,) = (state / "kept").iterdir()
    assert mode(kept) == 0o600
    assert kept.stat().st_size < 200


def test_mode_and_owner_stay_where_none_is_given(ctx: Context, path: Path) -> None:
    put(ctx, str(path), PutOptions(content="new"))
    assert mode(path) == 0o640


@pytest.mark.parametrize("was", [digest("something else"), putting.NOTHING])
def test_file_that_somebody_changed_meanwhile_is_left_alone(ctx: Context, path: Path, was: str) -> None:
    if was == putting.NOTHING:
        path.unlink()
        was = digest("old")
    with pytest.raises(ModuleError, match="changed by somebody else"):
        put(ctx, str(path), PutOptions(content="new", was=was))
    assert not path.exists() or path.read_text() == "old"


def test_check_that_fails_leaves_the_old_file_and_nothing_else(ctx: Context, path: Path) -> None:
    with pytest.raises(ModuleError, match=r"^check_cmd execution failed\n.*no good"):
        put(ctx, str(path), PutOptions(content="new", check_cmd="echo no good >&2; false"))
    assert path.read_text() == "old"
    assert names(path) == ["a"]


def test_check_sees_the_new_file_under_its_ending(ctx: Context, path: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    check = f'check() {{ grep -q new "$1" && stat -c \'%n %a\' "$1" > {seen}; }}; check'
    put(ctx, str(path), PutOptions(content="new", check_cmd=check, mode="600", tmp_ext=".conf"))
    name, _, bits = seen.read_text().rpartition(" ")
    assert (Path(name).parent, Path(name).suffix, bits) == (path.parent, ".conf", "600\n")
    assert path.read_text() == "new"


def test_file_that_changes_while_the_new_one_is_checked_is_left_alone(ctx: Context, path: Path) -> None:
    check = f"check() {{ echo other > {path}; }}; check"
    with pytest.raises(ModuleError, match="changed by somebody else"):
        put(ctx, str(path), PutOptions(content="new", check_cmd=check))
    assert path.read_text() == "other\n"
    assert names(path) == ["a"]


@pytest.mark.parametrize(
    "options",
    [
        PutOptions(),
        PutOptions(content="a", base64="YQ=="),
        PutOptions(base64="?"),
        PutOptions(content="a", tmp_ext="/../x"),
        PutOptions(kept="../../etc/shadow"),
        PutOptions(content="a", mode="9"),
    ],
)
def test_nonsense_is_refused_before_anything_happens(ctx: Context, path: Path, options: PutOptions) -> None:
    with pytest.raises(ArgumentError):
        put(ctx, str(path), options)
    assert path.read_text() == "old"
    assert names(path) == ["a"]


def test_source_that_is_another_one_by_now_is_refused(ctx: Context, path: Path, roots: Path) -> None:
    options = PutOptions(source="shoal://web/site.conf", digest=digest("listen 80\n"))
    put(ctx, str(path), options)
    assert path.read_text() == "listen 80\n"
    (roots / "web/site.conf").write_text("listen 81\n")
    with pytest.raises(ModuleError, match="has changed since"):
        put(ctx, str(path), options)
    assert path.read_text() == "listen 80\n"


def test_folder_and_user_that_are_not_there_are_told_as_salt_does(ctx: Context, path: Path) -> None:
    with pytest.raises(ModuleError, match=r"^Parent directory not present$"):
        put(ctx, f"{path.parent}/no/f", PutOptions(content="a"))
    with pytest.raises(ModuleError, match=r"^User nobody-of-this-name is not available $"):
        put(ctx, str(path), PutOptions(content="a", user="nobody-of-this-name"))


def test_link_in_place_of_the_file_is_followed_and_stays(ctx: Context, path: Path) -> None:
    link = path.parent / "link"
    link.symlink_to("a")
    put(ctx, str(link), PutOptions(content="new"))
    assert link.is_symlink()
    assert path.read_text() == "new"


def test_what_is_too_large_is_not_kept(ctx: Context, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(putting, "MAX_CONTENT", 2)
    put(ctx, str(path), PutOptions(content="new"))
    assert not KeptStore(ctx).has(digest("old"))
    with pytest.raises(ModuleError, match="is not kept any more"):
        put(ctx, str(path), PutOptions(kept=digest("old")))
    assert path.read_text() == "new"


def test_what_was_kept_longest_ago_makes_room(
    ctx: Context, path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_store, "MAX_ALL", 40)  # of some eleven bytes each
    for number in range(6):
        put(ctx, str(path), PutOptions(content=f"{number}"))
    store = KeptStore(ctx)
    assert store.has(digest("4"))
    assert not store.has(digest("old"))
    assert sum(each.stat().st_size for each in (state / "kept").iterdir()) <= 40


def test_what_is_put_back_does_not_make_room_for_what_is_kept_then(
    ctx: Context, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ctx, str(path), PutOptions(content="0" * 3))
    monkeypatch.setattr(kept_store, "MAX_ALL", 12)  # of one
    put(ctx, str(path), PutOptions(kept=digest("old")))
    assert path.read_text() == "old"


def test_perms_of_many_are_set_in_the_order_that_keeps_set_user_id(ctx: Context, path: Path) -> None:
    other = path.parent / "b"
    other.symlink_to("a")
    uid = os.geteuid()
    set_perms(
        ctx, {str(path): {"mode": "4755", "user": str(uid)}, str(other): {"user": str(uid), "link": True}}
    )
    assert mode(path) == 0o4755
    with pytest.raises(ArgumentError, match="none of mode, user, group and link"):
        set_perms(ctx, {str(path): {"moed": "0644"}})


def test_undo_of_what_was_never_done_leaves_the_content_there(ctx: Context, path: Path) -> None:
    put(ctx, str(path), PutOptions(kept=digest("old"), mode="0600"))
    assert (path.read_text(), mode(path)) == ("old", 0o600)
