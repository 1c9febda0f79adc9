"""`mount.unmounted` and `mount.swap`."""

from __future__ import annotations

from typing import Any, Final

from modules.context import Context
from modules.mount import points
from modules.mount import swap as swaps
from modules.mount.escapes import escape
from modules.mount.fstab_entry import FstabEntry
from modules.mount.fstab_file import FSTAB
from modules.mount.mountinfo import Mounted, mounted_at
from states.declare import state
from states.mount.table import drop, keep
from states.plan import Plan, Step, call, unchanged

_MEMORY: Final = ("tmpfs", "ramfs")
_BIND: Final = "it is a part of a file system that is mounted elsewhere, and nobody knows by which path"


@state
def unmounted(
    ctx: Context, name: str, device: str = "", config: str = "", persist: bool = False, user: str = ""
) -> Plan:
    """Let nothing be mounted at a path; with `persist` not at the next start either. `device`: only if it is that one.

    Example:

        /mnt/old:
          mount.unmounted:
            - persist: true
    """
    file = config or FSTAB
    there = mounted_at(name)
    if there is not None and device:
        points.must_be(there, device)
    dropping = drop(name, device, file) if persist else ()
    entry = "" if not persist else ". Removed target from fstab" if dropping else ". fstab entry not found"
    if there is None and not dropping:
        return unchanged(f"Target was already unmounted{entry}")
    changes: dict[str, Any] = {"umount": True} if there else {}
    changes |= {"persist": "purged"} if dropping else {}
    would = f"Mount point {name} is mounted but should not be"
    if there is None:
        would = f"Mount point {name} is unmounted but needs to be purged from {file} to be made persistent"
    return Plan(
        steps=(*((_unmount(name, device, there, user),) if there else ()), *dropping),
        changes=changes,
        would=would,
        did=f"Target was {'successfully' if there else 'already'} unmounted{entry}",
    )


@state
def swap(ctx: Context, name: str, persist: bool = True, config: str = "") -> Plan:
    """Let a device or file be used as swap, and with `persist` at each start.

    Example:

        /srv/swapfile:
          mount.swap
    """
    used = swaps.is_used(ctx, name)
    activating = (
        () if used else (Step(do=call(swaps.swapon, name=name), undo=call(swaps.swapoff, name=name)),)
    )
    entry = FstabEntry.from_line(f"{escape(name)} none swap defaults 0 0")
    assert entry is not None  # a line of six fields
    kept = keep(entry, config or FSTAB, "auto") if persist else None
    said = f"Swap {name} already active" if used else f"Swap {name} activated"
    did = f"{said}. {kept.did}" if kept and (kept.steps or not used) else said
    steps = (*activating, *(kept.steps if kept else ()))
    if not steps:
        return unchanged(did)
    would = f"Swap {name} is set to be activated"
    if used:
        would = f"Swap {name} is set to be added to the fstab"
    changes: dict[str, Any] = {} if used else {"swap": "activated"}
    return Plan(steps=steps, changes=changes | (kept.changes if kept else {}), would=would, did=did)


def _unmount(name: str, device: str, there: Mounted, user: str) -> Step:
    whose = {"user": user} if user else {}
    do = call(points.umount, name=name, device=device, **whose)
    if there.fstype in _MEMORY:
        return Step(do=do, final=f"what is in a {there.fstype} is gone once it is unmounted")
    opts = list(dict.fromkeys([*there.opts, *there.superopts]))
    source = there.device
    if there.root != "/":
        if not device.startswith("/") or device.startswith("/dev/"):
            return Step(do=do, final=_BIND)
        source, opts = device, ["bind"]
    fstype = "none" if opts == ["bind"] else there.fstype
    back = call(points.mount, name=name, device=source, fstype=fstype, opts=opts, **whose)
    return Step(do=do, undo=back)
