"""Whether this is a machine, a virtual one or a container, in Salt's words."""

from __future__ import annotations

import re
from typing import Any, Final

from minion.grains import dmi
from minion.grains.sources import Sources

# systemd's name of a container manager -> Salt's `virtual_subtype`.
_CONTAINERS: Final = {"docker": "Docker", "lxc": "LXC", "podman": "Podman", "oci": "OCI", "wsl": "WSL"}
_CGROUPS: Final = {
    "/docker/": "Docker",
    "/docker-": "Docker",
    "/lxc/": "LXC",
    "/kubepods": "Kubernetes",
    "/libpod-": "Podman",
}
# A word in the DMI vendor or product name -> `virtual`. The first that is found counts.
_MACHINES: Final = (
    ("vmware", "VMware"),
    ("virtualbox", "VirtualBox"),
    ("innotek", "VirtualBox"),
    ("parallels", "Parallels"),
    ("google compute engine", "gce"),
    ("amazon ec2", "Nitro"),
    ("hvm domu", "xen"),
    ("xen", "xen"),
    ("bhyve", "bhyve"),
    ("openstack", "kvm"),
    ("kvm", "kvm"),
    ("qemu", "kvm"),
)
_GUEST: Final = re.compile(r"^flags\s*:.*\bhypervisor\b", re.MULTILINE)


def collect(sources: Sources) -> dict[str, Any]:
    """Return `virtual` (`physical`, `kvm`, `container`, …) and, in a container, `virtual_subtype`."""
    if container := _container(sources):
        return {"virtual": "container", "virtual_subtype": container}
    return {"virtual": _machine(sources)}


def _container(sources: Sources) -> str:
    manager = sources.text("run/systemd/container") or _of_first_process(sources)
    if manager:
        return _CONTAINERS.get(manager, manager)
    if sources.exists(".dockerenv"):
        return "Docker"
    if sources.exists("run/.containerenv"):
        return "Podman"
    groups = sources.text("proc/1/cgroup")
    return next((name for mark, name in _CGROUPS.items() if mark in groups), "")


def _of_first_process(sources: Sources) -> str:
    environment = (word.partition("=") for word in sources.strings("proc/1/environ"))
    return next((value for name, _, value in environment if name == "container"), "")


def _machine(sources: Sources) -> str:
    vendor, product = dmi.value(sources, "sys_vendor"), dmi.value(sources, "product_name")
    told = f"{vendor} {product} {dmi.value(sources, 'bios_vendor')}".lower()
    for word, name in _MACHINES:
        if word in told:
            return name
    if vendor == "Microsoft Corporation" and product == "Virtual Machine":
        return "HyperV"
    if sources.text("sys/hypervisor/type") == "xen":
        return "xen"
    return "kvm" if _has_hypervisor(sources) else "physical"


def _has_hypervisor(sources: Sources) -> bool:
    # Without DMI (Firecracker, `-M virt`) the processor or the device tree still says that it is a guest.
    if any("kvm" in word for word in sources.strings("proc/device-tree/hypervisor/compatible")):
        return True
    if "linux,dummy-virt" in sources.strings("proc/device-tree/compatible"):
        return True
    return _GUEST.search(sources.text("proc/cpuinfo", 8192)) is not None
