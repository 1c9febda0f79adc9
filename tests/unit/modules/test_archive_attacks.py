"""Archives that want more than their folder: each is refused, and nothing at all is written."""

from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.archive import limits
from modules.archive.place import Place
from modules.archive.unpack import Unpacking, extract
from modules.context import Context
from shoal.errors import ModuleError

SECRET = "the box's own"


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def tar_of(path: Path, *entries: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes]) -> str:
    with tarfile.open(path, "w") as archive:
        for each in entries:
            info, data = each if isinstance(each, tuple) else (each, b"")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return str(path)


def zip_of(path: Path, *entries: tuple[str, bytes, int]) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data, mode in entries:
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, data)
    return str(path)


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """A folder with a file that an archive must not reach; archives are unpacked into its `in`."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text(SECRET)
    return tmp_path


@pytest.fixture
def refused(ctx: Context, box: Path) -> Callable[..., None]:
    """Return a function that says that an archive is refused in these words and leaves no trace."""

    def check(path: str, words: str, **options: Any) -> None:
        good = entry("first"), b"written before anything bad?"
        if path.endswith(".tar"):
            with tarfile.open(path) as old:
                members = [
                    (info, stream.read() if (stream := _content(old, info)) else b"")
                    for info in old.getmembers()
                ]
            tar_of(Path(path), good, *members)
        with pytest.raises(ModuleError, match=words):
            extract(ctx, path, str(box / "in"), Unpacking(**options))
        assert not (box / "in").exists() or not any((box / "in").iterdir())
        assert [each.name for each in (box / "outside").iterdir()] == ["file"]
        assert (box / "outside" / "file").read_text() == SECRET

    return check


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Any:
    return archive.extractfile(info) if info.isreg() else None


@pytest.mark.parametrize("name", ["../outside/file", "a/../../outside/file", "..", "a/.."])
def test_name_with_dots_that_lead_out_is_refused(box: Path, refused: Callable[..., None], name: str) -> None:
    refused(tar_of(box / "a.tar", (entry(name), b"x")), "leads out of the folder by '..'")
    refused(
        zip_of(box / "a.zip", ("ok", b"", 0o644), (name, b"x", stat.S_IFREG | 0o644)),
        "leads out of the folder",
    )


def test_absolute_name_is_refused(box: Path, refused: Callable[..., None]) -> None:
    name = str(box / "outside" / "file")
    refused(tar_of(box / "a.tar", (entry(name), b"x")), "absolute name")
    refused(zip_of(box / "a.zip", (name, b"x", stat.S_IFREG | 0o644)), "absolute name")


@pytest.mark.parametrize("target", ["../outside", "/etc", "d/../../outside", "./.."])
def test_symlink_that_leads_out_is_refused(box: Path, refused: Callable[..., None], target: str) -> None:
    refused(
        tar_of(box / "a.tar", entry("link", tarfile.SYMTYPE, target)), "link is? ?.* is a link to|is a link"
    )
    refused(zip_of(box / "a.zip", ("link", target.encode(), stat.S_IFLNK | 0o777)), "is a link to")


def test_file_through_a_symlink_is_refused_even_if_it_stays_inside(
    box: Path, refused: Callable[..., None]
) -> None:
    through = (entry("d", tarfile.DIRTYPE), entry("link", tarfile.SYMTYPE, "d"), (entry("link/f"), b"x"))
    refused(tar_of(box / "a.tar", *through), "goes through link")
    members = [("link", b"d", stat.S_IFLNK | 0o777), ("link/f", b"x", stat.S_IFREG | 0o644)]
    refused(zip_of(box / "a.zip", *members), "goes through link")


def test_links_that_bend_each_other_are_refused(box: Path, refused: Callable[..., None]) -> None:
    """`up` resolves to `a/..` as text, but to `a/b/../..` on the disk."""
    members = [
        entry("a", tarfile.DIRTYPE),
        entry("a/b", tarfile.DIRTYPE),
        entry("l", tarfile.SYMTYPE, "a/b"),
        entry("up", tarfile.SYMTYPE, "l/../../.."),
    ]
    refused(tar_of(box / "a.tar", *members), "'..' after a name")


@pytest.mark.parametrize("target", ["../outside/file", "/etc/passwd", "never-was-there"])
def test_hard_link_to_outside_is_refused(box: Path, refused: Callable[..., None], target: str) -> None:
    refused(tar_of(box / "a.tar", entry("h", tarfile.LNKTYPE, target)), "refused: ")


def test_hard_link_to_a_symlink_is_refused(box: Path, refused: Callable[..., None]) -> None:
    members = [entry("s", tarfile.SYMTYPE, "first"), entry("h", tarfile.LNKTYPE, "s")]
    refused(tar_of(box / "a.tar", *members), "no file that came before it")


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_device_and_fifo_are_refused(box: Path, refused: Callable[..., None], kind: bytes) -> None:
    refused(tar_of(box / "a.tar", entry("dev", kind)), "is a device, a FIFO")


def test_device_in_a_zip_is_refused(box: Path, refused: Callable[..., None]) -> None:
    refused(zip_of(box / "a.zip", ("dev", b"", stat.S_IFCHR | 0o600)), "is a device, a FIFO")


@pytest.mark.parametrize("second", [tarfile.SYMTYPE, tarfile.DIRTYPE])
def test_name_that_becomes_something_else_is_refused(
    box: Path, refused: Callable[..., None], second: bytes
) -> None:
    refused(tar_of(box / "a.tar", (entry("n"), b"x"), entry("n", second, "first")), "earlier member")


def test_link_that_is_changed_under_a_file_is_refused(box: Path, refused: Callable[..., None]) -> None:
    members = [entry("n", tarfile.SYMTYPE, "first"), (entry("n"), b"x")]
    refused(tar_of(box / "a.tar", *members), "earlier member")
    members = [entry("n", tarfile.SYMTYPE, "first"), entry("n", tarfile.SYMTYPE, "other")]
    refused(tar_of(box / "b.tar", *members), "earlier member")


def test_folder_that_becomes_a_link_after_it_was_used_is_refused(
    box: Path, refused: Callable[..., None]
) -> None:
    refused(
        tar_of(box / "a.tar", (entry("d/f"), b"x"), entry("d", tarfile.SYMTYPE, "first")), "earlier member"
    )


def test_set_user_id_is_dropped_unless_asked(ctx: Context, box: Path) -> None:
    for number, path in enumerate(
        (
            tar_of(box / "a.tar", (entry("tool", mode=0o6755), b"#!")),
            zip_of(box / "a.zip", ("tool", b"#!", stat.S_IFREG | 0o6755)),
        )
    ):
        extract(ctx, path, str(box / f"plain{number}"))
        extract(ctx, path, str(box / f"asked{number}"), Unpacking(keep_setid=True))
        assert stat.S_IMODE((box / f"plain{number}" / "tool").stat().st_mode) == 0o755
        assert stat.S_IMODE((box / f"asked{number}" / "tool").stat().st_mode) == 0o6755


def test_owner_is_ours_unless_asked(ctx: Context, box: Path) -> None:
    info = entry("f")
    info.uid = info.gid = 4711
    path = tar_of(box / "a.tar", (info, b"x"))
    extract(ctx, path, str(box / "plain"))
    assert (box / "plain" / "f").stat().st_uid == os.geteuid()
    if os.geteuid() == 0:
        extract(ctx, path, str(box / "asked"), Unpacking(preserve_owner=True))
        assert (box / "asked" / "f").stat().st_uid == 4711


def test_bomb_is_refused_by_its_ratio(box: Path, refused: Callable[..., None]) -> None:
    zeros = bytes(20 * 1024**2)
    path = tar_of(box / "zeros.tar", (entry("z"), zeros))
    (box / "a.tar.gz").write_bytes(gzip.compress(Path(path).read_bytes()))
    refused(str(box / "a.tar.gz"), "times its size")
    with zipfile.ZipFile(box / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("z", zeros)
    refused(str(box / "a.zip"), "times its size")


def test_bomb_is_refused_by_its_bytes_and_members(box: Path, refused: Callable[..., None]) -> None:
    path = tar_of(box / "a.tar", *[(entry(f"f{n}"), bytes(1000)) for n in range(10)])
    refused(path, "more than 5000 bytes", max_bytes=5000)
    refused(path, "more than 5 members", max_members=5)


def test_header_that_promises_terabytes_is_not_followed(box: Path, refused: Callable[..., None]) -> None:
    info = entry("huge")
    info.size = 2**43
    (box / "a.bin").write_bytes(info.tobuf() + bytes(1024))
    refused(str(box / "a.bin"), "more than .* bytes")


def test_long_name_of_a_gigabyte_is_not_read(box: Path, refused: Callable[..., None]) -> None:
    info = entry("././@LongLink", tarfile.GNUTYPE_LONGNAME)
    info.size = 2**30
    (box / "a.bin").write_bytes(info.tobuf() + bytes(4096))
    refused(str(box / "a.bin"), "header of .* bytes")


def test_endless_chain_of_attribute_headers_is_refused(box: Path, refused: Callable[..., None]) -> None:
    info = entry("pax", tarfile.XHDTYPE)
    info.size = 512
    block = info.tobuf() + b"12 path=abc\n".ljust(512, b"\0")
    (box / "a.bin").write_bytes(block * 5000)
    refused(str(box / "a.bin"), "damaged|header")


def test_packed_stream_that_is_longer_than_all_limits_is_given_up(
    box: Path, refused: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_SLACK", 0)
    monkeypatch.setattr(limits, "_HEADER_BYTES", 0)
    monkeypatch.setattr(limits, "_HEADER_BYTES", 0)
    path = tar_of(box / "p.bin", *[entry(f"d{n}", tarfile.DIRTYPE) for n in range(100)])
    (box / "a.tgz").write_bytes(gzip.compress(Path(path).read_bytes()))
    refused(str(box / "a.tgz"), "more than 1024 bytes", max_bytes=1024)


def test_xz_that_asks_for_gigabytes_of_memory_is_refused(box: Path, refused: Callable[..., None]) -> None:
    import lzma

    path = tar_of(box / "p.bin", (entry("f"), b"x"))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 256 * 1024**2}]
    try:
        packed = lzma.compress(Path(path).read_bytes(), filters=filters)
    except MemoryError:
        pytest.skip("not enough memory to make such a file")
    (box / "a.xz").write_bytes(packed)
    refused(str(box / "a.xz"), "damaged or cannot be read")


def test_zip_with_a_huge_directory_is_refused_before_it_is_read(
    box: Path, refused: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zip_of(box / "a.zip", *[(f"f{n}", b"", 0o644) for n in range(100)])
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was read"))
    refused(path, "has a directory of .* bytes", max_members=10)
    data = Path(path).read_bytes()
    far = b"PK\x06\x06" + bytes(36) + (4950).to_bytes(8, "little") + bytes(8)
    Path(path).write_bytes(data[:-22] + far + data[-22:-10] + b"\xff" * 4 + data[-6:])
    refused(path, "has a directory of 4950 bytes", max_members=10)


def test_zip_that_lies_about_a_size_is_refused(ctx: Context, box: Path) -> None:
    path = Path(zip_of(box / "a.zip", ("f", b"0123456789", stat.S_IFREG | 0o644)))
    data = path.read_bytes()
    path.write_bytes(
        data.replace((10).to_bytes(4, "little") * 2, (10).to_bytes(4, "little") + (5).to_bytes(4, "little"))
    )
    with pytest.raises(ModuleError, match=r"CRC|damaged"):
        extract(ctx, str(path), str(box / "in"))
    assert not any((box / "in").iterdir())


def test_link_on_the_box_is_not_walked_through(ctx: Context, box: Path) -> None:
    (box / "in").mkdir()
    (box / "in" / "d").symlink_to(box / "outside")
    path = tar_of(box / "a.tar", (entry("first"), b"1"), (entry("d/file"), b"x"))
    with pytest.raises(ModuleError, match="nothing goes through it"):
        extract(ctx, path, str(box / "in"))
    assert (box / "outside" / "file").read_text() == SECRET
    assert [each.name for each in (box / "in").iterdir()] == ["d"]


def test_link_that_appears_while_it_is_unpacked_is_not_walked_through(
    ctx: Context, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(self: Place, steps: Any) -> None:
        (box / "in" / "d").symlink_to(box / "outside")

    monkeypatch.setattr(Place, "check", check)
    members = [(entry("d/file"), b"x"), entry("d/sub", tarfile.DIRTYPE)]
    for number, member in enumerate(members):
        path = tar_of(box / f"{number}.tar", member)
        with pytest.raises(ModuleError, match="cannot be made in"):
            extract(ctx, path, str(box / "in"))
        (box / "in" / "d").unlink()
    assert [each.name for each in (box / "outside").iterdir()] == ["file"]
    assert (box / "outside" / "file").read_text() == SECRET


def test_link_on_the_box_is_replaced_not_written_through(ctx: Context, box: Path) -> None:
    (box / "in").mkdir()
    (box / "in" / "f").symlink_to(box / "outside" / "file")
    extract(ctx, tar_of(box / "a.tar", (entry("f"), b"new")), str(box / "in"))
    assert (box / "in" / "f").read_bytes() == b"new"
    assert not (box / "in" / "f").is_symlink()
    assert (box / "outside" / "file").read_text() == SECRET


def test_cut_archive_is_refused_before_anything_is_written(box: Path, refused: Callable[..., None]) -> None:
    data = Path(tar_of(box / "p.bin", (entry("a"), b"a" * 600), (entry("b"), b"b" * 600))).read_bytes()
    (box / "cut").write_bytes(data[: 512 * 5])
    refused(str(box / "cut"), "damaged|too early|unexpected end")
    (box / "broken").write_bytes(data[: 512 * 3] + b"no header here" + data[512 * 3 + 14 :])
    refused(str(box / "broken"), "damaged|ends too early")
    (box / "cut.gz").write_bytes(gzip.compress(data)[:-20])
    refused(str(box / "cut.gz"), "damaged|ended before")


def test_archive_that_changes_between_the_readings_is_given_up(
    ctx: Context, box: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = bytes(300_000)  # more than is read ahead
    path = tar_of(box / "a.tar", (entry("big"), big), (entry("f"), b"x"))
    evil_end = (entry("big"), big), entry("f", tarfile.SYMTYPE, "/etc/passwd")
    evil = Path(tar_of(box / "b.tar", *evil_end)).read_bytes()

    def check(self: Place, steps: Any) -> None:
        with Path(path).open("r+b") as file:
            file.write(evil)

    monkeypatch.setattr(Place, "check", check)
    with pytest.raises(ModuleError, match="changed while it was read"):
        extract(ctx, path, str(box / "in"))
    assert [each.name for each in (box / "in").iterdir()] == ["big"]
