"""`kmod`: `modprobe` is a fake that keeps its own /proc/modules. Texts as Salt 3008.3 says them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modules.kmod import loaded, start_lists
from tests.unit.states.trial import Box

_MODPROBE = """#!/bin/sh
file={file}
case $1 in
-r) shift 2; {grep} -v "^$1 " "$file" > "$file.new"; {cat} "$file.new" > "$file"; {rm} "$file.new" ;;
--) case $2 in no*) echo "modprobe: FATAL: Module $2 not found" >&2; exit 1 ;; esac
    {grep} -q "^$2 " "$file" || echo "$2 16384 0 -" >> "$file" ;;
esac
"""


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    root = tmp_path / "box"
    lib = root / "lib" / os.uname().release
    for folder in (lib, root / "etc/modules-load.d", tmp_path / "bin"):
        folder.mkdir(parents=True)
    (lib / "modules.builtin").write_text("kernel/fs/ext4/ext4.ko\n")
    (root / "modules").write_text("kvm 16384 0 -\n")
    (root / "etc/modules").write_text("kvm\nother\n")
    tools = {
        name: f"/usr/bin/{name}" if Path(f"/usr/bin/{name}").exists() else f"/bin/{name}"
        for name in ("grep", "cat", "rm")
    }
    program = tmp_path / "bin/modprobe"
    program.write_text(_MODPROBE.format(file=root / "modules", **tools))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(loaded, "PROC_MODULES", str(root / "modules"))
    monkeypatch.setattr(loaded, "LIB_MODULES", str(root / "lib"))
    monkeypatch.setattr(start_lists, "LOAD_FILE", str(root / "etc/modules-load.d/shoal.conf"))
    monkeypatch.setattr(start_lists, "OLD_LOAD_FILE", str(root / "etc/modules"))
    return Box(root)


def test_module_is_loaded(box: Box) -> None:
    outcome = box.cycle("kmod.present", "dummy")
    assert (outcome.comment, outcome.changes) == ("Loaded kernel module dummy", {"dummy": "loaded"})


def test_module_is_loaded_at_each_start_too(box: Box) -> None:
    box.cycle("kmod.present", "dummy", persist=True)
    box.cycle("kmod.present", "x", mods=["dummy", "br_net"], persist=True)
    box.run("kmod.present", "dummy", persist=True)
    assert (box.folder / "etc/modules-load.d/shoal.conf").read_text() == "dummy\n"


def test_of_several_those_that_are_there_are_told_first(box: Box) -> None:
    would = box.run("kmod.present", "x", mods=["kvm", "dummy"], test=True)
    assert would.comment == "Kernel module kvm is already present\nKernel module dummy is set to be loaded"
    outcome = box.cycle("kmod.present", "x", mods=["kvm", "dummy"])
    assert outcome.comment == "Kernel module kvm is already present\nLoaded kernel module dummy"


def test_modules_that_are_there_or_built_in_stay(box: Box) -> None:
    outcome = box.run("kmod.present", "x", mods=["kvm", "ext4"])
    assert (outcome.changes, outcome.comment) == ({}, "Kernel modules ext4, kvm are already present")


def test_module_that_does_not_exist_is_promised_and_then_refused(box: Box) -> None:
    assert box.run("kmod.present", "nosuch", test=True).comment == "Kernel module nosuch is set to be loaded"
    outcome = box.run("kmod.present", "nosuch")
    assert outcome.result is False
    assert "Module nosuch not found" in outcome.comment


@pytest.mark.parametrize("comment", [True, False])
def test_module_is_unloaded_and_taken_out_of_every_list(box: Box, comment: bool) -> None:
    (box.folder / "etc/modules-load.d/mine.conf").write_text("# mine\nkvm\n")
    outcome = box.cycle("kmod.absent", "kvm", persist=True, comment=comment)
    assert (outcome.comment, outcome.changes) == ("Removed kernel module kvm", {"kvm": "removed"})
    box.run("kmod.absent", "kvm", persist=True, comment=comment)
    assert (box.folder / "etc/modules").read_text() == ("#kvm\nother\n" if comment else "other\n")


def test_several_modules_leave_one_list(box: Box) -> None:
    outcome = box.cycle("kmod.absent", "x", mods=["kvm", "other"], persist=True)
    assert outcome.comment == "Removed kernel modules kvm, other"


def test_module_that_is_not_there_is_left_alone(box: Box) -> None:
    assert box.run("kmod.absent", "dummy").comment == "Kernel module dummy is already removed"
