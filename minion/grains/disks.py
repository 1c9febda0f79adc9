"""Block devices, by whether they turn."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_NOT_A_DISK: Final = ("loop", "ram", "zram", "fd", "sr")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `disks` (rotating) and `ssds` (not), without loop devices, memory disks and drives for media."""
    kinds: dict[str, list[str]] = {"1": [], "0": []}
    for name in sources.names("sys/block"):
        flag = sources.text(f"sys/block/{name}/queue/rotational")
        if flag in kinds and name.rstrip("0123456789") not in _NOT_A_DISK:
            kinds[flag].append(name)
    return {"disks": kinds["1"], "ssds": kinds["0"]}
