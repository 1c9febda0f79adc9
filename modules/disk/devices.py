"""What the block devices are and what lies on them. Nothing here writes to one."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path
from typing import Any, Final

from modules import shell
from modules.context import Context
from modules.disk.blkid_output import parse_blkid
from shoal.errors import ArgumentError, ModuleError
from shoal.functions.function import function

_C: Final = {"LC_ALL": "C"}
_TOKEN: Final = re.compile(r"[A-Z][A-Z0-9_]*=[^\0\n]+")
_COLUMNS: Final = "NAME,KNAME,PATH,TYPE,SIZE,RO,RM,FSTYPE,LABEL,UUID,MOUNTPOINT,MODEL,SERIAL"
_NOTHING_FOUND: Final = 2  # return codes of blkid
_AMBIVALENT: Final = 8
_DUMP: Final = (
    "getro",
    "getsz",
    "getss",
    "getpbsz",
    "getiomin",
    "getioopt",
    "getalignoff",
    "getmaxsect",
    "getsize64",
    "getra",
    "getfra",
)


@function(replay="safe")
def blkid(ctx: Context, device: str = "", token: str = "") -> dict[str, dict[str, str]]:
    """Return UUID, type and label of what lies on the block devices, by device; of one, or by `LABEL=data`.

    CLI Example:

        shoal '*' disk.blkid
        shoal '*' disk.blkid token=LABEL=data
    """
    if token and not _TOKEN.fullmatch(token):
        raise ArgumentError(f"a token is like LABEL=data or UUID=…, not {token!r}")
    path = device_path(device) if device else ""
    words = [] if _is_busybox() else ["-c", "/dev/null", "-o", "export", *(["-t", token] if token else [])]
    done = shell.run(shell.Command(argv=["blkid", *words, *([path] if path else [])], env=_C))
    if done.retcode == _NOTHING_FOUND:
        return {}
    found = parse_blkid(done.must_succeed().stdout)
    name, _, value = token.partition("=")
    return {each: tags for each, tags in found.items() if not token or tags.get(name) == value.strip('"')}


@function(replay="safe")
def fstype(ctx: Context, device: str) -> str:
    """Return the type of the file system on a device, an empty text if there is none.

    It is read from the device now, not from a cache.

    CLI Example:

        shoal '*' disk.fstype /dev/sdb1
    """
    return signature(device_path(device)).get("TYPE", "")


@function(replay="safe")
def lsblk(ctx: Context, device: str = "") -> list[dict[str, Any]]:
    """Return the block devices as a tree, sizes in bytes; parts are under `children`.

    CLI Example:

        shoal '*' disk.lsblk
        shoal '*' disk.lsblk /dev/sda
    """
    words = ["lsblk", "--json", "--bytes", "--output", _COLUMNS]
    if device:
        words.append(device_path(device))
    text = shell.run(shell.Command(argv=words, env=_C)).must_succeed().stdout
    try:
        found = json.loads(text or '{"blockdevices": []}')["blockdevices"]
    except (ValueError, KeyError, TypeError):
        raise ModuleError(
            "lsblk printed something that is not its JSON: util-linux 2.27 or newer is needed"
        ) from None
    return [each for each in found if isinstance(each, dict)]


@function(replay="safe")
def dump(ctx: Context, device: str, args: list[str] | None = None) -> dict[str, str]:
    """Return what the kernel holds for a block device (`getro`, `getsz`, …), or only some of it.

    CLI Example:

        shoal '*' disk.dump /dev/sda
        shoal '*' disk.dump /dev/sda args=getsz,getss
    """
    asked = args or list(_DUMP)
    if unknown := [name for name in asked if name not in _DUMP]:
        raise ArgumentError(f"{unknown[0]!r} is not known of a device; there are {', '.join(_DUMP)}")
    words = ["blockdev", *(f"--{name}" for name in asked), device_path(device)]
    lines = shell.run(shell.Command(argv=words, env=_C)).must_succeed().stdout.split()
    if len(lines) != len(asked):
        raise ModuleError(f"blockdev told {len(lines)} of {len(asked)} values of {device}")
    return dict(zip(asked, lines, strict=True))


def device_path(device: str) -> str:
    """Return the path of a block device, links followed. Raises ArgumentError and ModuleError."""
    if not device.startswith("/") or "\0" in device:
        raise ArgumentError(f"a device is given by its absolute path, not {device!r}")
    path = os.path.realpath(device)
    if not is_block_device(path):
        raise ModuleError(f"{device} is not a block device")
    return path


def is_block_device(path: str) -> bool:
    """Say whether there is a block device at `path`."""
    try:
        return stat.S_ISBLK(Path(path).stat().st_mode)
    except OSError:
        return False


def signature(path: str) -> dict[str, str]:
    """Return the tags of what lies on the device itself, {} if nothing known does. Raises CommandError.

    What is ambivalent (signatures of two kinds) has only `TYPE=ambivalent`. A device that cannot be read is an
    error: blkid has one return code for both.
    """
    words = [] if _is_busybox() else ["-p", "-o", "export"]
    done = shell.run(shell.Command(argv=["blkid", *words, path], env=_C))
    if done.retcode == _NOTHING_FOUND and not done.stderr.strip():
        return {}
    if done.retcode == _AMBIVALENT:
        return {"TYPE": "ambivalent"}
    return next(iter(parse_blkid(done.must_succeed().stdout).values()), {})


def _is_busybox() -> bool:
    """Say whether blkid is busybox's, which has no option at all and takes one for a device."""
    return Path(os.path.realpath(shell.which("blkid"))).name == "busybox"
