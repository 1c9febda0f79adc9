"""`mount.mounted`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modules.context import Context
from modules.mount import points
from modules.mount.fstab_entry import FstabEntry
from modules.mount.fstab_file import FSTAB
from modules.mount.mountinfo import Mounted, mounted_at
from states.declare import state
from states.folder_steps import folder_steps
from states.mount.options import as_list, lacking
from states.mount.table import Kept, keep
from states.plan import Plan, Step, call, unchanged


@dataclass(frozen=True, slots=True, kw_only=True)
class MountOptions:
    """How something is mounted. Spellings are Salt's."""

    opts: str | list[str] = "defaults"
    mkmnt: bool = False  # make the folder
    dump: int = 0
    pass_num: int = 0
    config: str = ""  # "" = /etc/fstab
    persist: bool = True  # in fstab too
    mount: bool = True  # now
    user: str = ""
    match_on: str | list[str] = "auto"


_DEFAULTS: Final = MountOptions()
_PERSISTENT: Final = "written to the fstab in order to be made persistent."


@state
def mounted(ctx: Context, name: str, device: str, fstype: str, options: MountOptions = _DEFAULTS) -> Plan:
    """Let a device be mounted at a path, and with `persist` at each start.

    Options are compared where the kernel tells them, and changed by a remount. Where another device is mounted
    nothing is done: that is an error.

    Example:

        /mnt/data:
          mount.mounted:
            - device: LABEL=data
            - fstype: ext4
            - opts: noatime,nofail
            - mkmnt: true
    """
    there = mounted_at(name) if options.mount else None
    if there is not None and there.fstype == "autofs":
        there = None
    if there is not None:
        points.must_be(there, device)
    return _Mount(name, device, fstype, options, there).plan()


class _Mount:
    """What is to be done for one mount; `there` is what is mounted."""

    def __init__(
        self, name: str, device: str, fstype: str, options: MountOptions, there: Mounted | None
    ) -> None:
        self._name, self._options, self._there = name, options, there
        self._wanted = as_list(options.opts)
        whose = {"user": options.user} if options.user else {}
        self._given: dict[str, Any] = {"name": name, "device": device, "fstype": fstype, **whose}
        self._missing = lacking(self._wanted, [*there.opts, *there.superopts]) if there else []
        self._exists = os.path.lexists(name)
        self._kept = self._keep(device, fstype) if options.persist else None

    def plan(self) -> Plan:
        """Return the plan."""
        makes = not self._exists and self._options.mkmnt
        folder = folder_steps(Path(self._name)) if makes else ()
        steps = (*folder, *self._mounting(), *(self._kept.steps if self._kept else ()))
        if not steps:
            return unchanged(self._did(made=False))
        changes: dict[str, Any] = {}
        if self._options.mount and self._there is None:
            changes["mount"] = True
        if self._missing:
            changes["umount"] = f"Forced remount because options ({','.join(self._missing)}) changed"
        changes |= self._kept.changes if self._kept else {}
        return Plan(
            steps=steps,
            changes=changes or {"mkmnt": self._name},
            would=self._would(),
            did=self._did(made=bool(folder)),
        )

    def _keep(self, device: str, fstype: str) -> Kept:
        options = self._options
        entry = FstabEntry(
            name=self._name,
            device=device,
            fstype=fstype,
            opts=",".join(self._wanted),
            dump=str(options.dump),
            pass_num=str(options.pass_num),
        )
        return keep(entry, options.config or FSTAB, options.match_on)

    def _mounting(self) -> tuple[Step, ...]:
        """Return the step that mounts, or mounts anew with other options."""
        if not self._options.mount or (self._there and not self._missing):
            return ()
        if self._there is None:
            back = call(points.umount, name=self._name, device=self._given["device"])
            return (Step(do=call(points.mount, opts=self._wanted, **self._given), undo=back),)
        sizes = [each for each in self._there.superopts if each.startswith("size=")]
        back = call(points.remount, opts=[*self._there.opts, *sizes], **self._given)
        return (Step(do=call(points.remount, opts=self._wanted, **self._given), undo=back),)

    def _did(self, *, made: bool) -> str:
        said = "Target was already mounted" if self._there else "Target was successfully mounted"
        if not self._options.mount:
            said = f"{self._name} was created, not mounted" if made else f"{self._name} not mounted"
        if self._kept:
            return f"{said}. {self._kept.did}"
        return said if self._options.mount else f"{said}."

    def _is_new(self) -> bool:
        return self._kept is not None and self._kept.change == "new"

    def _would(self) -> str:
        name = self._name
        needs = f"{name} needs to be {_PERSISTENT}"
        persists = bool(self._kept and self._kept.change != "present")
        if self._missing:
            return f"Remount would be forced because options ({','.join(self._missing)}) changed"
        if self._there:
            what = f"needs to be {_PERSISTENT}" if self._is_new() else "its fstab entry must be updated."
            return f"Target was already mounted. {name} is mounted, but {what}"
        makes = not self._exists and self._options.mkmnt
        if not self._options.mount:
            said = f"{name} would be created, but not mounted." if makes else f"{name} would not be mounted."
            return f"{said} {needs}" if persists else said
        if not self._exists and not makes:
            return f"{name} does not exist and would not be created"
        return f"{name} would be {'created and mounted' if makes else 'mounted'}"
