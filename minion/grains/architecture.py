"""The architecture that packages must have, which is not always the kernel's.

Raspberry Pi OS 32-bit runs a 64-bit kernel: `cpuarch` is aarch64, `osarch` must be armhf.
"""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

# dpkg's names that may run on a machine, the likeliest first.
_DPKG: Final = {
    "x86_64": ("amd64", "i386", "x32"),
    "i686": ("i386",),
    "aarch64": ("arm64", "armhf", "armel"),
    "armv7l": ("armhf", "armel"),
    "armv6l": ("armhf", "armel"),
    "riscv64": ("riscv64",),
    "ppc64le": ("ppc64el",),
    "s390x": ("s390x",),
}
_RPM: Final = {"armv7l": "armv7hl", "armv6l": "armv6hl"}


def collect(sources: Sources) -> dict[str, Any]:
    """Return `osarch` as dpkg, apk or rpm call it; the kernel's machine name elsewhere."""
    machine = sources.uname.machine
    if sources.exists("var/lib/dpkg/status"):
        return {"osarch": _dpkg(sources, machine)}
    if apk := sources.text("etc/apk/arch"):
        return {"osarch": apk}
    if any(sources.exists(path) for path in ("var/lib/rpm", "usr/lib/sysimage/rpm")):
        return {"osarch": _RPM.get(machine, machine)}
    return {"osarch": machine}


def _dpkg(sources: Sources, machine: str) -> str:
    # With foreign architectures dpkg keeps a list, its own first; without, libc's file list has the name.
    listed = sources.text("var/lib/dpkg/arch").split()
    if listed:
        return listed[0]
    candidates = _DPKG.get(machine, (machine,))
    for name in candidates:
        if sources.exists(f"var/lib/dpkg/info/libc6:{name}.list"):
            return name
    return candidates[0]
