"""Reads and changes /etc/fstab. Comments, order and the lines of others stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from modules.context import Context
from modules.mount.fstab_entry import Change, Field, FstabEntry, entries, put, without
from modules.text_file import edit_text, read_text
from shoal.errors import ArgumentError
from shoal.functions.function import function

FSTAB: Final = "/etc/fstab"
_FIELDS: Final[tuple[Field, ...]] = ("name", "device", "fstype", "opts", "dump", "pass_num")


@dataclass(frozen=True, slots=True, kw_only=True)
class FstabOptions:
    """What more `set_fstab` takes. Spellings are Salt's."""

    opts: str | list[str] = "defaults"
    dump: int = 0
    pass_num: int = 0
    config: str = FSTAB
    test: bool = False  # say what would be done, write nothing
    match_on: str | list[str] = "auto"
    not_change: bool = False  # an entry that is there stays as it is


_DEFAULTS = FstabOptions()


@function(replay="safe", aliases=("mount.vfstab",))
def fstab(ctx: Context, config: str = FSTAB) -> dict[str, dict[str, Any]]:
    """Return the entries of fstab by mount point.

    As in Salt, a second entry with one name (two swaps at `none`) gets a `_` behind it.

    CLI Example:

        shoal '*' mount.fstab
    """
    return {name: entry.to_map() for name, entry in entries(read_text(config)).items()}


@function(replay="safe")
def set_fstab(ctx: Context, name: str, device: str, fstype: str, options: FstabOptions = _DEFAULTS) -> Change:
    """Put an entry into fstab and return `new`, `change` or `present`.

    `match_on` names the fields that make an old entry the same one. Unless told, that is the mount point, and
    for swap the device; Salt takes the device, and so loses the first of two mounts of one device.

    CLI Example:

        shoal '*' mount.set_fstab /mnt/data /dev/sdb1 ext4 opts=noatime,nofail pass_num=2
    """
    opts = options.opts if isinstance(options.opts, str) else ",".join(options.opts)
    entry = FstabEntry(
        name=name,
        device=device,
        fstype=fstype,
        opts=opts,
        dump=str(options.dump),
        pass_num=str(options.pass_num),
    )
    entry.check()
    fields = match_fields(options.match_on, fstype)
    done: list[Change] = []

    def change(text: str) -> str:
        after, what = put(text, entry, fields, keep=options.not_change)
        done.append(what)
        return after

    if options.test:
        change(read_text(options.config))
    else:
        edit_text(options.config, change)
    return done[0]


@function(replay="safe")
def rm_fstab(ctx: Context, name: str, device: str = "", config: str = FSTAB) -> bool:
    """Take the entries for a mount point out of fstab and say whether there were any; Salt always says True.

    With `device`, only those of that device.

    CLI Example:

        shoal '*' mount.rm_fstab /mnt/data /dev/sdb1
    """
    return edit_text(config, lambda text: without(text, name, device))


def match_fields(match_on: str | list[str], fstype: str) -> Sequence[Field]:
    """Return the fields that make an old entry the same one. Raises ArgumentError."""
    if match_on == "auto":
        return ("device",) if fstype == "swap" else ("name",)
    asked = match_on.split(",") if isinstance(match_on, str) else match_on
    found = [field for field in _FIELDS if field in asked]
    if not asked or len(found) != len(set(asked)):
        raise ArgumentError(f"match_on must be auto or some of {', '.join(_FIELDS)}")
    return found
