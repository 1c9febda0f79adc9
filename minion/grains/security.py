"""SELinux, and whether the box was started by UEFI."""

from __future__ import annotations

from typing import Any, Final

from minion.grains.sources import Sources

_SECURE_BOOT: Final = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"


def collect(sources: Sources) -> dict[str, Any]:
    """Return `efi`, `efi-secure-boot` and, where SELinux is installed, `selinux`."""
    grains: dict[str, Any] = {
        "efi": sources.exists("sys/firmware/efi"),
        "efi-secure-boot": sources.blob(_SECURE_BOOT)[4:5] == b"\1",  # after four bytes of attributes
    }
    enforcing = sources.text("sys/fs/selinux/enforce")
    if enforcing:
        mode = "Enforcing" if enforcing == "1" else "Permissive"
        grains["selinux"] = {"enabled": True, "enforced": mode}
    elif sources.exists("etc/selinux/config"):
        grains["selinux"] = {"enabled": False, "enforced": "Disabled"}
    return grains
