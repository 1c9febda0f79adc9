"""How full file systems are, what devices hold, and that nothing is erased by mistake. No test has a real disk."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.disk import devices, iostat, making
from modules.disk.blkid_output import parse_blkid
from modules.disk.iostat import parse_diskstats, rates
from modules.disk.making import FormatOptions, mkfs_words
from modules.disk.usage import share
from shoal.errors import ArgumentError, CommandError, ModuleError, UnavailableError
from tests.unit.modules.fake_programs import FakePrograms
from tests.unit.modules.namespaces import inside, needs_root

Ask = Callable[[str], Any]
needs_mkfs = pytest.mark.skipif(not shutil.which("mkfs.ext4"), reason="no e2fsprogs here")


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that passes for a block device."""
    path = tmp_path / "image"
    with path.open("wb") as file:
        file.truncate(8 * 1024 * 1024)
    monkeypatch.setattr(devices, "is_block_device", lambda asked: asked == str(path))
    return path


@needs_root
def test_usage_of_a_file_system_is_told_in_kib_once(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other-place"
    for each in (one, other):
        each.mkdir()
    code = f"""
import subprocess
from modules.disk import usage
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,nr_inodes=100", "mem", {str(one)!r}], check=True)
subprocess.run(["mount", "--bind", {str(one)!r}, {str(other)!r}], check=True)
open({str(one / "file")!r}, "wb").write(b"x" * 256 * 1024)
answer = [usage.usage(ctx), usage.inodeusage(ctx), usage.percent(ctx, {str(other)!r}), usage.percent(ctx)]
"""
    blocks, inodes, behind, percent = inside("-m", code)
    assert blocks[str(one)] == {
        "filesystem": "mem",
        "1K-blocks": "1024",
        "used": "256",
        "available": "768",
        "capacity": "25%",
    }
    assert str(other) not in blocks
    assert inodes[str(one)] == {
        "filesystem": "mem",
        "inodes": "100",
        "used": "2",
        "free": "98",
        "use": "2%",
    }
    assert behind == "25%"
    assert percent[str(one)] == "25%"


@pytest.mark.parametrize(
    ("used", "room", "told"), [(0, 0, "0%"), (1, 999, "1%"), (1, 1, "50%"), (5, 0, "100%")]
)
def test_share_is_rounded_up_as_df_does(used: int, room: int, told: str) -> None:
    assert share(used, room) == told


def test_percent_of_a_folder_that_is_no_mount_is_refused(ask: Ask, tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="is not a mount point"):
        ask(f"disk.percent {tmp_path}")


def test_blkids_output_is_read_in_both_forms() -> None:
    export = "DEVNAME=/dev/a\nLABEL=my\\ data\nTYPE=ext4\n\nDEVNAME=/dev/b\nUUID=12=3\n"
    assert parse_blkid(export) == {
        "/dev/a": {"LABEL": "my data", "TYPE": "ext4"},
        "/dev/b": {"UUID": "12=3"},
    }
    busybox = '/dev/sda1: LABEL="my data" UUID="1-2" TYPE="vfat"\n'
    assert parse_blkid(busybox) == {"/dev/sda1": {"LABEL": "my data", "UUID": "1-2", "TYPE": "vfat"}}
    assert parse_blkid("") == {}


def test_token_must_be_one(ask: Ask) -> None:
    with pytest.raises(ArgumentError, match="a token is like LABEL=data"):
        ask("disk.blkid token=--help")


def test_nothing_found_is_no_error(ask: Ask, programs: FakePrograms) -> None:
    programs.say("blkid", code=2)
    assert ask("disk.blkid token=LABEL=none") == {}
    assert programs.calls() == [["blkid", "-c", "/dev/null", "-o", "export", "-t", "LABEL=none"]]


def test_busyboxs_blkid_gets_no_option(ask: Ask, image: Path, programs: FakePrograms) -> None:
    programs.say("busybox", '/dev/a: LABEL="data" TYPE="ext4"\n/dev/b: TYPE="vfat"\n')
    (programs.bin / "blkid").symlink_to("busybox")
    assert list(ask("disk.blkid")) == ["/dev/a", "/dev/b"]
    assert list(ask("disk.blkid token=LABEL=data")) == ["/dev/a"]
    assert ask(f"disk.fstype {image}") == "ext4"
    assert programs.calls() == [["blkid"], ["blkid"], ["blkid", str(image)]]


def test_device_that_cannot_be_read_is_not_empty(ask: Ask, image: Path, programs: FakePrograms) -> None:
    programs.say("blkid", err="blkid: error: Operation not permitted\n", code=2)
    for line in (f"disk.fstype {image}", f"disk.format {image}"):
        with pytest.raises(CommandError, match="Operation not permitted"):
            ask(line)


def test_dump_names_the_values_it_asked_for(ask: Ask, image: Path, programs: FakePrograms) -> None:
    programs.say("blockdev", "0\n512\n")
    assert ask(f"disk.dump {image} args=getro,getss") == {"getro": "0", "getss": "512"}
    assert programs.calls() == [["blockdev", "--getro", "--getss", str(image)]]
    with pytest.raises(ModuleError, match="told 2 of 11 values"):
        ask(f"disk.dump {image}")
    with pytest.raises(ArgumentError, match="'setro' is not known"):
        ask(f"disk.dump {image} args=setro")


def test_lsblk_returns_its_tree(ask: Ask, programs: FakePrograms) -> None:
    programs.say("lsblk", '{"blockdevices": [{"name": "sda", "children": [{"name": "sda1"}]}]}')
    assert ask("disk.lsblk") == [{"name": "sda", "children": [{"name": "sda1"}]}]
    programs.say("lsblk", "lsblk: old")
    with pytest.raises(ModuleError, match="not its JSON"):
        ask("disk.lsblk")


@pytest.mark.parametrize("device", ["sda", "--all", "/etc/passwd", "/no/such"])
def test_only_a_block_device_will_do(ask: Ask, device: str) -> None:
    for line in (
        f"disk.fstype {device}",
        f"disk.wipe {device} force=True",
        f"disk.format {device} force=True",
    ):
        with pytest.raises((ArgumentError, ModuleError), match=r"absolute path|not a block device"):
            ask(line)


@needs_mkfs
def test_empty_device_is_formatted_with_force_only(ask: Ask, image: Path) -> None:
    with pytest.raises(ModuleError, match="would lose what is on it: say force=True"):
        ask(f"disk.format {image}")
    assert ask(f"disk.fstype {image}") == ""
    assert ask(f"disk.format {image} label='my data' inode_size=256 force=True") is True
    assert ask(f"disk.fstype {image}") == "ext4"
    assert ask(f"disk.blkid {image}")[str(image)]["LABEL"] == "my data"


@needs_mkfs
def test_device_that_holds_something_says_what_would_be_lost(ask: Ask, image: Path) -> None:
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    for line in (f"disk.format {image} vfat", f"disk.wipe {image}"):
        with pytest.raises(ModuleError, match="holds ext4, which would be lost: say force=True"):
            ask(line)
    assert ask(f"disk.fstype {image}") == "ext4"
    assert ask(f"disk.wipe {image} force=True") is True
    assert ask(f"disk.fstype {image}") == ""


def test_mounted_device_is_refused_even_with_force(
    ask: Ask, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: FakePrograms
) -> None:
    for name in ("mkfs.ext4", "wipefs"):
        programs.add(name)
    line = f"22 1 8:1 / /data rw - ext4 {image} rw\n"
    table = tmp_path / "mountinfo"
    table.write_text(line)
    monkeypatch.setattr("modules.mount.mountinfo.MOUNTINFO", str(table))
    for what in ("format", "wipe"):
        with pytest.raises(ModuleError, match="is mounted at /data: unmount it first"):
            ask(f"disk.{what} {image} force=True")
    assert programs.calls() == []


def test_device_that_the_kernel_does_not_lend_is_refused(
    ask: Ask, image: Path, monkeypatch: pytest.MonkeyPatch, programs: FakePrograms
) -> None:
    for name in ("mkfs.ext4", "wipefs"):
        programs.add(name)
    real = os.open

    def busy(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if path == str(image) and flags & os.O_EXCL:
            raise OSError(errno.EBUSY, "Device or resource busy")
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(making.os, "open", busy)
    for what in ("format", "wipe"):
        with pytest.raises(ModuleError, match="is in use"):
            ask(f"disk.{what} {image} force=True")
    assert programs.calls() == []


def test_program_that_is_missing_is_named(ask: Ask, image: Path) -> None:
    with pytest.raises(UnavailableError, match=r"there is no program mkfs\.nosuch"):
        ask(f"disk.format {image} fs_type=nosuch force=True")


@pytest.mark.parametrize(
    ("fs_type", "options", "words"),
    [
        ("ext4", FormatOptions(), ["mkfs.ext4", "-F"]),
        ("ext4", FormatOptions(lazy_itable_init=False), ["mkfs.ext4", "-F", "-E", "lazy_itable_init=0"]),
        ("xfs", FormatOptions(inode_size=512), ["mkfs.xfs", "-f", "-i", "size=512"]),
        ("vfat", FormatOptions(fat=32, label="BOOT"), ["mkfs.vfat", "-F", "32", "-n", "BOOT"]),
    ],
)
def test_options_of_each_file_system(fs_type: str, options: FormatOptions, words: list[str]) -> None:
    assert mkfs_words(fs_type, options) == words


@pytest.mark.parametrize(
    ("fs_type", "options"),
    [("../ext4", FormatOptions()), ("vfat", FormatOptions(inode_size=1)), ("ext4", FormatOptions(fat=32))],
)
def test_option_without_meaning_is_refused(fs_type: str, options: FormatOptions) -> None:
    with pytest.raises(ArgumentError):
        mkfs_words(fs_type, options)


def test_rates_come_from_two_readings(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = parse_diskstats("   8  0 sda 10 1 100 20 5 0 50 10 0 30 40 0 0 0 0\n   7 0 loop0 0 0\n")["sda"]
    after = parse_diskstats("8 0 sda 14 3 300 60 7 2 90 14 0 1030 540")["sda"]
    found = rates(before, after, 2.0)
    assert found == {
        "rrqm/s": 1.0,
        "wrqm/s": 1.0,
        "r/s": 2.0,
        "w/s": 1.0,
        "rkB/s": 50.0,
        "wkB/s": 10.0,
        "avgqu-sz": 0.25,
        "r_await": 10.0,
        "w_await": 2.0,
        "%util": 50.0,
    }
    assert set(rates(after, before, 1.0).values()) == {0.0}


def test_idle_loop_devices_are_left_out(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, waited = tmp_path / "diskstats", []
    table.write_text(f"8 0 sda {'1 ' * 11}\n8 16 sdb {'2 ' * 11}\n7 0 loop0 {'0 ' * 11}\n")
    monkeypatch.setattr(iostat, "DISKSTATS", str(table))
    monkeypatch.setattr(iostat, "_pause", waited.append)
    assert list(ask("disk.iostat interval=2 count=3")) == ["sda", "sdb"]
    assert list(ask("disk.iostat disks=/dev/sdb,loop0")) == ["sdb", "loop0"]
    assert waited == [6.0, 5.0]
    with pytest.raises(ArgumentError, match="more than 0"):
        ask("disk.iostat interval=0")
