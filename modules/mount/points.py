"""Mounts and unmounts. Nothing is ever mounted over another mount by mistake."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.mount.mountinfo import BY_LABEL, BY_UUID, Mounted, all_mounted, mounted_at, real_device, tag_of
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_C: Final = {"LC_ALL": "C"}


@function(replay="safe")
def active(ctx: Context, extended: bool = False) -> dict[str, dict[str, Any]]:
    """Return what is mounted, by mount point.

    CLI Example:

        shoal '*' mount.active
        shoal '*' mount.active extended=True
    """
    return {each.name: _extended(each) if extended else _plain(each) for each in all_mounted()}


@function(replay="safe")
def is_mounted(ctx: Context, name: str) -> bool:
    """Say whether something is mounted at this path.

    CLI Example:

        shoal '*' mount.is_mounted /proc
    """
    return mounted_at(_point(name)) is not None


@function(replay="safe")
def mount(
    ctx: Context,
    name: str,
    device: str = "",
    mkmnt: bool = False,
    fstype: str = "",
    opts: str | list[str] = "defaults",
    user: str = "",
) -> bool:
    """Mount a device; without one what fstab says of this mount point.

    If the device is mounted there already, nothing is done. Another mount at this place is an error: Salt
    would put one over the other. `mkmnt` makes the folder.

    CLI Example:

        shoal '*' mount.mount /mnt/data /dev/sdb1 mkmnt=True
        shoal '*' mount.mount /mnt/ram tmpfs fstype=tmpfs opts=size=10m
    """
    path = _point(name)
    there = mounted_at(path)
    if there is not None and there.fstype != "autofs":
        must_be(there, device)
        return True
    if mkmnt:
        _make_folder(path)
    _mount(path, device, fstype, _options(opts), user)
    return True


@function(replay="safe")
def remount(
    ctx: Context,
    name: str,
    device: str,
    mkmnt: bool = False,
    fstype: str = "",
    opts: str | list[str] = "defaults",
    user: str = "",
) -> bool:
    """Mount a device anew with other options; if it is not mounted, mount it.

    CLI Example:

        shoal '*' mount.remount /mnt/data /dev/sdb1 opts=ro
    """
    path = _point(name)
    there = mounted_at(path)
    if there is None or there.fstype == "autofs":
        return mount(ctx, name, device, mkmnt, fstype, opts, user)
    must_be(there, device)
    _mount(path, device, fstype, ["remount", *_options(opts)], user)
    return True


@function(replay="safe")
def umount(ctx: Context, name: str, device: str = "", user: str = "", lazy: bool = False) -> bool:
    """Unmount what is on top at this path; return False if nothing is mounted there.

    With `device`, only if that is what is mounted. A failure is an error; Salt returns its text.

    CLI Example:

        shoal '*' mount.umount /mnt/data
        shoal '*' mount.umount /mnt/data lazy=True
    """
    path = _point(name)
    there = mounted_at(path)
    if there is None:
        return False
    if device:
        must_be(there, device)
    words = ["umount", *(["-l"] if lazy else []), "--", there.name]
    shell.run(shell.Command(argv=words, runas=user, env=_C)).must_succeed()
    return True


def _mount(path: str, device: str, fstype: str, options: list[str], user: str) -> None:
    if fstype.startswith("-") or "\0" in device:
        raise ArgumentError(f"{fstype or device!r} cannot be mounted")
    words = ["mount"]
    if fstype:
        words += ["-t", fstype]
    if device or options != ["defaults"]:
        words += ["-o", ",".join(options)]
    words += ["--", *([device] if device else []), path]
    done = shell.run(shell.Command(argv=words, runas=user, env=_C))
    told = [line for line in done.stderr.splitlines() if "dmesg(1)" not in line]  # a hint, and the last line
    replace(done, stderr="\n".join(told)).must_succeed()


def must_be(there: Mounted, device: str) -> None:
    """Raise ModuleError unless what is mounted is `device`, or the folder that a bind mount shows."""
    if not device or real_device(device) == real_device(there.device):
        return
    try:
        if device.startswith("/") and not device.startswith("/dev/") and Path(device).samefile(there.name):
            return
    except OSError:
        pass  # then it is not the same
    raise ModuleError(f"{there.name} has {there.device} mounted already, not {device}: unmount that first")


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModuleError(f"{path} cannot be made: {error.strerror}") from None


def _point(name: str) -> str:
    if not name.startswith("/") or "\0" in name:
        raise ArgumentError(f"a mount point is an absolute path, not {name!r}")
    return os.path.normpath(name)


def _options(opts: str | list[str]) -> list[str]:
    words = opts.split(",") if isinstance(opts, str) else opts
    found = [word.strip() for word in words if word.strip()]
    return found or ["defaults"]


def _plain(each: Mounted) -> dict[str, Any]:
    return {
        "device": each.device,
        "alt_device": real_device(each.device),
        "fstype": each.fstype,
        "opts": each.opts,
    }


def _extended(each: Mounted) -> dict[str, Any]:
    major, _, minor = each.number.partition(":")
    on_disk = each.device.startswith("/dev/")
    return _plain(each) | {
        "mountid": str(each.mountid),
        "parentid": str(each.parentid),
        "major": major,
        "minor": minor,
        "root": each.root,
        "superopts": each.superopts,
        "device_uuid": (tag_of(each.device, BY_UUID) or None) if on_disk else None,
        "device_label": (tag_of(each.device, BY_LABEL) or None) if on_disk else None,
    }
