"""Graphics and inference processors, as far as files tell: PCI devices, the device tree, DRM drivers."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_PCI: Final = "sys/bus/pci/devices"
_DISPLAY_CLASS: Final = "0x03"
_VENDORS: Final = {
    "0x10de": "nvidia",
    "0x1002": "amd",
    "0x8086": "intel",
    "0x1a03": "aspeed",
}
_TREE: Final = "proc/device-tree"
# Nodes that hold devices, by the name before the `@`; on some boards two deep (`ocp/target-module@56000000`).
_BUSES: Final = (
    "soc",
    "bus",
    "axi",
    "ocp",
    "host1x",
    "v3dbus",
    "simple-bus",
    "target-module",
    "interconnect",
)
_BUS_DEPTH: Final = 3
_NODE_NAMES: Final = ("v3d", "gpu")  # where a Raspberry Pi has both, `gpu` only drives the displays
# Who designs graphics processors for others: their name says more than the chip maker's `rk3399-mali`.
_DESIGNERS: Final = ("arm", "img", "qcom", "vivante")


def collect(sources: Sources) -> dict[str, Any]:
    """Return `gpus` and `num_gpus` (PCI: vendor, and `vendor:device` as model) and one word `gpu`.

    `gpu` is the device tree's name of it (`ga10b`), else the first DRM driver (`amdgpu`, `vc4-drm`).
    """
    gpus = [_pci_gpu(sources, name) for name in sources.names(_PCI) if _is_display(sources, name)]
    grains: dict[str, Any] = {"num_gpus": len(gpus), "gpus": gpus}
    if word := _from_device_tree(sources) or _from_drm(sources):
        grains["gpu"] = word
    return grains


def _is_display(sources: Sources, name: str) -> bool:
    return sources.text(f"{_PCI}/{name}/class").startswith(_DISPLAY_CLASS)


def _pci_gpu(sources: Sources, name: str) -> dict[str, str]:
    vendor = sources.text(f"{_PCI}/{name}/vendor")
    device = sources.text(f"{_PCI}/{name}/device")
    return {
        "vendor": _VENDORS.get(vendor, vendor.removeprefix("0x")),
        "model": f"{vendor.removeprefix('0x')}:{device.removeprefix('0x')}",
    }


def _from_device_tree(sources: Sources) -> str:
    """Return the name of the first node of _NODE_NAMES' first kind that there is and that is not disabled."""
    found: dict[str, str] = {}
    parents = [_TREE]
    for _ in range(_BUS_DEPTH + 1):
        children = [
            (f"{parent}/{name}", name.partition("@")[0])
            for parent in parents
            for name in sources.names(parent)
        ]
        for path, kind in children:
            if kind in _NODE_NAMES and sources.text(f"{path}/status") != "disabled":
                compatible = sources.strings(f"{path}/compatible")
                found.setdefault(kind, _generic(compatible) if compatible else "")
        parents = [path for path, kind in children if kind in _BUSES]
    return next((found[kind] for kind in _NODE_NAMES if found.get(kind)), "")


def _generic(compatible: list[str]) -> str:
    names = [name for name in compatible if name.partition(",")[0] in _DESIGNERS]
    return (names or compatible)[0].rpartition(",")[2]


def _from_drm(sources: Sources) -> str:
    for card in sources.names("sys/class/drm"):
        if driver := sources.assignments(f"sys/class/drm/{card}/device/uevent").get("DRIVER"):
            return driver
    return ""
