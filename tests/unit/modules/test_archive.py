"""Archives are packed, listed and unpacked; other programs understand what we pack, and we what they pack."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.archive.listing import is_encrypted, list_
from modules.archive.packing import letters, tar, zip_
from modules.archive.single import gunzip, gzip
from modules.archive.unpack import Unpacking, extract, unzip
from modules.context import Context
from shoal.errors import ArgumentError, ModuleError, UnavailableError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
PACKINGS = ["tar", "tgz", "tar.bz2", "tar.xz", "tar.zst", "zip"]
CONTENT = b"some content, more than once. " * 5000


def needs(program: str) -> Any:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with files, an empty folder, a link and a file of two names."""
    root = tmp_path / "srv" / "site"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "empty").mkdir(mode=0o750)
    (root / "index.html").write_bytes(CONTENT)
    (root / "deep" / "er" / "tool").write_bytes(b"#!/bin/sh\n")
    (root / "deep" / "er" / "tool").chmod(0o751)
    (root / "deep" / "-n äö").write_bytes(b"odd name")
    (root / "link").symlink_to("deep/er/tool")
    os.utime(root / "index.html", (1_700_000_000, 1_700_000_000))
    return root


def tree(root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path in sorted(root.rglob("*")):
        name, mode = str(path.relative_to(root)), stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            found[name] = str(path.readlink())
        else:
            found[name] = (mode, path.read_bytes() if path.is_file() else None)
    return found


def pack(ctx: Context, site: Path, packing: str) -> str:
    path = str(site.parent.parent / f"site.{packing}")
    if packing == "zip":
        zip_(ctx, path, ["site"], cwd=str(site.parent))
    else:
        if packing == "tar.zst" and shutil.which("zstd") is None:
            pytest.skip("no zstd here")
        tar(ctx, "caf", path, ["site"], dest=str(site.parent))
    return path


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_is_packed_comes_out_again(ctx: Context, site: Path, tmp_path: Path, packing: str) -> None:
    path = pack(ctx, site, packing)
    done = extract(ctx, path, str(tmp_path / "out"))
    assert tree(tmp_path / "out" / "site") == tree(site)
    assert (tmp_path / "out" / "site" / "index.html").stat().st_mtime == 1_700_000_000
    expected = {"tgz": "tar.gz"}.get(packing, packing)
    assert done == {
        "dest": str(tmp_path / "out"),
        "format": expected,
        "files": 3,
        "dirs": 4,
        "links": 1,
        "bytes": len(CONTENT) + 18,
    }


@pytest.mark.parametrize("packing", PACKINGS)
def test_list_says_what_is_there(ctx: Context, site: Path, packing: str) -> None:
    path = pack(ctx, site, packing)
    files = ["site/deep/-n äö", "site/deep/er/tool", "site/index.html"]
    dirs = ["site/", "site/deep/", "site/deep/er/", "site/empty/"]
    assert list_(ctx, path) == sorted([*files, *dirs, "site/link"])
    assert list_(ctx, path, verbose=True) == {
        "files": files,
        "dirs": dirs,
        "links": ["site/link"],
        "top_level_files": [],
        "top_level_dirs": ["site/"],
        "top_level_links": [],
    }
    stripped = list_(ctx, path, strip_components=1, verbose=True)
    assert isinstance(stripped, dict)
    assert stripped["top_level_files"] == ["index.html"]
    assert stripped["top_level_dirs"] == ["deep/", "empty/"]


@needs("tar")
def test_the_systems_tar_reads_ours_and_we_read_its(ctx: Context, site: Path, tmp_path: Path) -> None:
    os.link(site / "index.html", site / "second-name")
    for folder in ("theirs", "ours"):
        (tmp_path / folder).mkdir()
    path = pack(ctx, site, "tar.xz")
    subprocess.run(["tar", "-xf", path, "-C", tmp_path / "theirs"], check=True)
    assert tree(tmp_path / "theirs" / "site") == tree(site)
    subprocess.run(["tar", "-czf", tmp_path / "its", "-C", site.parent, "site"], check=True)
    names = tar(ctx, "-xf", str(tmp_path / "its"), dest=str(tmp_path / "ours"))
    assert tree(tmp_path / "ours" / "site") == tree(site)
    assert "site/empty/" in names
    assert (tmp_path / "ours" / "site" / "second-name").stat().st_nlink == 2


@needs("tar")
def test_file_with_holes_comes_out_whole(ctx: Context, tmp_path: Path) -> None:
    with (tmp_path / "holes").open("wb") as file:
        file.seek(3_000_000)
        file.write(b"end")
        file.truncate(4_000_000)
    for kind in ("gnu", "posix"):
        path = str(tmp_path / f"{kind}.tar")
        subprocess.run(["tar", f"--format={kind}", "-cSf", path, "-C", tmp_path, "holes"], check=True)
        assert Path(path).stat().st_size < 100_000
        extract(ctx, path, str(tmp_path / kind))
        assert (tmp_path / kind / "holes").read_bytes() == (tmp_path / "holes").read_bytes()


@needs("unzip")
def test_the_systems_unzip_reads_ours(ctx: Context, site: Path, tmp_path: Path) -> None:
    subprocess.run(["unzip", "-q", pack(ctx, site, "zip"), "-d", tmp_path / "out"], check=True)
    assert tree(tmp_path / "out" / "site") == tree(site)


def test_only_asked_members_and_no_excluded_ones_come_out(ctx: Context, site: Path, tmp_path: Path) -> None:
    path = pack(ctx, site, "tgz")
    assert tar(ctx, "xf", path, ["site/deep/er"], dest=str(tmp_path / "one")) == [
        "site/deep/er/",
        "site/deep/er/tool",
    ]
    options = Unpacking(excludes=["site/deep", "*.html"], strip_components=1)
    extract(ctx, path, str(tmp_path / "two"), options)
    assert sorted(each.name for each in (tmp_path / "two").iterdir()) == ["empty", "link"]


def test_unzip_can_be_trimmed(ctx: Context, site: Path, tmp_path: Path) -> None:
    path = pack(ctx, site, "zip")
    assert len(unzip(ctx, path, str(tmp_path / "a"))) == 8
    assert unzip(ctx, path, str(tmp_path / "b"), trim_output=2) == ["site/", "site/deep/"]


@needs("zip")
def test_encrypted_zip_wants_its_password(ctx: Context, site: Path, tmp_path: Path) -> None:
    path, out = str(tmp_path / "c.zip"), tmp_path / "out"
    subprocess.run(["zip", "-q", "-r", "-P", "geheim", path, "site"], cwd=site.parent, check=True)
    assert is_encrypted(ctx, path) is True
    assert is_encrypted(ctx, pack(ctx, site, "zip")) is False
    assert "site/index.html" in list_(ctx, path)
    with pytest.raises(ModuleError, match="is encrypted; give password="):
        unzip(ctx, path, str(out))
    with pytest.raises(ModuleError, match="the password does not fit") as wrong:
        unzip(ctx, path, str(out), options=Unpacking(password="hush"))
    assert "hush" not in str(wrong.value)
    assert not out.exists()
    unzip(ctx, path, str(out), options=Unpacking(password="geheim"))
    assert (out / "site" / "index.html").read_bytes() == CONTENT


def test_file_that_is_no_archive_is_told(ctx: Context, site: Path, tmp_path: Path) -> None:
    for path in (site / "index.html", site / "deep" / "er" / "tool"):
        with pytest.raises(ModuleError, match="is no archive"):
            extract(ctx, str(path), str(tmp_path / "out"))
    with pytest.raises(ModuleError, match="No such file"):
        list_(ctx, str(tmp_path / "nowhere.tar"))
    with pytest.raises(ModuleError, match=r"is a tar\.gz, no zip"):
        unzip(ctx, pack(ctx, site, "tgz"), str(tmp_path / "out"))
    with pytest.raises(ArgumentError, match="is no absolute path"):
        extract(ctx, "site.tar", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_file_is_replaced_and_an_existing_folder_keeps_its_mode(
    ctx: Context, site: Path, tmp_path: Path
) -> None:
    path = pack(ctx, site, "tar")
    (tmp_path / "out" / "site").mkdir(parents=True, mode=0o700)
    (tmp_path / "out" / "site" / "index.html").write_text("old")
    extract(ctx, path, str(tmp_path / "out"))
    assert (tmp_path / "out" / "site" / "index.html").read_bytes() == CONTENT
    assert stat.S_IMODE((tmp_path / "out" / "site").stat().st_mode) == 0o700


def test_folder_in_the_way_of_a_file_is_told_before_anything_is_written(
    ctx: Context, site: Path, tmp_path: Path
) -> None:
    path = pack(ctx, site, "tar")
    (tmp_path / "out" / "site" / "index.html").mkdir(parents=True)
    with pytest.raises(ModuleError, match="is a folder here"):
        extract(ctx, path, str(tmp_path / "out"))
    assert [each.name for each in (tmp_path / "out" / "site").iterdir()] == ["index.html"]


def test_folder_without_the_right_to_write_is_filled(ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("x")
    (tmp_path / "d").chmod(0o555)
    tar(ctx, "cf", str(tmp_path / "a.tar"), ["d"], dest=str(tmp_path))
    extract(ctx, str(tmp_path / "a.tar"), str(tmp_path / "out"))
    assert stat.S_IMODE((tmp_path / "out" / "d").stat().st_mode) == 0o555
    assert (tmp_path / "out" / "d" / "f").read_text() == "x"


@pytest.mark.parametrize(
    ("options", "name", "expected"),
    [
        ("czvf", "a", ("c", "gz")),
        ("-xJf", "a", ("x", "xz")),
        ("tf", "a", ("t", "tar")),
        ("cjpf", "a", ("c", "bz2")),
        ("caf", "a.tar.zst", ("c", "zst")),
        ("caf", "a.tgz", ("c", "gz")),
    ],
)
def test_letters_of_tar(options: str, name: str, expected: tuple[str, str]) -> None:
    assert letters(options, name) == expected


@pytest.mark.parametrize(
    "options", ["", "zf", "cxf", "xf --to-command=sh", "--checkpoint-action=exec=sh", "cIf", "xPf"]
)
def test_options_that_are_not_known_are_refused(options: str) -> None:
    with pytest.raises(ArgumentError, match="must be one of c, x, t"):
        letters(options, "a.tar")


def test_sources_that_are_missing_or_outside_are_told(ctx: Context, site: Path, tmp_path: Path) -> None:
    path = str(tmp_path / "a.tar")
    with pytest.raises(ModuleError, match="is not there, so nothing was packed"):
        tar(ctx, "cf", path, ["site/*.css"], dest=str(site.parent))
    with pytest.raises(ModuleError, match="is outside of"):
        tar(ctx, "cf", path, ["/etc/hostname"], dest=str(site.parent))
    with pytest.raises(ArgumentError, match="nothing to pack"):
        tar(ctx, "cf", path, [], dest=str(site.parent))
    assert not Path(path).exists()


def test_archive_that_lies_in_what_is_packed_does_not_hold_itself(ctx: Context, site: Path) -> None:
    for name in ("a.tgz", "a.zip"):
        path = str(site / name)
        names = (
            zip_(ctx, path, ["."], cwd=str(site))
            if name == "a.zip"
            else tar(ctx, "czf", path, ["*"], dest=str(site))
        )
        assert not [each for each in names if name in each or "shoal-tmp" in each]
        assert "index.html" in list_(ctx, path)
        Path(path).unlink()


def test_pattern_takes_what_fits(ctx: Context, site: Path, tmp_path: Path) -> None:
    assert tar(ctx, "cf", str(tmp_path / "a.tar"), ["*.html", "em*"], dest=str(site)) == [
        "index.html",
        "empty/",
    ]
    assert tar(ctx, "tf", str(tmp_path / "a.tar")) == ["empty/", "index.html"]


@needs_root
def test_another_user_packs_and_unpacks_with_its_own_rights(ctx: Context, site: Path, tmp_path: Path) -> None:
    path = pack(ctx, site, "tgz")
    nobody = pwd.getpwnam("nobody")
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if "pytest" in str(parent):
            parent.chmod(parent.stat().st_mode | 0o011)
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", nobody.pw_uid, nobody.pw_gid)
    Path(path).chmod(0o644)
    extract(ctx, path, str(tmp_path / "theirs"), Unpacking(runas="nobody"))
    assert (tmp_path / "theirs" / "site" / "index.html").stat().st_uid == nobody.pw_uid
    with pytest.raises(ModuleError, match="Permission denied"):
        extract(ctx, path, str(tmp_path / "ours"), Unpacking(runas="nobody"))
    assert os.geteuid() == 0
    Path(path).chmod(0o600)
    with pytest.raises(ModuleError, match="Permission denied"):
        extract(ctx, path, str(tmp_path / "theirs"), Unpacking(runas="nobody"))


def test_gzip_and_gunzip_replace_the_file(ctx: Context, site: Path) -> None:
    path = site / "index.html"
    path.chmod(0o640)
    assert gzip(ctx, str(path)) == [f"{path}.gz"]
    packed = Path(f"{path}.gz")
    assert not path.exists()
    assert packed.stat().st_size < len(CONTENT) // 10
    assert (stat.S_IMODE(packed.stat().st_mode), packed.stat().st_mtime) == (0o640, 1_700_000_000)
    subprocess.run(["gzip", "-t", packed], check=True)
    with pytest.raises(ModuleError, match=r"ends with \.gz"):
        gzip(ctx, str(packed))
    assert gunzip(ctx, str(packed)) == [str(path)]
    assert path.read_bytes() == CONTENT
    assert not packed.exists()


def test_gunzip_keeps_the_packed_file_when_it_fails(ctx: Context, tmp_path: Path) -> None:
    path = tmp_path / "f.gz"
    path.write_bytes(b"\x1f\x8b no gzip")
    with pytest.raises(ModuleError, match="no gzip or is damaged"):
        gunzip(ctx, str(path))
    plain = tmp_path / "big"
    plain.write_bytes(bytes(100_000))
    gzip(ctx, str(plain))
    with pytest.raises(ModuleError, match="more than 5000 bytes"):
        gunzip(ctx, f"{plain}.gz", max_bytes=5000)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["big.gz", "f.gz"]


def test_gzip_follows_no_link_and_overwrites_nothing(ctx: Context, site: Path) -> None:
    with pytest.raises(ModuleError, match="cannot be read"):
        gzip(ctx, str(site / "link"))
    (site / "index.html.gz").write_text("mine")
    with pytest.raises(ModuleError, match="is there already"):
        gzip(ctx, str(site / "index.html"))
    assert (site / "index.html.gz").read_text() == "mine"


def test_zst_needs_its_program(
    ctx: Context, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pack(ctx, site, "tar.zst")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UnavailableError, match="no program zstd"):
        extract(ctx, path, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_zst_that_unpacks_to_too_much_is_stopped(
    ctx: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("zstd") is None:
        pytest.skip("no zstd here")
    (tmp_path / "zeros").write_bytes(bytes(8 * 1024**2))
    path = str(tmp_path / "a.tar.zst")
    tar(ctx, "caf", path, ["zeros"], dest=str(tmp_path))
    with pytest.raises(ModuleError, match="zstd could not unpack"):
        extract(ctx, path, str(tmp_path / "out"), Unpacking(max_bytes=1024, max_members=10))


def test_names_are_taken_as_the_operator_types_them(
    ask: Callable[[str], Any], site: Path, tmp_path: Path
) -> None:
    ask(f"archive.cmd_zip {tmp_path}/a.zip index.html,deep cwd={site}")
    names = ask(f"archive.cmd_unzip {tmp_path}/a.zip {tmp_path}/out excludes=deep")
    assert names == ["index.html"]
