"""The part of a mount that stands in fstab."""

from __future__ import annotations

from dataclasses import dataclass

from modules.mount import fstab_file
from modules.mount.fstab_entry import Change, Field, FstabEntry, put, without
from states.plan import Step, call
from states.text_steps import TextSteps


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is to be done to fstab; `change` says how the entry is now."""

    steps: tuple[Step, ...]
    change: Change

    @property
    def did(self) -> str:
        """What is said afterwards."""
        return {
            "new": "Added new entry to the fstab.",
            "change": "Updated the entry in the fstab.",
            "present": "Entry already exists in the fstab.",
        }[self.change]

    @property
    def changes(self) -> dict[str, str]:
        """What people are told."""
        return {} if self.change == "present" else {"persist": "new" if self.change == "new" else "update"}


def keep(entry: FstabEntry, config: str, match_on: str | list[str]) -> Kept:
    """Return what puts an entry into fstab. Raises ArgumentError, ModuleError."""
    entry.check()
    fields: tuple[Field, ...] = tuple(fstab_file.match_fields(match_on, entry.fstype))
    steps = TextSteps(config)
    text, change = put(steps.text, entry, fields, keep=False)
    words = {
        "name": entry.name,
        "device": entry.device,
        "fstype": entry.fstype,
        "opts": entry.opts,
        "dump": int(entry.dump),
        "pass_num": int(entry.pass_num),
        "config": config,
        "match_on": match_on,
    }
    steps.add(call(fstab_file.set_fstab, **words), text)
    return Kept(steps=steps.all(), change=change)


def drop(name: str, device: str, config: str) -> tuple[Step, ...]:
    """Return the step that takes the entry of a mount point out of fstab; none if there is no such entry."""
    steps = TextSteps(config)
    do = call(fstab_file.rm_fstab, name=name, device=device, config=config)
    steps.add(do, without(steps.text, name, device))
    return steps.all()
