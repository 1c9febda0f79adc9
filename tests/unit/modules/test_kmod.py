"""Kernel modules, on tables and folders of the test's own; modprobe is a fake."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modules.kmod import loaded, start_lists
from shoal.errors import ArgumentError, CommandError
from tests.unit.modules.fake_programs import FakePrograms

Ask = Callable[[str], Any]
MODULES = "br_netfilter 32768 0 - Live 0x0\nbridge 311296 1 br_netfilter, Live 0x0\nllc 16384 2 bridge,stp, Live 0x0\n"


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "modules"
    path.write_text(MODULES)
    monkeypatch.setattr(loaded, "PROC_MODULES", str(path))
    return path


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "etc"
    (root / "modules-load.d").mkdir(parents=True)
    monkeypatch.setattr(start_lists, "LOAD_FILE", str(root / "modules-load.d/shoal.conf"))
    monkeypatch.setattr(start_lists, "OLD_LOAD_FILE", str(root / "modules"))
    monkeypatch.setattr(start_lists, "BLACKLIST_FILE", str(root / "modprobe.d/shoal-blacklist.conf"))
    return root


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    return FakePrograms(tmp_path, monkeypatch, alone=False)


def test_loaded_modules_with_who_uses_them(ask: Ask, proc: Path) -> None:
    rows = ask("kmod.lsmod")
    assert rows[0] == {"module": "br_netfilter", "size": "32768", "depcount": "0", "deps": []}
    assert rows[2]["deps"] == ["bridge", "stp"]
    assert ask("kmod.mod_list") == ["br_netfilter", "bridge", "llc"]
    assert ask("kmod.is_loaded br-netfilter") is True
    assert ask("kmod.is_loaded stp") is False


def test_available_modules_are_files_and_built_in_ones(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / os.uname().release / "kernel" / "net"
    home.mkdir(parents=True)
    for name in ("a-b.ko", "c.ko.xz", "d.ko.zst", "Makefile"):
        (home / name).touch()
    (home.parents[1] / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    monkeypatch.setattr(loaded, "LIB_MODULES", str(tmp_path))
    assert ask("kmod.available") == ["a_b", "c", "d", "ext4"]
    assert ask("kmod.check_available a-b") is True
    assert ask("kmod.check_available zfs") is False


def test_loading_tells_what_is_new(ask: Ask, proc: Path, etc: Path, programs: FakePrograms) -> None:
    programs.say("modprobe", does=f"echo 'nf_nat 1 0 - Live 0' >> {proc}")
    assert ask("kmod.load nf_nat") == ["nf_nat"]
    assert programs.calls() == [["modprobe", "--", "nf_nat"]]
    assert ask("kmod.mod_list only_persist=True") == []


def test_loaded_module_is_persisted_once(ask: Ask, proc: Path, etc: Path, programs: FakePrograms) -> None:
    programs.add("modprobe")
    assert ask("kmod.load br-netfilter persist=True") == ["br_netfilter"]
    assert ask("kmod.load br_netfilter persist=True") == []
    assert (etc / "modules-load.d/shoal.conf").read_text() == "br-netfilter\n"
    assert ask("kmod.mod_list only_persist=True") == ["br-netfilter"]


def test_module_that_cannot_be_loaded_is_not_persisted(
    ask: Ask, proc: Path, etc: Path, programs: FakePrograms
) -> None:
    programs.say("modprobe", err="modprobe: FATAL: Module zfs not found\n", code=1)
    with pytest.raises(CommandError, match="Module zfs not found"):
        ask("kmod.load zfs persist=True")
    assert not (etc / "modules-load.d/shoal.conf").exists()


def test_removed_module_is_taken_out_of_every_file(
    ask: Ask, proc: Path, etc: Path, programs: FakePrograms
) -> None:
    programs.say("modprobe", does=f"sed -i /^br_netfilter/d {proc}")
    (etc / "modules").write_text("# at start\nloop\nbr-netfilter mode=1\n")
    (etc / "modules-load.d/k8s.conf").write_text("overlay\nbr_netfilter\n")
    assert ask("kmod.remove br_netfilter persist=True") == ["br_netfilter"]
    assert programs.calls() == [["modprobe", "-r", "--", "br_netfilter"]]
    assert (etc / "modules").read_text() == "# at start\nloop\n#br-netfilter mode=1\n"
    assert (etc / "modules-load.d/k8s.conf").read_text() == "overlay\n#br_netfilter\n"
    assert ask("kmod.mod_list only_persist=True") == ["loop", "overlay"]
    assert ask("kmod.remove overlay persist=True comment=False") == ["overlay"]
    assert (etc / "modules-load.d/k8s.conf").read_text() == "#br_netfilter\n"


def test_module_that_is_not_loaded_starts_nothing(ask: Ask, proc: Path, programs: FakePrograms) -> None:
    programs.add("modprobe")
    assert ask("kmod.remove stp") == []
    assert programs.calls() == []


def test_blacklist_comes_and_goes(ask: Ask, etc: Path) -> None:
    assert ask("kmod.blacklist snd-pcsp") is True
    assert ask("kmod.blacklist snd_pcsp") is False
    (etc / "modprobe.d/other.conf").write_text("# x\nblacklist floppy # old\noptions floppy x=1\n")
    assert ask("kmod.blacklisted") == ["floppy", "snd-pcsp"]
    assert ask("kmod.unblacklist floppy") is True
    assert (etc / "modprobe.d/other.conf").read_text() == "# x\noptions floppy x=1\n"
    assert ask("kmod.unblacklist floppy") is False


@pytest.mark.parametrize("mod", ["-r", "a b", "../x", "a\nb", ""])
def test_name_that_is_none_is_refused(ctx: Any, etc: Path, proc: Path, mod: str) -> None:
    for call in (loaded.load, loaded.remove, start_lists.blacklist, start_lists.unblacklist):
        with pytest.raises(ArgumentError, match="is not the name of a kernel module"):
            call(ctx, mod)
