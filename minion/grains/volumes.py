"""Disks that are made of disks: RAID arrays, logical volumes, ZFS. Read from the kernel, without mdadm or lvm."""

from __future__ import annotations

import re
from typing import Any, Final

from minion.grains.sources import Sources

_LVM_UUID: Final = re.compile(r"LVM-[0-9A-Za-z]{64}")  # longer ones are layers of a volume, not volumes
_INNER: Final = re.compile(r"_(?:[tc]data|[tc]meta|[rm]image_\d+|rmeta_\d+|mlog|cvol|pmspare|vorigin)$")
_BETWEEN: Final = re.compile(r"(?<!-)-(?!-)")  # a dash of a name itself is doubled


def collect(sources: Sources) -> dict[str, Any]:
    """Return `mdadm` (arrays) where the kernel knows RAID, `lvm` (active volumes by group) and `zfs_support`."""
    grains: dict[str, Any] = {"zfs_support": sources.exists("sys/module/zfs")}
    if sources.exists("proc/mdstat"):
        lines = (line.partition(" : ") for line in sources.text("proc/mdstat").splitlines())
        grains["mdadm"] = [name for name, colon, _ in lines if colon and name.startswith("md")]
    if volumes := _volumes(sources):
        grains["lvm"] = volumes
    return grains


def _volumes(sources: Sources) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for device in sources.names("sys/block"):
        if not device.startswith("dm-") or not _LVM_UUID.fullmatch(
            sources.text(f"sys/block/{device}/dm/uuid")
        ):
            continue
        parts = _BETWEEN.split(sources.text(f"sys/block/{device}/dm/name"))
        if len(parts) == 2 and not _INNER.search(parts[1]):
            group, volume = (part.replace("--", "-") for part in parts)
            found.setdefault(group, []).append(volume)
    return {group: sorted(volumes) for group, volumes in sorted(found.items())}
