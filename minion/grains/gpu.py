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
_NODE_PARENTS: Final = (_TREE, f"{_TREE}/soc", f"{_TREE}/soc@0", f"{_TREE}/bus@0", f"{_TREE}/v3dbus")
_NODE_NAMES: Final = ("gpu", "v3d")


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
    for parent in _NODE_PARENTS:
        for node in sources.names(parent):
            if node.partition("@")[0] in _NODE_NAMES:
                compatible = sources.strings(f"{parent}/{node}/compatible")
                if compatible:
                    return compatible[0].rpartition(",")[2]
    return ""


def _from_drm(sources: Sources) -> str:
    for card in sources.names("sys/class/drm"):
        if driver := sources.assignments(f"sys/class/drm/{card}/device/uevent").get("DRIVER"):
            return driver
    return ""
