"""The box's end of `shoal-cp`: a list of files becomes files, where the operator said and nowhere else."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from modules.context import Context
from modules.cp.recv import recv
from shoal.errors import ArgumentError, ModuleError
from shoal.files.digest import Digest
from shoal.files.messages import FileInfo
from shoal.files.parcel import pack_parcel
from shoal.wire import encode


class Brought:
    """The box's cache, with what the master has of a job."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.contents: dict[bytes, bytes] = {}
        self.damaged = 0  # how many of the next fetches bring something else

    def add(self, data: bytes) -> bytes:
        digest = Digest(data).final()
        self.contents[digest] = data
        return digest

    def fetch(self, files: Sequence[FileInfo]) -> list[Path]:
        return [self._path(info.digest) for info in files if not info.is_dir]

    def drop(self, info: FileInfo) -> None:
        (self._folder / info.digest.hex()).unlink()

    def _path(self, digest: bytes) -> Path:
        if digest not in self.contents:
            raise ModuleError("the master says: changed: the master does not have this content any more")
        path = self._folder / digest.hex()
        self.damaged -= 1
        path.write_bytes(self.contents[digest] if self.damaged < 0 else b"damaged")
        return path


@pytest.fixture
def brought(tmp_path_factory: pytest.TempPathFactory) -> Brought:
    return Brought(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def box(ctx: Context, brought: Brought) -> Context:
    return replace(ctx, files=brought)  # type: ignore[arg-type]


def parcel(brought: Brought, *names: str, mode: int = 0o644) -> tuple[str, int]:
    """Return digest and size of a list of these, each with its name as content; folders end with /."""
    infos = [
        FileInfo(name=name.strip("/"))
        if name.endswith("/")
        else FileInfo(name=name, digest=brought.add(name.encode()), size=len(name), mode=mode)
        for name in names
    ]
    data = pack_parcel(infos)
    return brought.add(data).hex(), len(data)


def test_one_file_becomes_dest_or_goes_into_it(box: Context, brought: Brought, tmp_path: Path) -> None:
    listed = parcel(brought, "a")
    assert recv(box, *listed, str(tmp_path / "x")) == {f"{tmp_path}/x": True}
    assert recv(box, *listed, str(tmp_path)) == {f"{tmp_path}/a": True}
    assert recv(box, *listed, f"{tmp_path}/new/") == {f"{tmp_path}/new/a": True}
    assert {(tmp_path / name).read_text() for name in ("x", "a", "new/a")} == {"a"}


def test_several_files_and_folders_need_a_folder(box: Context, brought: Brought, tmp_path: Path) -> None:
    for names in (("a", "b"), ("conf/", "conf/a"), ("conf/",), ("conf/a",)):
        with pytest.raises(ModuleError, match="several files need one"):
            recv(box, *parcel(brought, *names), str(tmp_path / "x"))
    listed = parcel(brought, "conf/", "conf/a", "conf/empty/", "b")
    assert recv(box, *listed, f"{tmp_path}/x/") == {f"{tmp_path}/x/conf/a": True, f"{tmp_path}/x/b": True}
    assert (tmp_path / "x/conf/empty").is_dir()


def test_nothing_that_arrives_has_the_rights_of_its_owner(
    box: Context, brought: Brought, tmp_path: Path
) -> None:
    recv(box, *parcel(brought, "a", mode=0o6755), str(tmp_path / "x"))
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o755


@pytest.mark.parametrize("dest", ["x", "", "/srv/www/../../etc/x", "/srv/..", "/a\0b"])
def test_dest_that_is_no_plain_path_is_refused(box: Context, brought: Brought, dest: str) -> None:
    with pytest.raises(ArgumentError):
        recv(box, *parcel(brought, "a"), dest)


def test_link_below_dest_is_not_followed(box: Context, brought: Brought, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "in/conf").symlink_to(tmp_path / "outside")
    with pytest.raises(ModuleError, match="cannot be written"):
        recv(box, *parcel(brought, "conf/", "conf/a"), str(tmp_path / "in"))
    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("listed", [("zz", 10), ("00", 10), ("00" * 32, 0), ("00" * 32, 2**40)], ids=str)
def test_what_names_no_list_is_refused(box: Context, listed: tuple[str, int]) -> None:
    with pytest.raises(ArgumentError, match="shoal-cp"):
        recv(box, *listed, "/x")


def test_files_that_the_master_has_dropped_are_told(box: Context, brought: Brought, tmp_path: Path) -> None:
    listed = parcel(brought, "a")
    del brought.contents[Digest(b"a").final()]
    with pytest.raises(ModuleError, match="run shoal-cp again"):
        recv(box, *listed, str(tmp_path / "x"))
    with pytest.raises(ModuleError, match="run shoal-cp again"):
        recv(box, "00" * 32, 10, str(tmp_path / "x"))


def test_list_that_is_damaged_on_the_way_is_fetched_again(
    box: Context, brought: Brought, tmp_path: Path
) -> None:
    listed = parcel(brought, "a")
    brought.damaged = 1
    assert recv(box, *listed, str(tmp_path / "x"))
    brought.damaged = 100
    with pytest.raises(ModuleError, match="run shoal-cp again"):
        recv(box, *listed, str(tmp_path / "x"))


def test_list_that_names_places_outside_is_refused(box: Context, brought: Brought, tmp_path: Path) -> None:
    for name in ("../x", "/x", ""):
        data = encode([[name, brought.add(b"a"), 1, 0o644, ""]])
        with pytest.raises(ModuleError, match="cannot be read"):
            recv(box, brought.add(data).hex(), len(data), f"{tmp_path}/")
    assert list(tmp_path.iterdir()) == []
