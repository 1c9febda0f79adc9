"""RAID arrays, logical volumes and names on storage networks, from files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from minion.grains import collect
from tests.unit.grains import recorded

UUID = "LVM-" + "a1B2" * 16


def grains_of(files: dict[str, str], root: Path) -> dict[str, Any]:
    return collect({"grains_file": str(root / "none")}, recorded.build({"files": files}, root))


def dm(number: int, name: str, uuid: str = UUID) -> dict[str, str]:
    folder = f"sys/block/dm-{number}/dm"
    return {f"{folder}/name": f"{name}\n", f"{folder}/uuid": f"{uuid}\n"}


def test_arrays_are_told_where_the_kernel_knows_raid(tmp_path: Path) -> None:
    text = (
        "Personalities : [raid1]\nmd127 : active raid1 sdb1[1] sda1[0]\n      976 blocks [2/2] [UU]\n\n"
        "md0 : inactive sdc[0](S)\nunused devices: <none>\n"
    )
    assert grains_of({"proc/mdstat": text}, tmp_path)["mdadm"] == ["md127", "md0"]


@pytest.mark.parametrize(
    ("devices", "volumes"),
    [
        ([("vg0-root", UUID), ("vg0-swap", UUID)], {"vg0": ["root", "swap"]}),
        ([("my--group-my--volume", UUID)], {"my-group": ["my-volume"]}),
        ([("vg-pool_tmeta", UUID), ("vg-pool_tdata", UUID), ("vg-pool-tpool", f"{UUID}-tpool")], None),
        ([("vg-mirror_rimage_0", UUID), ("vg-mirror", UUID)], {"vg": ["mirror"]}),
        ([("luks-disk", "CRYPT-LUKS2-00-x"), ("vg-old-real", f"{UUID}-real")], None),
    ],
)
def test_active_volumes_by_group(devices: Any, volumes: Any, tmp_path: Path) -> None:
    files: dict[str, str] = {}
    for number, (name, uuid) in enumerate(devices):
        files |= dm(number, name, uuid)
    assert grains_of(files, tmp_path).get("lvm") == volumes


def test_names_on_storage_networks(tmp_path: Path) -> None:
    grains = grains_of(
        {
            "etc/iscsi/initiatorname.iscsi": "## DO NOT EDIT\nInitiatorName=iqn.1993-08.org.debian:01:abc\n",
            "etc/nvme/hostnqn": "nqn.2014-08.org.nvmexpress:uuid:1\n",
            "sys/class/fc_host/host1/port_name": "0x21000024ff000001\n",
        },
        tmp_path,
    )
    assert grains["iscsi_iqn"] == ["iqn.1993-08.org.debian:01:abc"]
    assert grains["nvme_nqn"] == ["nqn.2014-08.org.nvmexpress:uuid:1"]
    assert grains["fc_wwn"] == ["0x21000024ff000001"]


def test_box_without_any_of_it(tmp_path: Path) -> None:
    grains = grains_of({}, tmp_path)
    assert (grains["zfs_support"], grains["transactional"]) == (False, False)
    assert not {"mdadm", "lvm", "iscsi_iqn", "nvme_nqn", "fc_wwn"} & grains.keys()


def test_zfs_and_transactional_boxes_say_so(tmp_path: Path) -> None:
    grains = grains_of({"sys/module/zfs/version": "2.2", "usr/sbin/transactional-update": ""}, tmp_path)
    assert (grains["zfs_support"], grains["transactional"]) == (True, True)
