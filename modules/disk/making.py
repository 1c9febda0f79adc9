"""Makes file systems and removes signatures: what was on the device is lost.

1. Nothing is done without `force=True`; the refusal says what lies on the device.
2. Nothing is ever done to a device in use. The kernel says so: it lends a device that is mounted, swap, or part
   of RAID or LVM to nobody else (O_EXCL), in any namespace, and no disk one of whose partitions is.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from typing import Final, Literal

from modules import shell
from modules.context import Context
from modules.disk.devices import device_path, signature
from modules.mount.mountinfo import all_mounted, real_device
from shoal.errors import ArgumentError, ModuleError, UnavailableError
from shoal.functions.function import function

_TYPE: Final = re.compile(r"[a-z][a-z0-9]{1,15}")
_FORCE: Final = {
    "btrfs": "-f",
    "ext2": "-F",
    "ext3": "-F",
    "ext4": "-F",
    "f2fs": "-f",
    "ntfs": "-F",
    "xfs": "-f",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatOptions:
    """What more `format` takes. Spellings are Salt's."""

    inode_size: int = 0  # bytes; ext* and xfs
    lazy_itable_init: bool | None = None  # ext*
    fat: Literal[0, 12, 16, 32] = 0  # bits of a FAT entry; vfat
    label: str = ""
    force: bool = False


_DEFAULTS = FormatOptions()


@function
def format_(ctx: Context, device: str, fs_type: str = "ext4", options: FormatOptions = _DEFAULTS) -> bool:
    """Make a file system on a device; what is on it is lost, so it needs `force=True`.

    Unlike Salt it never touches a device that is in use.

    CLI Example:

        shoal '*' disk.format /dev/sdb1 fs_type=ext4 label=data force=True
    """
    words = mkfs_words(fs_type, options)
    path = device_path(device)
    _must_be_allowed(device, path, options.force)
    if not shell.which(words[0]):
        raise UnavailableError(f"disk.format with {fs_type}", f"there is no program {words[0]}")
    shell.run(shell.Command(argv=[*words, path], env={"LC_ALL": "C"}, telling=ctx.telling)).must_succeed()
    return True


@function
def wipe(ctx: Context, device: str, force: bool = False) -> bool:
    """Remove the signatures of file systems, RAID and partition tables from a device; needs `force=True`.

    Unlike Salt it never touches a device that is in use.

    CLI Example:

        shoal '*' disk.wipe /dev/sdb1 force=True
    """
    path = device_path(device)
    _must_be_allowed(device, path, force)
    shell.run(shell.Command(argv=["wipefs", "--all", path], env={"LC_ALL": "C"})).must_succeed()
    return True


def mkfs_words(fs_type: str, options: FormatOptions) -> list[str]:
    """Return the command that makes such a file system, without the device. Raises ArgumentError."""
    if not _TYPE.fullmatch(fs_type):
        raise ArgumentError(f"{fs_type!r} is not the name of a file system")
    ext, fat = fs_type in ("ext2", "ext3", "ext4"), fs_type in ("fat", "vfat")
    words = [f"mkfs.{fs_type}", *([_FORCE[fs_type]] if fs_type in _FORCE else [])]
    if options.inode_size and fs_type == "xfs":
        words += ["-i", f"size={options.inode_size}"]
    elif options.inode_size:
        words += ["-I", str(_only_for(ext, "inode_size", fs_type, options.inode_size))]
    if options.lazy_itable_init is not None:
        value = _only_for(ext, "lazy_itable_init", fs_type, int(options.lazy_itable_init))
        words += ["-E", f"lazy_itable_init={value}"]
    if options.fat:
        words += ["-F", str(_only_for(fat, "fat", fs_type, options.fat))]
    if options.label:
        words += ["-n" if fat else "-l" if fs_type == "f2fs" else "-L", options.label]
    return words


def _only_for(fits: bool, name: str, fs_type: str, value: int) -> int:
    if not fits:
        raise ArgumentError(f"{name} has no meaning for {fs_type}")
    return value


def _must_be_allowed(device: str, path: str, force: bool) -> None:
    """Raise ModuleError unless the device is free and whoever asks means it."""
    if points := [each.name for each in all_mounted() if real_device(each.device) == path]:
        raise ModuleError(f"{device} is mounted at {points[0]}: unmount it first")
    if not force:
        lies = signature(path)
        what = lies.get("TYPE") or lies.get("PTTYPE")
        holds = f"holds {what}, which would be lost" if what else "would lose what is on it"
        raise ModuleError(f"{device} {holds}: say force=True if you mean it")
    try:
        os.close(os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise ModuleError(
                f"{device} is in use: mounted, swap, RAID, LVM, or one of its parts is"
            ) from None
        raise ModuleError(f"{device} cannot be opened: {error.strerror}") from None
