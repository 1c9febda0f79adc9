"""`mount`, really: each test in a mount namespace of its own. Texts as Salt 3008.3 says them, where it is right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from states.mount.options import as_list, lacking
from tests.unit.modules.namespaces import inside, needs_root
from tests.unit.states.trial import Box

_NAMESPACE = "--mount --propagation private"
_PRELUDE = """
import os, subprocess
from pathlib import Path
from tests.unit.states.trial import Box
root = Path({root!r})
fstab = root / "fstab"
class MountBox(Box):
    def all(self):
        mounts = [line.split(" ", 4)[4] for line in open("/proc/self/mountinfo") if str(root) in line]
        return mounts, super().all() if not mounts else (root / "fstab").read_text()
box = MountBox(root)
answer = []
def told(outcome):
    answer.append([outcome.result, outcome.comment, outcome.changes])
def cycle(fun, name, **args):
    told(box.cycle(fun, name, config=str(fstab), **args))
def run(fun, name, **args):
    told(box.run(fun, name, config=str(fstab), **args))
    box.journal.steps.clear()
ram = dict(device="tmpfs", fstype="tmpfs")
"""


def within(root: Path, code: str) -> Any:
    (root / "fstab").write_text("# mine\n/dev/sda1  /  ext4  defaults 0 1\n")
    return inside(_NAMESPACE, _PRELUDE.format(root=str(root)) + code)


@needs_root
def test_device_is_mounted_and_kept_in_fstab(tmp_path: Path) -> None:
    answers = within(
        tmp_path,
        f"""
at = {str(tmp_path / "a/m")!r}
run("mount.mounted", at, test=True, mkmnt=True, opts="size=1m", **ram)
cycle("mount.mounted", at, mkmnt=True, opts="size=1m", **ram)
run("mount.mounted", at, mkmnt=True, opts="size=1m", **ram)
run("mount.mounted", at, mkmnt=True, opts="size=1m", **ram)
cycle("mount.mounted", at, opts=["size=2m", "noexec"], **ram)
run("mount.mounted", at, opts="size=1m,nofail", persist=False, **ram)
run("mount.mounted", at, test=True, opts="size=1m,nofail", **ram)
answer.append(fstab.read_text())
""",
    )
    at = tmp_path / "a/m"
    assert answers[0] == [None, f"{at} would be created and mounted", {"mount": True, "persist": "new"}]
    done = "Target was successfully mounted. Added new entry to the fstab."
    assert answers[1] == [True, done, {"mount": True, "persist": "new"}]
    assert answers[3] == [True, "Target was already mounted. Entry already exists in the fstab.", {}]
    assert answers[4] == [
        True,
        "Target was already mounted. Updated the entry in the fstab.",
        {"umount": "Forced remount because options (size=2m,noexec) changed", "persist": "update"},
    ]
    assert answers[5] == [True, "Target was already mounted", {}]
    needed = f"Target was already mounted. {at} is mounted, but its fstab entry must be updated."
    assert answers[6][:2] == [None, needed]
    assert answers[7].splitlines()[2] == f"tmpfs\t{at}\ttmpfs\tsize=1m\t0\t0"


@needs_root
def test_entry_alone_may_be_kept(tmp_path: Path) -> None:
    answers = within(
        tmp_path,
        f"""
at = {str(tmp_path / "m5")!r}
run("mount.mounted", at, test=True, mkmnt=True, mount=False, **ram)
cycle("mount.mounted", at, mkmnt=True, mount=False, **ram)
run("mount.mounted", at, mkmnt=True, mount=False, **ram)
run("mount.mounted", at, mkmnt=True, mount=False, **ram)
""",
    )
    at = tmp_path / "m5"
    assert answers[0][1] == (
        f"{at} would be created, but not mounted. {at} needs to be written to the fstab in order to be made persistent."
    )
    assert answers[1][1] == f"{at} was created, not mounted. Added new entry to the fstab."
    assert answers[3] == [True, f"{at} not mounted. Entry already exists in the fstab.", {}]


@needs_root
def test_what_cannot_be_mounted_fails(tmp_path: Path) -> None:
    answers = within(
        tmp_path,
        f"""
at = {str(tmp_path / "m")!r}
run("mount.mounted", at, test=True, **ram)
run("mount.mounted", at, **ram)
run("mount.mounted", at, mkmnt=True, persist=False, **ram)
run("mount.mounted", at, test=True, device="/dev/sdz9", fstype="ext4")
answer.append(fstab.read_text())
""",
    )
    assert answers[0][:2] == [None, f"{tmp_path}/m does not exist and would not be created"]
    assert answers[1][0] is False
    assert "mount point does not exist" in answers[1][1]
    assert answers[3][:2] == [
        False,
        f"{tmp_path}/m has tmpfs mounted already, not /dev/sdz9: unmount that first",
    ]
    assert answers[4] == "# mine\n/dev/sda1  /  ext4  defaults 0 1\n"


@needs_root
def test_mount_goes_with_its_entry(tmp_path: Path) -> None:
    answers = within(
        tmp_path,
        f"""
at, source = {str(tmp_path / "b")!r}, root / "source"
source.mkdir()
run("mount.unmounted", at, persist=True)
run("mount.mounted", at, device=str(source), fstype="none", opts="bind", mkmnt=True)
run("mount.unmounted", at, test=True, device=str(source), persist=True)
cycle("mount.unmounted", at, device=str(source), persist=True)
run("mount.unmounted", at)
run("mount.unmounted", at, test=True, persist=True)
cycle("mount.unmounted", at, persist=True)
run("mount.mounted", at, persist=False, **ram)
plan = box.plan("mount.unmounted", at)
answer.append([plan.steps[0].undo, plan.steps[0].final])
""",
    )
    at = tmp_path / "b"
    assert answers[0] == [True, "Target was already unmounted. fstab entry not found", {}]
    assert answers[2][:2] == [None, f"Mount point {at} is mounted but should not be"]
    done = "Target was successfully unmounted. Removed target from fstab"
    assert answers[3] == [True, done, {"umount": True, "persist": "purged"}]
    assert answers[4] == [True, "Target was successfully unmounted", {"umount": True}]
    assert answers[5][1] == (
        f"Mount point {at} is unmounted but needs to be purged from {tmp_path}/fstab to be made persistent"
    )
    assert answers[6][1] == "Target was already unmounted. Removed target from fstab"
    assert answers[8] == [None, "what is in a tmpfs is gone once it is unmounted"]


@needs_root
def test_swap_that_cannot_be_used_fails(tmp_path: Path) -> None:
    answers = within(
        tmp_path,
        """
run("mount.swap", str(root / "swap"), test=True)
run("mount.swap", str(root / "swap"))
""",
    )
    assert answers[0][:2] == [None, f"Swap {tmp_path}/swap is set to be activated"]
    assert answers[1][0] is False


def test_swap_that_is_used_is_kept_in_fstab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "swaps").write_text("Filename\tType\tSize\tUsed\tPriority\n/srv/swap file 1 0 -2\n")
    monkeypatch.setattr("modules.mount.swap.SWAPS", str(tmp_path / "swaps"))
    box, config = Box(tmp_path), str(tmp_path / "fstab")
    outcome = box.cycle("mount.swap", "/srv/swap", config=config)
    assert outcome.comment == "Swap /srv/swap already active. Added new entry to the fstab."
    box.run("mount.swap", "/srv/swap", config=config)
    assert (tmp_path / "fstab").read_text() == "/srv/swap\tnone\tswap\tdefaults\t0\t0\n"
    assert box.run("mount.swap", "/srv/swap", config=config).comment == "Swap /srv/swap already active"


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ("defaults,nofail,x-systemd.automount,_netdev,uid=5", []),
        ("noatime", ["noatime"]),
        ("ro", ["ro"]),
        ("rw,exec,nosuid", []),
        ("suid", ["suid"]),
        ("size=2048k", []),
        ("size=2M", []),
        ("size=3m", ["size=3m"]),
    ],
)
def test_options_are_compared_as_the_kernel_shows_them(wanted: str, missing: list[str]) -> None:
    assert lacking(as_list(wanted), ["rw", "nosuid", "relatime", "rw", "size=2048k"]) == missing
